"""Does a decision know what comes after it? Change everything that does, and see whether it moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.price_history import PriceHistory
from strategies.base import BaseStrategy
from strategies.history import TargetHistory


@dataclass(frozen=True)
class LookAhead:
    """A decision that moved although nothing up to its close had changed."""

    decided: dt.date
    change: str
    """What was changed after it."""
    moved: float
    """Largest change of a weight, fraction; NaN when one of the two was refused."""


def find_look_ahead(
    strategy: BaseStrategy[Any], history: PriceHistory, decided: IntArray, *, seed: int = 0
) -> Iterator[tuple[LookAhead, ...]]:
    """Decide anew on changed futures, decision by decision; yields what moved, nothing for a decision that stood.

    A shuffled future would not do: risk that counts only losses does not see a gain move. So prices crash, and half of
    the assets vanish, which a strategy notices that knows who survives. Decisions must agree to the last bit.

    Args:
        strategy: On trial.
        history: Prices.
        decided: Rows of the history at whose close a decision is due (W,), ascending.
        seed: Of the crashes.
    """
    rng = np.random.default_rng(seed)
    for k, row in enumerate(decided.tolist()):
        last_two = decided[max(0, k - 1) : k + 1]  # so that what a decision hands on is on trial too
        before = _decide(strategy, history, last_two)
        yield tuple(
            LookAhead(history.sessions[row].item(), change, _largest_move(before, after))
            for change, future in _FUTURES.items()
            if not _same(before, after := _decide(strategy, future(history, row, rng), last_two))
        )


def _decide(strategy: BaseStrategy[Any], history: PriceHistory, decided: IntArray) -> TargetHistory:
    nothing = np.zeros(len(history.symbols))
    return strategy.target_history(
        history, decided, lambda so_far: np.nan_to_num(so_far[-1]) if len(so_far) else nothing
    )


def _same(one: TargetHistory, other: TargetHistory) -> bool:
    return np.array_equal(one.weights, other.weights, equal_nan=True) and np.array_equal(
        one.in_sleeve, other.in_sleeve
    )


def _largest_move(one: TargetHistory, other: TargetHistory) -> float:
    return float(np.abs(one.weights - other.weights).max())


def _crash(history: PriceHistory, row: int, rng: np.random.Generator) -> PriceHistory:
    """Every later price lies 10 to 70 % below the last one known, each day elsewhere."""
    levels = rng.uniform(0.3, 0.9, history.close.shape) * history.close[row]
    return _with_future(history, row, levels)


def _vanish(history: PriceHistory, row: int, rng: np.random.Generator) -> PriceHistory:
    """Every other asset is gone."""
    gone = rng.permutation(len(history.symbols)) % 2 == 0
    return _with_future(history, row, np.where(gone, np.nan, history.close))


_FUTURES: dict[str, Callable[[PriceHistory, int, np.random.Generator], PriceHistory]] = {
    "every price crashes": _crash,
    "half of the assets vanish": _vanish,
}


def _with_future(history: PriceHistory, row: int, prices: FloatArray) -> PriceHistory:
    later = (np.arange(len(history.sessions)) > row)[:, None]
    close = np.where(later, np.where(history.listed, prices, np.nan), history.close)
    opens = None if history.open is None else np.where(later, close, history.open)
    paid = None if history.dividends is None else np.where(later, 0.0, history.dividends)
    return replace(history, close=close, open=opens, dividends=paid)
