"""What a lived account and its simulation differ by, cause by cause: the causes add up to the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from portfolio.simulation import Simulation
from schemas.simulation_parameters import Costs, Rules

CAUSES = {
    "targets": "Decided on other held weights, another state (hysteresis) or other data",
    "price path": "Traded at the prices of the hour, not at the close",
    "hold or trade": "Drift and turnover judged on the weights of the hour, not of the close",
    "assumed costs": "Costs the simulation charges, given back",
    "sizing": "Rounding, least trade, buys cut to what sales bring, cash left over",
    "spread": "Fills against the middle of the quote",
    "unexplained": "Cash that the fills do not account for",
}
"""In the order in which the simulation is brought to what was lived."""
NEITHER_FILLS_NOR_ROUNDING = ("targets", "unexplained")
"""Causes that ought to be nothing: the same data lead to the same decision, and cash moves with fills alone."""


@dataclass(frozen=True, eq=False)
class Lived:
    """W rebalances of a real account on the N assets of a price history."""

    executed: IntArray
    """(W,) rows of the history."""
    targets: FloatArray
    """(W, N) what the strategy wanted, fractions of equity."""
    traded: FloatArray
    """(W, N) weights that the trade list went for."""
    acted: BoolArray
    """(W,) whether there was a trade list, or the week was held."""
    middles: FloatArray
    """(W, N) prices that the trade list was sized on; NaN where there was none."""
    shares: FloatArray
    """(W, N) held afterwards."""
    cash: FloatArray
    """(W,) afterwards, USD."""
    slippage: FloatArray
    """(W,) what the fills cost more than the middles, USD."""
    capital: float
    """USD before the first."""


def explain_difference(
    engine: Simulation, lived: Lived, history: PriceHistory, rules: Rules, costs: Costs
) -> pd.DataFrame:
    """Equity of both at every close, and what each cause has added up to by then, USD; one row a session.

    Columns: session, engine, the keys of ``CAUSES``, lived. ``engine`` and the causes sum to ``lived``. Each cause is the
    difference between two accounts that differ in nothing else, so their order matters, though little.

    Args:
        engine: The simulation of the same strategy over the same weeks.
        lived: What happened.
        history: Prices of the simulation.
        rules: Of the simulation.
        costs: Of the simulation.
    """
    all_weeks = Schedule(lived.executed - 1, lived.executed)
    acted = Schedule(*(rows[lived.acted] for rows in all_weeks))
    of_the_hour = _opening_at(history, lived)
    hourly = rules.model_copy(update={"execution": "next_open"})
    as_told = hourly.model_copy(update={"drift_threshold": 0.0, "max_turnover": np.inf})
    aims = lived.traded[lived.acted]
    steps = [
        engine.equity,
        _path(history, all_weeks, lived.targets, rules, costs, lived=lived),
        _path(of_the_hour, all_weeks, lived.targets, hourly, costs, lived=lived),
        _path(of_the_hour, acted, aims, as_told, costs, lived=lived),
        _path(of_the_hour, acted, aims, as_told, _FREE, lived=lived),
        _equity(history, lived, _cash_at_middles(lived)),
        _equity(history, lived, _cash_at_middles(lived) - np.cumsum(lived.slippage)),
        _equity(history, lived, lived.cash),
    ]
    table = pd.DataFrame(dict(zip(CAUSES, np.diff(steps, axis=0), strict=True)))
    table.insert(0, "session", engine.sessions.astype("datetime64[s]"))
    table.insert(1, "engine", engine.equity)
    return table.assign(lived=steps[-1])


def unexplained_bp(days: pd.DataFrame) -> float:
    """Most that neither fills nor rounding explain at a close of ``explain_difference``, basis points of the capital."""
    apart = days[list(NEITHER_FILLS_NOR_ROUNDING)].abs().sum(axis=1)
    return float(1e4 * apart.max() / days["lived"].iloc[0])


_FREE = Costs(slippage_bps=0.0)


def _path(
    history: PriceHistory,
    schedule: Schedule,
    targets: FloatArray,
    rules: Rules,
    costs: Costs,
    *,
    lived: Lived,
) -> FloatArray:
    """Equity at every close from the one before the first week on, whether or not that week is in the schedule."""
    equity = simulate(history, schedule, targets, rules, costs, capital=lived.capital).equity
    missing = len(history.sessions) - lived.executed[0] + 1 - len(equity)
    return np.concatenate([np.full(missing, lived.capital), equity])


def _opening_at(history: PriceHistory, lived: Lived) -> PriceHistory:
    """The history with opens that are the prices of the hour in the weeks that were lived."""
    opens = history.close.copy()
    known = np.isfinite(lived.middles)
    opens[lived.executed] = np.where(known, lived.middles, opens[lived.executed])
    return replace(history, open=opens)


def _cash_at_middles(lived: Lived) -> FloatArray:
    """Cash had every share been traded at the middle of the quote."""
    bought = np.diff(lived.shares, axis=0, prepend=0.0)
    paid = (bought * np.where(bought == 0.0, 0.0, lived.middles)).sum(axis=1)
    return np.asarray(lived.capital - np.cumsum(paid))


def _equity(history: PriceHistory, lived: Lived, cash: FloatArray) -> FloatArray:
    """At every close from the one before the first rebalance on."""
    rows = np.arange(lived.executed[0] - 1, len(history.sessions))
    week = np.searchsorted(lived.executed, rows, "right") - 1
    shares = np.where(week[:, None] >= 0, lived.shares[week], 0.0)
    held = np.where(week >= 0, cash[week], lived.capital)
    return np.asarray(held + (shares * np.nan_to_num(history.close[rows])).sum(axis=1))
