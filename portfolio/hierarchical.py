"""Hierarchical risk parity: a tree of what moves together, and risk split evenly at each fork.

López de Prado (2016), Building Diversified Portfolios that Outperform Out of Sample, Journal of Portfolio
Management 42(4), 59-69.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, IntArray
from portfolio.reflection import checked_covariance
from schemas.errors import DataError


def hierarchical_risk_parity(covariance: ArrayLike, symbols: Sequence[str]) -> FloatArray:
    """Weights (N,) > 0 that sum to one: tree clustering, quasi-diagonalisation, recursive bisection.

    Clusters are joined by their nearest members (single linkage) in the distance √((1-ρ)/2). The paper's code takes
    the Euclidean distance between columns of these distances instead; PyPortfolioOpt and Riskfolio-Lib do
    as is done here.

    Args:
        covariance: (N, N), of any unit.
        symbols: Names of the N assets, for the error text.

    Raises:
        DataError: Not a covariance, or an asset without variance; names it.

    >>> hierarchical_risk_parity([[0.01, 0.0], [0.0, 0.04]], ["SPY", "XLE"]).round(3).tolist()
    [0.8, 0.2]
    """
    V = checked_covariance(covariance, symbols)
    still = np.flatnonzero(np.diag(V) <= 0)
    if len(still):
        raise DataError(
            f"{', '.join(symbols[int(i)] for i in still)} has no variance: it correlates with nothing",
            figures={"assets": len(symbols)},
            remedy="Leave it out, or take a longer lookback.",
        )
    w = np.ones(len(V))
    _bisect(V, quasi_diagonal(V), w)
    return w


def quasi_diagonal(covariance: FloatArray) -> IntArray:
    """Order of the assets (N,) in which those that move together stand together."""
    N = len(covariance)
    if N == 1:
        return np.zeros(1, dtype=np.int64)
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    distance = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    np.fill_diagonal(distance, 0.0)
    tree = scipy.cluster.hierarchy.linkage(
        scipy.spatial.distance.squareform(distance, checks=False), "single"
    )
    return np.asarray(scipy.cluster.hierarchy.leaves_list(tree), dtype=np.int64)


def _bisect(V: FloatArray, order: IntArray, w: FloatArray) -> None:
    """Split the weight of ``order`` between its halves, in inverse proportion to their variances, in place."""
    if len(order) == 1:
        return
    halves = np.split(order, [len(order) // 2])
    left, right = (_cluster_variance(V, half) for half in halves)
    w[halves[0]] *= right / (left + right)
    w[halves[1]] *= left / (left + right)
    for half in halves:
        _bisect(V, half, w)


def _cluster_variance(V: FloatArray, members: IntArray) -> float:
    """Variance of the members held in inverse proportion to theirs."""
    inside = V[np.ix_(members, members)]
    v = 1.0 / np.diag(inside)
    v /= v.sum()
    return float(v @ inside @ v)
