"""The falls of an account from its highest: when each began, how deep it went, and when it was made good."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray
from portfolio.performance import drawdowns


class DrawdownEpisode(NamedTuple):
    """One stretch below the highest so far; rows count from the first equity."""

    peak: int
    """Row of the highest before the fall."""
    trough: int
    """Row of the lowest; of several the first."""
    recovered: int | None
    """First row at or above the peak again; None while it lasts."""
    depth: float
    """Lowest over highest - 1, fraction, negative."""
    length: int
    """Periods from the peak to the recovery, or to the last row."""


def drawdown_episodes(equity: ArrayLike) -> list[DrawdownEpisode]:
    """Every fall, deepest first.

    Raises:
        DataError: Equity is not a series of positive amounts.

    >>> drawdown_episodes([100.0, 90.0, 100.0, 120.0, 114.0])[0]
    DrawdownEpisode(peak=0, trough=1, recovered=2, depth=-0.09999999999999998, length=2)
    """
    depth = drawdowns(equity)
    below = np.concatenate([[False], depth < 0, [False]])
    edges = np.flatnonzero(below[1:] != below[:-1])
    episodes = [_episode(depth, int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
    return sorted(episodes, key=lambda episode: episode.depth)


def _episode(depth: FloatArray, begin: int, end: int) -> DrawdownEpisode:
    """The rows [begin, end) below the highest, which stood in the row before."""
    trough = begin + int(depth[begin:end].argmin())
    over = end < len(depth)
    last = end if over else end - 1
    return DrawdownEpisode(begin - 1, trough, end if over else None, float(depth[trough]), last - begin + 1)
