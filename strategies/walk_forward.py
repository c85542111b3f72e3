"""A strategy through a price history: decided as live, traded as the rules say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import rebalance_schedule
from portfolio.simulated_account import CAPITAL, SimulatedAccount
from portfolio.simulation import Simulation
from schemas.simulation_parameters import Costs, Rules
from strategies.base import BaseStrategy
from strategies.history import Holdings, TargetHistory

Decide = Callable[[PriceHistory, IntArray, Holdings], TargetHistory]
"""As ``BaseStrategy.target_history``."""


def walk_forward(
    strategy: BaseStrategy[Any],
    history: PriceHistory,
    rules: Rules | None = None,
    costs: Costs | None = None,
    *,
    capital: float = CAPITAL,
    start: dt.date | None = None,
    end: dt.date | None = None,
    decide: Decide | None = None,
) -> Simulation:
    """The account of a strategy, from the close before its first trade to the end.

    Args:
        strategy: Decides each time on nothing later than the close of its decision.
        history: Prices; they have to reach back beyond ``start`` by the strategy's lookback.
        rules: When is traded, and how far.
        costs: Of trades, gains and debts.
        capital: USD.
        start: Earliest session of a trade; the first one that has a whole window before it when left out. For
            accounts to be compared, it is one and the same day.
        end: Last session; the last one of the history when left out.
        decide: Answers for the strategy; what decides many accounts may remember its answers.

    Raises:
        DataError: No rebalance is due in between, or opens are needed and missing.
        ConfigError: The strategy names an asset that is not there.
    """
    rules = rules or Rules()
    if end is not None:
        history = history.until(end)
    delay = 0 if rules.execution == "same_close" else 1
    first = (
        strategy.lookback + delay
        if start is None
        else int(np.searchsorted(history.sessions, np.datetime64(start)))
    )
    schedule = rebalance_schedule(history.sessions, rules, first=first)
    account = SimulatedAccount(history, schedule, rules, costs or Costs(), capital=capital)
    targets = (decide or strategy.target_history)(history, schedule.decided, account.held)
    return account.simulation(targets.weights, targets.remarks)
