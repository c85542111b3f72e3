"""Do the points that did well in one part of the history do well in the others?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from portfolio.arrays import FloatArray, IntArray
from portfolio.resampled_scores import WEEKS_A_YEAR
from portfolio.statistics import sharpe_ratio

STABLE, UNSTABLE = 0.5, 0.2
"""Mean Spearman correlations from which ranks are called stable, and below which they are called unstable."""


class RankStability(NamedTuple):
    """K sub-periods of equal length, S points."""

    firsts: IntArray
    """(K,) first week of each sub-period."""
    scores: FloatArray
    """(K, S) annual Sharpe ratio of each point in each sub-period."""
    ranks: FloatArray
    """(K, S) of the scores, 1 is the best; equal ones share the mean of theirs."""
    spearman: FloatArray
    """(K, K) correlations of ranks; NaN where all points are equal."""
    kendall: FloatArray
    """(K, K) Kendall's τ-b."""
    best_elsewhere: FloatArray
    """(K,) mean percentile, in the other sub-periods, of each sub-period's best point: 1 is best, 0.5 what luck gives."""

    @property
    def mean_spearman(self) -> float:
        """Over all pairs of sub-periods."""
        return _off_diagonal(self.spearman)

    @property
    def mean_kendall(self) -> float:
        """Over all pairs of sub-periods."""
        return _off_diagonal(self.kendall)


def rank_stability(excess: FloatArray, periods: int = 4) -> RankStability:
    """Ranks by Sharpe ratio in each of several sub-periods, and how they agree (Spearman 1904; Kendall 1945).

    Points that hold nearly the same move together, so that few of them count as independent: a correlation of ranks between
    two periods may be large by luck, in either direction. Read all pairs.

    Args:
        excess: Weekly returns in excess of cash (T, S), fractions; S of two or more.
        periods: Number of sub-periods K, one after the other; their lengths differ by a week at most.
    """
    parts = np.array_split(excess, periods)
    scores = np.array([sharpe_ratio(part, WEEKS_A_YEAR) for part in parts])
    ranks = np.array([scipy.stats.rankdata(-row) for row in scores])
    spearman, kendall = (
        np.array([[float(of(a, b).statistic) for b in ranks] for a in ranks])
        for of in (scipy.stats.spearmanr, scipy.stats.kendalltau)
    )
    percentiles = 1.0 - (ranks - 1.0) / (ranks.shape[1] - 1.0)
    best = scores.argmax(axis=1)
    elsewhere = [np.delete(percentiles[:, point], period).mean() for period, point in enumerate(best)]
    firsts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    return RankStability(firsts.astype(np.int64), scores, ranks, spearman, kendall, np.array(elsewhere))


def _off_diagonal(table: FloatArray) -> float:
    return float(table[~np.eye(len(table), dtype=bool)].mean())
