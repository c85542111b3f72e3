"""Universes that nobody has traded: with a known correlation structure, or drawn from a factor model.

For the first kind the least volatile portfolio is known in closed form, and the sample of returns is made so that least
downside variance and least variance are the same question: see ``mirrored_sample``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portfolio.arrays import FloatArray
from schemas.errors import DataError

_FACTORS = 5
_FREEDOM = 4.0
"""Degrees of freedom of Student's t: daily returns have tails about as heavy."""


@dataclass(frozen=True, eq=False)
class Structure:
    """Assets whose least volatile long-only portfolio is known."""

    name: str
    covariance: FloatArray
    """(N, N), fraction² a day."""
    least: FloatArray
    """(N,) weights of least variance, fully invested."""

    @property
    def least_volatility(self) -> float:
        """√(wᵀΣw) of these weights, fraction a day: no long-only portfolio has less."""
        return volatility_of(self.least, self.covariance)


def volatility_of(weights: FloatArray, covariance: FloatArray) -> float:
    """√(wᵀΣw), fraction a day."""
    return float(np.sqrt(weights @ covariance @ weights))


def equicorrelated(assets: int, correlation: float, volatility: float) -> Structure:
    """Every pair correlated alike: σ √(ρ + (1 - ρ)/N) at equal weights.

    >>> round(equicorrelated(4, 0.5, 0.01).least_volatility, 6)
    0.007906
    """
    pairs = np.full((assets, assets), correlation) + (1.0 - correlation) * np.eye(assets)
    return Structure(f"equicorrelation {correlation:g}", volatility**2 * pairs, np.full(assets, 1.0 / assets))


def blocks(assets: int, count: int, within: float, between: float, volatility: float) -> Structure:
    """``count`` blocks of as many assets each, correlated more within than between: equal weights by symmetry.

    Raises:
        DataError: The assets do not make whole blocks.
    """
    if assets % count:
        raise DataError(
            "Assets do not make blocks of one size",
            figures={"assets": assets, "blocks": count},
            remedy="Take a number of assets that the number of blocks divides.",
        )
    same = np.kron(np.eye(count), np.ones((assets // count, assets // count)))
    pairs = np.where(same, within, between)
    np.fill_diagonal(pairs, 1.0)
    name = f"{count} blocks, {within:g} within and {between:g} between"
    return Structure(name, volatility**2 * pairs, np.full(assets, 1.0 / assets))


def one_factor(betas: FloatArray, market: float, own: FloatArray) -> Structure:
    """Σ = σ_m² ββᵀ + diag(s²), with the long-only weights of Clarke, de Silva & Thorley (2011).

    w_i ∝ (1 - β_i/β_L) / s_i² for β_i < β_L, else zero; β_L = (1/σ_m² + Σ β²/s²) / (Σ β/s²) over those held.

    Args:
        betas: (N,) positive.
        market: σ_m, fraction a day.
        own: s (N,), fraction a day.
    """
    order = np.argsort(betas)
    precision = 1.0 / own[order] ** 2
    sums = np.cumsum(betas[order] ** 2 * precision), np.cumsum(betas[order] * precision)
    thresholds = (1.0 / market**2 + sums[0]) / sums[1]
    # betas in ascending order: held are those below the threshold that they themselves make
    held = int(np.flatnonzero(betas[order] < thresholds)[-1]) + 1
    weights = np.zeros(len(betas))
    weights[order[:held]] = precision[:held] * (1.0 - betas[order[:held]] / thresholds[held - 1])
    covariance = market**2 * np.outer(betas, betas) + np.diag(own**2)
    return Structure("one factor", covariance, weights / weights.sum())


def mirrored_sample(covariance: FloatArray, sessions: int, seed: int) -> FloatArray:
    """Returns (T, N) with mean zero and exactly this covariance (divisor T), each day beside its mirror image.

    With r and -r both in the window, min(r·w, 0)² + min(-r·w, 0)² = (r·w)²: the downside variance f(w) with b = 0 is half
    the variance wᵀΣw, whatever w. So what minimises one minimises the other.

    Raises:
        DataError: Half the sessions are fewer than the assets.
    """
    half, N = sessions // 2, len(covariance)
    if half < N:
        raise DataError(
            "There are too few sessions for this covariance",
            figures={"sessions": sessions, "assets": N},
            remedy="Take a lookback of twice as many sessions as there are assets.",
        )
    draws = np.random.default_rng(seed).standard_normal((half, N))
    orthonormal = np.linalg.qr(draws)[0] * np.sqrt(sessions / 2)
    values, vectors = np.linalg.eigh(covariance)
    days = orthonormal @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    sample = np.zeros((sessions, N))  # of an odd number of sessions the last one is a day without a move
    sample[0 : 2 * half : 2], sample[1 : 2 * half : 2] = days, -days
    return sample


def random_universe(assets: int, sessions: int, seed: int) -> FloatArray:
    """Returns (T, N) of a random factor model: five factors and own moves, heavy tails, small drifts of either sign.

    Volatilities lie between about 8% and 40% a year, as those of funds and large stocks do.
    """
    rng = np.random.default_rng(seed)
    scale = np.sqrt((_FREEDOM - 2.0) / _FREEDOM)
    factors = scale * rng.standard_t(_FREEDOM, (sessions, _FACTORS))
    loadings = rng.normal(0.3, 0.4, (assets, _FACTORS))
    own = scale * rng.standard_t(_FREEDOM, (sessions, assets))
    moves = factors @ loadings.T + own
    daily = rng.uniform(0.08, 0.40, assets) / np.sqrt(252.0)
    drift = rng.normal(2e-4, 4e-4, assets)
    return np.asarray(np.maximum(drift + daily * moves / moves.std(axis=0), -0.99))
