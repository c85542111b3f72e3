"""The decisions of a simulated account once more, as live: only that tells which limits its weights stood on."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from portfolio.price_history import PriceHistory
from portfolio.simulation import Simulation
from strategies.base import BaseStrategy
from strategies.history import REFUSALS, DecisionWindows
from strategies.window import Allocation, Window


class Relived(NamedTuple):
    """One decision."""

    decided: dt.date
    window: Window
    allocation: Allocation

    @property
    def limits(self) -> list[str]:
        """Caps, floors and bands that bind; floors at zero are left out, since that nothing is held says little."""
        allocation = self.allocation
        floors = {
            f"min_weight {symbol}"
            for symbol, lower in zip(allocation.symbols, allocation.lower, strict=True)
            if lower == 0.0
        }
        return sorted({name for names in allocation.binding for name in names} - floors)


def relive(strategy: BaseStrategy[Any], history: PriceHistory, account: Simulation) -> list[Relived]:
    """Every decision that was not refused, on what the account held then.

    Args:
        strategy: Made the decisions.
        history: On these prices.
        account: What came of them.
    """
    windows = DecisionWindows(history, account.plan.decided, strategy.lookback)
    # as strategies see what they hold: leverage taken out
    held, sleeve = account.decisions.held / account.leverage, frozenset[str]()
    lived = []
    for k, session in enumerate(account.decisions.decided.tolist()):
        try:
            window = windows.window(k, held[k], sleeve)
            allocation = strategy.target_weights(window)
        except REFUSALS:
            continue
        sleeve = allocation.sleeve
        lived.append(Relived(session, window, allocation))
    return lived
