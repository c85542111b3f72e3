"""Backtests, the simulation alone and end to end, on the weekly history of the 20-stock data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median

import numpy as np
import pandas as pd

from bench.peers.accounts import ACCOUNTS, BT, CVXPORTFOLIO, OURS, RULES, VECTORBT, Run, Task
from bench.races import Effort
from bench.results import Section, Table, Target
from bench.tables import significant
from bench.windows import WEEK, real_returns, synthetic_returns
from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import SimulatedAccount
from portfolio.simulation import Simulation
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Costs
from strategies.registry import create

LOOKBACK, CAP = 252, 0.35
_COST = 10.0
"""Basis points of the value traded."""
_SAMPLE = 40
"""Windows of the history that skfolio decides on without ``full``; cvxportfolio lives through five sessions each."""
_ROUNDS = {OURS: 10, VECTORBT: 2, BT: 1, CVXPORTFOLIO: 1}
"""Runs in a round: the quick ones more often."""
_YEAR = 252
_SKFOLIO = "skfolio WalkForward"


@dataclass
class _Times:
    """CPU seconds of whole runs, and the share of the history that they were over."""

    seconds: list[float] = field(default_factory=list)
    share: float = 1.0

    @property
    def whole(self) -> float:
        """Median, extrapolated to the whole history."""
        return median(self.seconds) / self.share if self.seconds else float("nan")


def backtests(effort: Effort) -> Section:
    """Simulation alone, end to end, and how the cost of the latter grows."""
    history, schedule = _world(real_returns())
    weights = _walk_forward(history, schedule).plan.targets
    engines, distances, absent = _engines(Task(history, schedule, weights, _COST), effort)
    whole = _timed(partial(_walk_forward_anew, real_returns()), effort.rounds)
    skfolio = _skfolio(real_returns(), len(schedule.decided), full=effort.full)
    engine, end = median(engines[OURS].seconds), median(whole)
    return Section(
        "backtest",
        f"Backtests: {len(schedule.decided):,} weekly rebalances, {len(history.sessions) - LOOKBACK:,} sessions",
        "20 stocks, 1990 to 2022: decided every fifth close on the 252 sessions before, traded at the next close at a cost of "
        f"{_COST:g} bp, drifting in between. Simulation alone: everybody follows the same weights; cvxportfolio without costs and "
        f"on {_SAMPLE} weeks, extrapolated. The distance is the largest of equity from ours without costs; with costs conventions "
        "differ: vectorbt and bt size purchases before they know what the trades cost, ours pays costs out of the equity "
        "that is rebalanced. End to end is optimisation and simulation from prices.",
        tables=[_engine_table(engines, distances, absent), _end_table(end, skfolio, effort), _growth(effort)],
        targets=[
            _ratio(f"simulation alone: {VECTORBT} ÷ ours", engines[VECTORBT].whole / engine, 200.0),
            _ratio(f"simulation alone: {BT} ÷ ours", engines[BT].whole / engine, 20_000.0),
            _ratio(f"end to end: {_SKFOLIO} ÷ ours", skfolio.whole / end, 1_000.0),
            _ratio(f"{VECTORBT}'s simulation alone ÷ ours end to end", engines[VECTORBT].whole / end, 1.0),
        ],
    )


def _world(returns: FloatArray) -> tuple[PriceHistory, Schedule]:
    T, N = returns.shape
    growth = np.cumprod(np.vstack([np.ones((1, N)), 1.0 + returns]), axis=0)
    close = np.asarray(100.0 * growth, dtype=np.float64)
    sessions = pd.bdate_range("1990-01-02", periods=T + 1).to_numpy()
    decided = np.arange(LOOKBACK, T, WEEK)
    return PriceHistory(tuple(f"A{i}" for i in range(N)), sessions, close), Schedule(decided, decided + 1)


def _walk_forward(history: PriceHistory, schedule: Schedule) -> Simulation:
    strategy = create(
        RiskParityParameters(
            lookback=LOOKBACK, max_weight=CAP, cash_buffer=0.0, sleeve_max=1.0, sleeve_max_weight=CAP
        )
    )
    account = SimulatedAccount(history, schedule, RULES, Costs(slippage_bps=_COST))
    return account.simulation(strategy.target_history(history, schedule.decided, account.held).weights)


def _walk_forward_anew(returns: FloatArray) -> Simulation:
    """Nothing is kept from one run to the next."""
    return _walk_forward(*_world(returns))


def _engines(task: Task, effort: Effort) -> tuple[dict[str, _Times], dict[str, float], dict[str, str]]:
    """By turns, so that whatever slows the machine slows all alike."""
    free, times, distances, absent = replace(task, bps=0.0), {}, {}, {}
    reference = ACCOUNTS[OURS](free)()
    runs: dict[str, Run] = {}
    for name, adapter in ACCOUNTS.items():
        times[name] = _Times()
        try:
            if name == CVXPORTFOLIO:
                part = _beginning(free, _SAMPLE)
                run, times[name].share = adapter(part), _SAMPLE / len(task.schedule.decided)
                distances[name] = _distance(run(), ACCOUNTS[OURS](part)())
            else:
                run = adapter(task)
                distances[name] = _distance(adapter(free)(), reference)
            runs[name] = run
        except ImportError as error:
            absent[name] = f"not installed: {error.name}"
    for _ in range(effort.rounds):
        for name, run in runs.items():
            if sum(times[name].seconds) < effort.allowance:
                times[name].seconds += _timed(run, _ROUNDS[name])
    return times, distances, absent


def _beginning(task: Task, weeks: int) -> Task:
    schedule = Schedule(task.schedule.decided[:weeks], task.schedule.executed[:weeks])
    end = task.schedule.decided[weeks] + 1
    history = replace(task.history, sessions=task.history.sessions[:end], close=task.history.close[:end])
    return Task(history, schedule, task.weights[:weeks], task.bps)


def _distance(equity: FloatArray, ours: FloatArray) -> float:
    together = min(len(equity), len(ours))
    return float(np.abs(equity[:together] / ours[:together] - 1.0).max())


def _skfolio(returns: FloatArray, weeks: int, *, full: bool) -> _Times:
    from skfolio import RiskMeasure  # noqa: PLC0415 - imports for seconds
    from skfolio.model_selection import WalkForward, cross_val_predict  # noqa: PLC0415
    from skfolio.optimization import MeanRisk  # noqa: PLC0415

    model = MeanRisk(risk_measure=RiskMeasure.SEMI_VARIANCE, min_acceptable_return=0.0, max_weights=CAP)
    sample = weeks if full else _SAMPLE
    X = pd.DataFrame(returns[: LOOKBACK + WEEK * sample])
    walk = WalkForward(test_size=WEEK, train_size=LOOKBACK)
    cross_val_predict(model, X.iloc[: LOOKBACK + WEEK], cv=walk)
    return _Times(_timed(lambda: cross_val_predict(model, X, cv=walk), 1), sample / weeks)


def _timed(run: Callable[[], object], times: int) -> list[float]:
    seconds = []
    for _ in range(times):
        begun = time.thread_time()
        run()
        seconds.append(time.thread_time() - begun)
    return seconds


def _engine_table(
    times: Mapping[str, _Times], distances: Mapping[str, float], absent: Mapping[str, str]
) -> Table:
    ours = times[OURS].whole
    lines = [
        (
            name,
            significant(1e3 * taken.whole),
            significant(taken.whole / ours),
            str(len(taken.seconds)),
            f"{distances[name]:.0e}",
        )
        for name, taken in times.items()
        if name not in absent
    ]
    out = "".join(f"; left out: {name} ({reason})" for name, reason in absent.items())
    return Table(f"Simulation alone{out}", ("engine", "CPU ms", "÷ ours", "runs", "distance"), tuple(lines))


def _end_table(ours: float, skfolio: _Times, effort: Effort) -> Table:
    note = "" if effort.full else f", extrapolated from {_SAMPLE} weeks"
    lines = (
        ("ours", significant(1e3 * ours), "1"),
        (_SKFOLIO + note, significant(1e3 * skfolio.whole), significant(skfolio.whole / ours)),
    )
    return Table("End to end", ("backtest", "CPU ms", "÷ ours"), lines)


def _growth(effort: Effort) -> Table:
    """Years with 20 assets, then assets over 20 years."""
    sizes = [(years, 20) for years in (5, 10, 20, 40)] + [(20, assets) for assets in (5, 10, 50, 100)]
    lines = []
    for years, assets in sizes:
        returns = synthetic_returns(_YEAR * years + LOOKBACK, assets)
        _walk_forward_anew(returns)
        seconds = median(_timed(partial(_walk_forward_anew, returns), min(effort.rounds, 3)))
        lines.append((f"{years} years, {assets} assets", significant(1e3 * seconds)))
    return Table("How it grows, end to end on synthetic returns", ("size", "CPU ms"), tuple(lines))


def _ratio(promise: str, measured: float, wanted: float) -> Target:
    return Target(promise, measured, wanted, at_least=True)
