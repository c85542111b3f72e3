"""What a stress test starts from: the account until the last close, and the portfolio that is decided there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.simulation import Simulation
from schemas.errors import DataError
from schemas.results import GatheredPrices
from schemas.simulation_parameters import Rules
from schemas.stress_parameters import StressParameters
from strategies.base import BaseStrategy
from strategies.history import DecisionWindows
from strategies.relived import Relived, relive
from strategies.stressed import Answer, answer
from strategies.walk_forward import walk_forward
from strategies.window import Window
from tasks.backtest_lineup import lineup
from tasks.backtest_prices import read_history
from warehouse import Warehouse


@dataclass(frozen=True, eq=False)
class StressBase:
    """A strategy as it stands at the last close, and how it came there."""

    strategy: BaseStrategy[Any]
    history: PriceHistory
    rules: Rules
    start: dt.date
    """From which the accounts trade."""
    account: Simulation
    benchmark: Simulation
    lived: list[Relived]
    window: Window
    """What the strategy sees at the last close."""
    today: Answer
    """What it decides there."""

    @property
    def portfolio(self) -> FloatArray:
        """(N,) today's weights: those decided, or those held where there are none."""
        refused = self.today.outcome == "refused"
        return self.window.current_weights if refused else self.today.target


def base_of(store: Warehouse, prices: GatheredPrices, parameters: StressParameters) -> StressBase:
    """Simulate the account, and decide at its last close.

    Raises:
        DataError: The prices are too short, hold no benchmark, or none of the assets has a price at the end.
    """
    history = read_history(store, prices.artifacts[0], prices.artifacts[1])
    (ours, market), start = lineup(history, prices, parameters)
    account, benchmark = (
        walk_forward(one.strategy, one.history, one.rules, parameters.costs, start=start)
        for one in (ours, market)
    )
    lived = relive(ours.strategy, ours.history, account)
    window = _window(ours.strategy, ours.history, account, lived)
    return StressBase(
        ours.strategy,
        ours.history,
        ours.rules,
        start,
        account,
        benchmark,
        lived,
        window,
        answer(ours.strategy, window, window.symbols),
    )


def _window(
    strategy: BaseStrategy[Any], history: PriceHistory, account: Simulation, lived: list[Relived]
) -> Window:
    last = np.array([len(history.sessions) - 1])
    sleeve = lived[-1].allocation.sleeve if lived else frozenset[str]()
    window = DecisionWindows(history, last, strategy.lookback).window(0, account.weights[-1], sleeve)
    gone = account.weights[-1][~np.isin(history.symbols, window.symbols)].sum()
    if gone > 0.0:
        raise DataError(
            f"What is held on {history.sessions[-1]} is not in the strategy's window",
            figures={"held outside it": f"{gone:.2%} of equity"},
            remedy="End the stress test on another day: --end DATE.",
        )
    return window
