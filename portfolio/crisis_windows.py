"""What is held today, carried through the crises of the past without a trade."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.performance import drawdowns
from portfolio.periods import Crisis
from portfolio.price_history import PriceHistory


class Held(NamedTuple):
    """What became of a portfolio between the first and the last close of a crisis, fractions."""

    total: float
    max_drawdown: float


def held_through(history: PriceHistory, weights: FloatArray, crisis: Crisis) -> Held | None:
    """The portfolio bought at the first close and kept; cash stays what it was. None where a price is missing.

    Args:
        history: Prices of N assets.
        weights: (N,) fractions of equity.
        crisis: From the close of its first day to that of its last.
    """
    days = history.sessions
    first, last = (np.datetime64(day) for day in (crisis.first, crisis.last))
    if not (days[0] <= first and last <= days[-1]):
        return None
    close = history.close[(days >= first) & (days <= last)][:, weights > 0]
    if not np.isfinite(close).all():
        return None
    value = 1.0 + (close / close[0] - 1.0) @ weights[weights > 0]
    return Held(float(value[-1] - 1.0), float(drawdowns(value).min()))
