"""A strategy's decisions over a whole history: what it sees at each, and what it answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.price_history import PriceHistory
from portfolio.window_moments import Moments, window_moments
from schemas.errors import DataError, InfeasibleError, SolverError
from strategies.window import Allocation, Window

Holdings = Callable[[FloatArray], FloatArray]
"""From the weights decided so far (k, N) to the weights (N,) held at the close of the next decision."""
REFUSALS = (DataError, InfeasibleError, SolverError)
"""What ends a live run without a trade, and skips a decision of a history."""


@dataclass(frozen=True, eq=False)
class TargetHistory:
    """W decisions on N assets."""

    weights: FloatArray
    """(W, N) fractions of equity; NaN where nothing could be decided."""
    in_sleeve: BoolArray
    """(W, N)"""
    remarks: tuple[str, ...]
    """(W,) why nothing could be decided, or what stands in for the strategy's own weights; empty otherwise."""


@dataclass(frozen=True, eq=False)
class DecisionWindows:
    """The windows of W decisions: each ends with the close that is decided on and holds nothing later.

    Assets are in a window when they have had a return in every one of its sessions.
    """

    history: PriceHistory
    decided: IntArray
    """(W,) rows of the history."""
    lookback: int

    @cached_property
    def usable(self) -> BoolArray:
        """(W, N) which assets are in the window."""
        return np.asarray(self.history.returns_in_a_row[self.decided] >= self.lookback)

    @cached_property
    def returns(self) -> FloatArray:
        """(T, N) zero where there is none, which is in no window of the asset."""
        return np.nan_to_num(self.history.returns)

    @cached_property
    def moments(self) -> Moments:
        """Mean, deviation and movement of each window; of no meaning where an asset is not usable."""
        return window_moments(self.returns, np.maximum(self.decided + 1, self.lookback), self.lookback)

    def window(self, k: int, held: FloatArray, sleeve: frozenset[str]) -> Window:
        """What the strategy sees at decision ``k``.

        Raises:
            DataError: No asset has enough history.
        """
        usable, rows = self.usable[k], slice(self.decided[k] + 1 - self.lookback, self.decided[k] + 1)
        if not usable.any():
            raise DataError(
                f"No asset has {self.lookback} returns in a row on {self._days[self.decided[k]]}",
                remedy="Begin later, or shorten the lookback.",
            )
        return Window(
            symbols=tuple(np.array(self.history.symbols)[usable].tolist()),
            sessions=tuple(self._days[rows]),
            returns=self.returns[rows, usable],
            current_weights=held[usable],
            previous_sleeve=sleeve,
        )

    @cached_property
    def _days(self) -> list[dt.date]:
        days: list[dt.date] = self.history.sessions.tolist()
        return days


def decision_windows(history: PriceHistory, decided: IntArray, lookback: int) -> DecisionWindows:
    """The windows of W decisions. The last ones are remembered, with what they know of themselves: a sweep asks again."""
    return _windows(history, decided.tobytes(), lookback)


@lru_cache(maxsize=1)
def _windows(history: PriceHistory, decided: bytes, lookback: int) -> DecisionWindows:
    return DecisionWindows(history, np.frombuffer(decided, dtype=np.int64), lookback)


def one_by_one(
    decide: Callable[[Window], Allocation], windows: DecisionWindows, holdings: Holdings
) -> TargetHistory:
    """Decide as live: on what is held then, with the sleeve of the decision before; a refusal skips the decision."""
    weights = np.full(windows.usable.shape, np.nan)
    in_sleeve, remarks = np.zeros(weights.shape, dtype=np.bool_), []
    sleeve: frozenset[str] = frozenset()
    for k, usable in enumerate(windows.usable):
        held = holdings(weights[:k])
        try:
            allocation = decide(windows.window(k, held, sleeve))
        except REFUSALS as refusal:
            remarks.append(str(refusal))
            continue
        weights[k] = 0.0
        # the solver's exact zeros and ones may miss by a rounding
        weights[k, usable] = np.clip(allocation.weights, 0.0, 1.0)
        in_sleeve[k, usable] = allocation.in_sleeve
        sleeve = allocation.sleeve
        remarks.append(allocation.fallback)
    return TargetHistory(weights, in_sleeve, tuple(remarks))


def in_proportion(windows: DecisionWindows, scores: FloatArray, budget: float) -> TargetHistory:
    """Weights budget * score / Σ score for scores (W, N) of zero or more, zero where an asset is not usable."""
    total = scores.sum(axis=1, keepdims=True)
    weights = np.divide(budget * scores, total, out=np.full_like(scores, np.nan), where=total > 0)
    missing = f"No asset has {windows.lookback} returns in a row"
    remarks = tuple("" if some else missing for some in (total[:, 0] > 0).tolist())
    return TargetHistory(weights, np.zeros(scores.shape, dtype=np.bool_), remarks)
