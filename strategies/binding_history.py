"""Which limits a strategy's weights stood on, decision by decision."""

from __future__ import annotations

from typing import Any

import pandas as pd

from portfolio.price_history import PriceHistory
from portfolio.simulation import Simulation
from strategies.base import BaseStrategy
from strategies.history import REFUSALS, DecisionWindows
from strategies.window import Allocation


def binding_history(strategy: BaseStrategy[Any], history: PriceHistory, account: Simulation) -> pd.DataFrame:
    """``decided`` and ``constraint_name`` of every limit that binds; floors at zero are left out.

    Each decision is made once more as live, since only that tells what binds, and on what was held then.

    Args:
        strategy: Made the decisions.
        history: On these prices.
        account: What came of them.
    """
    plan, made = account.plan, account.decisions
    windows = DecisionWindows(history, plan.decided, strategy.lookback)
    sleeve: frozenset[str] = frozenset()
    rows: list[tuple[Any, str]] = []
    for k, session in enumerate(made.decided.astype("datetime64[s]")):
        try:
            allocation = strategy.target_weights(windows.window(k, made.held[k], sleeve))
        except REFUSALS:
            continue
        sleeve = allocation.sleeve
        rows += [(session, name) for name in _limits(allocation)]
    return pd.DataFrame(rows, columns=["decided", "constraint_name"])


def _limits(allocation: Allocation) -> list[str]:
    floors = {
        f"min_weight {symbol}"
        for symbol, lower in zip(allocation.symbols, allocation.lower, strict=True)
        if lower == 0.0
    }
    return sorted({name for names in allocation.binding for name in names} - floors)
