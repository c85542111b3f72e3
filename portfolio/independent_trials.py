"""How many independent trials a set of correlated ones amounts to."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray


def effective_trials(returns: FloatArray) -> float:
    """Participation ratio of the eigenvalues of the trials' correlation matrix, (Σλ)² / Σλ².

    As Σλ = S and Σλ² = Σ ρ_ij², it is S² / Σ ρ_ij²: S for trials without correlation, one for copies of one trial, k for k
    groups of copies. From T returns even independent trials show ρ² of 1/(T - 1) on average, by which each ρ² is
    reduced; what is left of that of one pair may be below zero, not that of the sum.

    Similar settings of one strategy are far fewer trials than they are points of a grid (López de Prado & Lewis 2019, who count
    clusters). Trials without spread are left out.

    Args:
        returns: (T, S) returns of S trials over the same T > 2 periods, fractions.

    Returns:
        Between 1 and S; 0 when no trial has spread.

    >>> one = np.random.default_rng(1).normal(size=(500, 1))
    >>> round(effective_trials(np.hstack([one, 2 * one, -one])), 6)
    1.0
    """
    moved = returns - returns.mean(axis=0)
    spread = np.sqrt(np.sum(moved * moved, axis=0))
    kept = spread > 1e-12 * np.sqrt(len(returns))
    count = int(kept.sum())
    if count == 0:
        return 0.0
    z = moved[:, kept] / spread[kept]
    # the smaller of ZᵀZ and ZZᵀ has the same sum of squares
    product = z.T @ z if count <= len(z) else z @ z.T
    by_chance = 1.0 / (len(returns) - 1)
    together = (float(np.sum(product * product)) - count) - count * (count - 1) * by_chance
    return float(np.clip(count**2 / (count + max(together / (1.0 - by_chance), 0.0)), 1.0, count))
