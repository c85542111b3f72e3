"""Two hundred configurations over three decades: a whole sweep, from prices to its rows in the warehouse."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NoReturn, TypeVar

import numpy as np
import pandas as pd
from skfolio.datasets import load_sp500_dataset

from bench.races import Effort
from bench.results import Section, Table, Target
from bench.tables import significant
from bench.windows import WEEK
from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import rebalance_schedule
from schemas.backtest_parameters import BacktestParameters
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.sweep_parameters import Axes, SweepParameters
from schemas.sweep_results import OpenedSweep
from strategies.registry import create
from strategies.sweep_design import Design, Point
from strategies.sweep_points import Evaluator
from tasks.sweep_opening import Prices, begin_sweep_on
from tasks.sweep_running import run_sweep
from tasks.sweep_summary import points_of
from warehouse import Warehouse
from warehouse.catalogue import publish

T = TypeVar("T")

AXES = Axes(
    lookback=(126, 189, 252, 378),
    minimum_acceptable_return=(-0.0005, 0.0, 0.0002, 0.0005, 0.001),
    max_weight=(0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 1.0),
)
"""Every point has decisions of its own: nothing is saved by points that share them."""
_RULE = 5.0
_ROUNDS = 3
_PEER_POINTS, _PEER_WEEKS = 5, 40
_WHOLE, _POINTS, _DECISIONS = "whole sweep", "points alone", "decisions alone"
_WALK, _FIT = "skfolio WalkForward", "skfolio MeanRisk.fit"


def sweep(effort: Effort) -> Section:
    """CPU time of the whole, of its points without orchestration and storage, and of skfolio on some of the same points."""
    history = _history()
    with _fresh_warehouse() as store:  # warms up
        opened, decisions = _swept(store, history)
    points = list(Design(opened.parameters, opened.symbols).points())
    seconds: dict[str, list[float]] = {_WHOLE: [], _POINTS: [], _DECISIONS: []}
    for _ in range(min(effort.rounds, _ROUNDS)):
        with _fresh_warehouse() as store:
            seconds[_WHOLE].append(_timed(partial(_swept, store, history)))
        evaluator = Evaluator({_RULE: _history()}, opened.weeks_from)
        seconds[_POINTS].append(_timed(partial(_all, evaluator.evaluate, points)))
        seconds[_DECISIONS].append(_timed(partial(_decide, points, _history())))
    taken = {name: median(each) for name, each in seconds.items()}
    taken |= _skfolio(points, decisions, history, full=effort.full)
    return Section(
        "sweep",
        f"A sweep: {len(points)} configurations, {decisions:,} weekly optimisations",
        "20 stocks, 1990 to 2022: every combination of four lookbacks, five minimum acceptable returns and ten caps; each point is a "
        "backtest with drift, costs and figures. One process. The whole begins with prices in memory and ends with checked "
        "artifacts behind a commit marker, in a warehouse whose catalogue is there before. Points alone: decided, simulated and "
        f"measured, nothing stored. skfolio did {'every week' if effort.full else f'{_PEER_WEEKS} weeks'} of {_PEER_POINTS} of the "
        "points; the rest is computed from these.",
        tables=[_table(taken, decisions)],
        targets=_targets(taken),
    )


def _history() -> PriceHistory:
    """Nothing is known of it yet, not even its returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_sp500_dataset()
    return PriceHistory(tuple(table.columns), table.index.to_numpy("datetime64[D]"), table.to_numpy(float))


@contextmanager
def _fresh_warehouse() -> Iterator[Warehouse]:
    """With its catalogue, which is built once for all sweeps."""
    with tempfile.TemporaryDirectory() as folder:
        publish(Path(folder))
        yield Warehouse(Path(folder))


def _swept(store: Warehouse, history: PriceHistory) -> tuple[OpenedSweep, int]:
    """From prices to the last row; the decisions that it took."""
    strategy = RiskParityParameters(cash_buffer=0.0, sleeve_max=1.0, sleeve_max_weight=1.0)
    parameters = SweepParameters(backtest=BacktestParameters(strategy=strategy), axes=AXES)
    prices = Prices({_RULE: history}, (), "the data set in skfolio's wheel", "")
    opened = begin_sweep_on(prices, store, parameters, dt.datetime.now(dt.UTC))
    return opened, int(points_of(store, run_sweep(store, opened))["decisions"].sum())


def _decide(points: Sequence[Point], history: PriceHistory) -> None:
    base = points[0].parameters
    first = int(np.searchsorted(history.sessions, np.datetime64(base.start)))
    decided = rebalance_schedule(history.sessions, base.rules, first=first).decided
    for point in points:
        create(point.parameters.strategy).target_history(history, decided, _nothing_is_held)


def _nothing_is_held(_: FloatArray) -> NoReturn:
    raise AssertionError("no decision of this grid rests on holdings")


def _skfolio(
    points: Sequence[Point], decisions: int, history: PriceHistory, *, full: bool
) -> dict[str, float]:
    """CPU seconds of all points, from those of a few that are spread over the grid: walking forward, and fitting alone."""
    from skfolio import RiskMeasure  # noqa: PLC0415 - imports for seconds
    from skfolio.model_selection import WalkForward, cross_val_predict  # noqa: PLC0415
    from skfolio.optimization import MeanRisk  # noqa: PLC0415

    returns = pd.DataFrame(history.returns[1:], columns=history.symbols)
    weeks = decisions // len(points) if full else _PEER_WEEKS
    walked, fitted = 0.0, 0.0
    for k in np.linspace(0, len(points) - 1, _PEER_POINTS).round().astype(int):
        p = points[k].parameters.strategy
        model = MeanRisk(
            risk_measure=RiskMeasure.SEMI_VARIANCE,
            min_acceptable_return=p.minimum_acceptable_return,
            max_weights=p.max_weight,
        )
        X = returns.iloc[-(p.lookback + WEEK * weeks) :]
        walk = WalkForward(test_size=WEEK, train_size=p.lookback)
        cross_val_predict(model, X.iloc[: p.lookback + WEEK], cv=walk)
        walked += _timed(partial(cross_val_predict, model, X, cv=walk))
        fitted += _timed(partial(_all, model.fit, [X.iloc[train] for train, _ in walk.split(X)]))
    share = _PEER_POINTS * weeks / decisions
    return {_WALK: walked / share, _FIT: fitted / share}


def _all(do: Callable[[T], object], items: Iterable[T]) -> None:
    for item in items:
        do(item)


def _timed(run: Callable[[], object]) -> float:
    """CPU seconds of all threads."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def _table(taken: dict[str, float], decisions: int) -> Table:
    lines = tuple(
        (name, significant(each), significant(1e6 * each / decisions), significant(each / taken[_WHOLE]))
        for name, each in taken.items()
    )
    return Table("CPU time", ("what", "s", "µs a decision", "÷ the whole"), lines)


def _targets(taken: dict[str, float]) -> list[Target]:
    share = 1.0 - taken[_POINTS] / taken[_WHOLE]
    return [
        Target(f"{_WALK} ÷ {_WHOLE}", taken[_WALK] / taken[_WHOLE], 600.0, at_least=True),
        Target(f"{_FIT} ÷ {_DECISIONS}", taken[_FIT] / taken[_DECISIONS], 600.0, at_least=True),
        Target("orchestration and storage, share of the whole", share, 0.2, at_least=False),
    ]
