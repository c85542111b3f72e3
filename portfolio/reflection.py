"""Scenarios whose downside variance is a given variance, so that one solver serves both measures of risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, checked_vector
from schemas.errors import DataError

_ROUNDING = 1e-10
"""Share of the largest entry (or eigenvalue) by which a covariance may miss symmetry and semidefiniteness."""


def scenarios_of(covariance: ArrayLike, symbols: Sequence[str]) -> FloatArray:
    """Returns (2n, N) with downside variance wᵀΣw around zero, for any w.

    With Σ = FᵀF, F (n, N): of the two mirrored scenarios ±√(2n) F_k·w exactly one is a shortfall, so

        f(w) = (1/2n) Σ_k 2n (F_k·w)² = wᵀFᵀFw = wᵀΣw.

    Args:
        covariance: Σ (N, N), symmetric and positive semidefinite, of any unit.
        symbols: Names of the N assets, for the error text.

    Raises:
        DataError: Not square, not finite, not symmetric, or of negative variance in some direction; names an asset.

    >>> scenarios_of([[0.02]], ["SPY"]).round(3).tolist()
    [[0.2], [-0.2]]
    """
    F = _root(checked_covariance(covariance, symbols), symbols)
    F *= np.sqrt(2.0 * len(F))
    return np.ascontiguousarray(np.vstack([F, -F]))


def checked_covariance(covariance: ArrayLike, symbols: Sequence[str]) -> FloatArray:
    """A finite, symmetric (N, N) copy of ``covariance``, one row and column a symbol.

    Raises:
        DataError: It is not; names an asset.
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    N = len(symbols)
    if matrix.shape != (N, N):
        raise DataError(
            "The covariance is not a matrix of assets by assets",
            figures={"shape": matrix.shape, "assets": N},
            remedy="Pass one row and one column for each asset.",
        )
    for row, symbol in zip(matrix, symbols, strict=True):
        checked_vector(row, symbols, f"Covariance of {symbol}: the entry")
    uneven = np.abs(matrix - matrix.T)
    i, j = divmod(int(np.argmax(uneven)), N)
    if uneven[i, j] > _ROUNDING * np.abs(matrix).max():
        raise DataError(
            f"The covariance of {symbols[i]} with {symbols[j]} depends on their order",
            figures={"one way": matrix[i, j], "the other way": matrix[j, i]},
            remedy="Pass a symmetric matrix.",
        )
    return 0.5 * (matrix + matrix.T)


def _root(covariance: FloatArray, symbols: Sequence[str]) -> FloatArray:
    """F (n, N) with FᵀF = Σ: by Cholesky, or by eigenvectors where Σ is singular."""
    try:
        return np.asarray(np.linalg.cholesky(covariance).T)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
    if values[0] < -_ROUNDING * max(values[-1], 0.0) or values[-1] < 0.0:
        worst = int(np.argmax(np.abs(vectors[:, 0])))
        raise DataError(
            f"The covariance gives some portfolio, mostly of {symbols[worst]}, a negative variance",
            figures={"least eigenvalue": values[0], "greatest eigenvalue": values[-1]},
            remedy="Estimate all entries from the same sessions, or shrink the estimate.",
        )
    kept = values > np.finfo(np.float64).eps * len(values) * values[-1]
    if not kept.any():
        return np.zeros((1, len(values)))
    return np.asarray(np.sqrt(values[kept])[:, None] * vectors[:, kept].T)
