"""Other histories and other leverage: the whole strategy on resampled years, and its account multiplied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from portfolio.bootstrap import stationary_blocks
from portfolio.kelly import best_leverage, growth_rate, kelly_leverage, margin_calls
from portfolio.performance import period_returns
from portfolio.price_history import PriceHistory
from portfolio.resampled_history import complete_history, resampled_history
from portfolio.simulation import Simulation
from portfolio.statistics import cagr, max_drawdown, volatility, yearly_total
from portfolio.track_record import sample_of
from schemas.artifacts import ArtifactRef
from schemas.errors import DataError
from schemas.identity import StressTest
from schemas.metrics import SESSIONS_A_YEAR
from schemas.stress_parameters import StressParameters
from strategies.walk_forward import walk_forward
from tasks.stress_base import StressBase
from warehouse import Warehouse

MOST = 10.0
"""Greatest leverage that is looked at."""
_LEAST = 0.01

Record = dict[str, object]


def write_resamples(
    store: Warehouse,
    test: StressTest,
    base: StressBase,
    parameters: StressParameters,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[ArtifactRef, str]:
    """Live through every drawn history with the whole strategy and write ``stress_resamples``.

    Where there is nothing to draw from, the history that was stands alone; why is told.

    Returns:
        The artifact, and why nothing was drawn; empty when it was.
    """
    rows: list[Record] = [{"draw": -1, **_figures(base.account)}]
    try:
        rows += list(_drawn(complete_history(base.history), base, parameters, told))  # all of them, or none
    except DataError as error:
        why = f"No histories were drawn: {error}"
    else:
        why = ""
    return store.put(test, "stress_resamples", rows), why


def write_leverage(
    store: Warehouse, test: StressTest, base: StressBase, parameters: StressParameters
) -> ArtifactRef:
    """Simulate the account with each leverage, Kelly's among them, and write ``stress_leverage``."""
    rates = {"cash": _cash_rate(base), "margin": parameters.costs.margin_rate}
    returns = period_returns(base.account.equity)
    mean = float(SESSIONS_A_YEAR * returns.mean())
    kelly = min(kelly_leverage(mean, float(volatility(returns)), **rates), MOST)
    free = kelly_leverage(mean, float(volatility(returns)), cash=rates["cash"], margin=rates["cash"])
    wanted = [("grid", leverage) for leverage in parameters.leverages]
    wanted += [("Kelly at the rate of cash", min(free, MOST))]
    wanted += [
        ("Kelly", kelly),
        ("half Kelly", kelly / 2),
        ("best", best_leverage(returns, **rates, most=MOST)),
    ]
    rows = []
    for what, wish in wanted:
        leverage = max(wish, _LEAST)
        row = _multiplied(base, parameters, leverage)
        model = growth_rate(returns, leverage, **rates)
        rows.append({"leverage": leverage, "what": what, **row, "model": _finite(model)})
    return store.put(test, "stress_leverage", rows)


def _drawn(
    history: PriceHistory, base: StressBase, parameters: StressParameters, told: Callable[[str], None]
) -> Iterator[Record]:
    batches = stationary_blocks(
        len(history.sessions) - 1,
        draws=parameters.draws,
        mean_block=parameters.mean_block,
        seed=parameters.seed,
    )
    for draw, days in enumerate(chain.from_iterable(batch.T for batch in batches)):
        told(f"history {draw + 1:,} of {parameters.draws:,}")
        drawn = resampled_history(history, days)
        account = walk_forward(base.strategy, drawn, base.rules, parameters.costs)
        yield {"draw": draw, **_figures(account)}


def _figures(account: Simulation) -> Record:
    nothing = np.zeros(len(account.equity) - 1)
    sample = sample_of(account, cash=nothing, market=nothing)
    return {
        "cagr": float(cagr(sample.returns)),
        "volatility": float(volatility(sample.returns)),
        "max_drawdown": float(max_drawdown(sample.returns)),
        "turnover": float(yearly_total(sample.turnover)),
        "costs_bp": float(1e4 * yearly_total(sample.costs)),
        "refused": sum(mark in {"skipped", "fallback"} for mark in account.decisions.marks),
    }


def _multiplied(base: StressBase, parameters: StressParameters, leverage: float) -> Record:
    rules = base.rules.model_copy(update={"leverage": leverage})
    account = walk_forward(
        base.strategy,
        base.account.history,
        rules,
        parameters.costs,
        capital=parameters.capital,
        start=base.start,
    )
    equity = account.equity
    ruined = bool(equity.min() <= 0.0)
    calls = margin_calls(equity, account.cash, parameters.maintenance_margin)
    alive = equity[: int(np.argmax(equity <= 0.0))] if ruined else equity
    paid = -np.minimum(account.interest[1:], 0.0)[: len(alive) - 1] / alive[:-1]
    growth = SESSIONS_A_YEAR * np.log(equity[-1] / equity[0]) / (len(equity) - 1) if not ruined else None
    return {
        "growth": growth,
        "max_drawdown": -1.0 if ruined else float(max_drawdown(period_returns(equity))),
        "interest": float(yearly_total(paid)),
        "calls": len(calls),
        "first_call": account.sessions[calls[0]].item() if len(calls) else None,
        "ruined": ruined,
    }


def _cash_rate(base: StressBase) -> float:
    """What cash earned while the account lived, fraction a year."""
    earned = base.history.cash_yield
    return 0.0 if earned is None else float(SESSIONS_A_YEAR * earned[base.account.first + 1 :].mean())


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
