"""Covariances of daily returns: the sample's, shrunk, or with recent sessions counting for more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, checked_returns
from schemas.errors import DataError

Estimator = Literal["sample", "ledoit_wolf", "ewma"]


def covariance(
    returns: ArrayLike, symbols: Sequence[str], estimator: Estimator = "sample", half_life: float = 63.0
) -> FloatArray:
    """Covariance of daily returns (N, N), fraction² a day, by the estimator of that name.

    Args:
        returns: (T, N) simple returns, fractions, oldest first.
        symbols: Names of the N columns, for the error text.
        estimator: Which.
        half_life: Of ewma: sessions after which a return counts for half; 11.2 is RiskMetrics' λ = 0.94.

    Raises:
        DataError: Returns not finite or misaligned, fewer than two sessions, or a half-life that is not positive.

    >>> covariance([[0.01], [0.03]], ["SPY"]).round(6).tolist()
    [[0.0002]]
    """
    R = checked_returns(returns, symbols)
    if len(R) < 2 or not 0 < half_life < np.inf:  # noqa: PLR2004 - of one session nothing varies
        raise DataError(
            "A covariance needs two sessions at least, and a positive half-life",
            figures={"sessions": len(R), "half-life": half_life},
            remedy="Take a longer lookback.",
        )
    estimators: dict[Estimator, Callable[[], FloatArray]] = {
        "sample": lambda: sample_covariance(R),
        "ledoit_wolf": lambda: ledoit_wolf_covariance(R),
        "ewma": lambda: ewma_covariance(R, half_life),
    }
    return estimators[estimator]()


def sample_covariance(R: FloatArray) -> FloatArray:
    """Σ_t (r_t - r̄)(r_t - r̄)ᵀ / (T-1), (N, N)."""
    X = R - R.mean(axis=0)
    return np.asarray(X.T @ X / (len(X) - 1))


def ledoit_wolf_covariance(R: FloatArray) -> FloatArray:
    """(1-δ) S + δ m I, the mix of sample covariance S = XᵀX/T and mean variance m of least expected squared error.

    Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices, Journal of
    Multivariate Analysis 88, 365-411, section 3.3. Positive definite also for T < N.
    """
    T, N = R.shape
    X = R - R.mean(axis=0)
    S = X.T @ X / T
    m = np.trace(S) / N
    distance = np.sum(S**2) - N * m**2
    # (1/T²) Σ_t |x_t x_tᵀ - S|², and never more than there is to gain
    error = min((np.sum(np.sum(X**2, axis=1) ** 2) / T - np.sum(S**2)) / T, distance)
    shrinkage = error / distance if distance > 0 else 0.0
    return np.asarray((1.0 - shrinkage) * S + shrinkage * m * np.eye(N))


def ewma_covariance(R: FloatArray, half_life: float) -> FloatArray:
    """Σ_t a_t (r_t - r̄)(r_t - r̄)ᵀ / (1 - Σ a_t²), (N, N), with a_t ∝ 2^(-age/half-life), Σ a_t = 1, r̄ = Σ a_t r_t.

    The denominator makes it unbiased, as T-1 does for equal weights; so defined in pandas' ``ewm(...).cov()``.
    """
    a = 0.5 ** (np.arange(len(R))[::-1] / half_life)
    a /= a.sum()
    X = R - a @ R
    return np.asarray((X.T * a) @ X / (1.0 - a @ a))
