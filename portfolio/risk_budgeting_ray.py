"""Compiled risk budgeting without bounds: Newton across the rays, with the exact minimum along each of them."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.dense import cholesky, solved
from portfolio.risk_budgeting_newton import (
    ARMIJO,
    CONVERGED,
    FLAT,
    GROW,
    MAX_ITERATIONS,
    NO_DOWNSIDE,
    SHRINK,
    STALLED,
    beginning,
    follow,
    mean_square_shortfall,
    newton_matrix,
    settled,
)

_CORRECTIONS = 2
"""Times that a Newton step is corrected for the curvature of the logarithm: a tenth of the cost of another one."""


@compiled
def budget_on_the_ray(
    R: FloatArray, beta: FloatArray, budget: float, start: FloatArray
) -> tuple[int, int, float, FloatArray]:
    """Minimise ½f(w) - λ Σ β log w over w > 0, with all β > 0, Σβ = 1, and the λ at which Σw = budget.

    f is homogeneous of degree two: λ only scales the weights, so that of one will do; and along each ray the minimum
    is known, f = 1. The iterates are moved there, and what is left to find is a direction.

    Returns:
        Outcome, number of iterations, λ and the weights (N,).
    """
    T, N = R.shape
    H, inside = np.zeros((N, N)), np.zeros(T, dtype=np.bool_)
    w = beginning(R, beta, budget, start)
    s, error = R @ w, np.inf
    for iteration in range(1, MAX_ITERATIONS + 1):
        f = mean_square_shortfall(s)
        if not f > 0.0:
            return NO_DOWNSIDE, iteration, 0.0, w
        w /= np.sqrt(f)
        s /= np.sqrt(f)
        follow(R, s, H, inside)
        K, contributions, unit = newton_matrix(H, w, beta, T)
        missing = beta - contributions
        last, error = error, np.max(np.abs(missing / unit))
        if settled(error, last):
            scale = budget / w.sum()
            return CONVERGED, iteration, scale**2, w * scale
        if cholesky(K) >= 0:
            break
        _walk(R, beta, w, s, missing, _direction(K, beta, missing))
    return STALLED, MAX_ITERATIONS, 0.0, w


@compiled
def _direction(L: FloatArray, beta: FloatArray, missing: FloatArray) -> FloatArray:
    """Relative changes z with W H W z + β z/(1+z) = missing, nearly: as long as S stays the same that is the minimum.

    Since z/(1+z) = z - z²/(1+z), the quadratic term moves to the right and the Newton matrix stays. The first guess
    is e^z - 1 of the Newton step z: weights change by factors.
    """
    newton = solved(L, missing)
    z = np.expm1(np.minimum(newton, np.log(GROW)))
    for _ in range(_CORRECTIONS):
        z = np.minimum(np.maximum(solved(L, missing + beta * z * z / (1.0 + z)), -SHRINK), GROW)
    return z if missing @ z > 0.0 else np.maximum(newton, -SHRINK)


@compiled
def _walk(
    R: FloatArray, beta: FloatArray, w: FloatArray, s: FloatArray, missing: FloatArray, z: FloatArray
) -> None:
    """Go along z, in place, as far as ½ log f - Σ β log w falls with it; f(w) = 1 before."""
    change, step, expected = R @ (w * z), 1.0, missing @ z
    while step * expected > FLAT:
        ahead = mean_square_shortfall(s + step * change)
        if 0.5 * np.log(ahead) - beta @ np.log1p(step * z) <= -ARMIJO * step * expected:
            break
        step *= 0.5
    w *= 1.0 + step * z
    s += step * change
