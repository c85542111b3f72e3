"""A price history that could have been: its days drawn anew, in blocks, with everything that happened on each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.price_history import PriceHistory
from schemas.errors import DataError


def complete_history(history: PriceHistory) -> PriceHistory:
    """The last stretch of sessions in which every asset is listed.

    Raises:
        DataError: It is shorter than two sessions.
    """
    missing = np.flatnonzero(~history.listed.all(axis=1))
    first = int(missing[-1]) + 1 if len(missing) else 0
    if len(history.sessions) - first < 2:  # noqa: PLR2004 - of one session there is no return
        absent = [s for s, there in zip(history.symbols, history.listed[-1], strict=True) if not there]
        raise DataError(
            "There is no stretch of sessions with prices of every asset to draw from",
            figures={"without a price at the end": ", ".join(absent)},
            remedy="Leave assets that are no longer listed out of the universe: --universe SPY,TLT,...",
        )
    return replace(
        history,
        sessions=history.sessions[first:],
        close=history.close[first:],
        open=None if history.open is None else history.open[first:],
        cash_yield=None if history.cash_yield is None else history.cash_yield[first:],
        dividends=None if history.dividends is None else history.dividends[first:],
    )


def resampled_history(history: PriceHistory, days: IntArray) -> PriceHistory:
    """The same sessions and assets with other days: what happened between two closes is kept together.

    Opens, closes, dividends and the yield of cash of a day come from the same day, relative to the close before it. The first
    close stays.

    Args:
        history: Every asset listed in each of its T sessions; see ``complete_history``.
        days: (T-1,) which day's moves come next, counted from 0 for those of the second session.
    """
    before, drawn = history.close[:-1], days + 1
    gross = np.cumprod((history.close[1:] / before)[days], axis=0)
    close = history.close[:1] * np.vstack([np.ones_like(history.close[:1]), gross])

    def moved(values: FloatArray | None) -> FloatArray | None:
        # on the new level of prices
        return None if values is None else np.vstack([values[:1], close[:-1] * (values[1:] / before)[days]])

    cash = history.cash_yield
    return replace(
        history,
        close=close,
        open=moved(history.open),
        dividends=moved(history.dividends),
        cash_yield=None if cash is None else np.concatenate([cash[:1], cash[drawn]]),
    )
