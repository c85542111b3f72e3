"""Compiled risk budgeting within bounds: weights and the multiplier of the logarithms, together."""

from __future__ import annotations

import math

import numpy as np

from portfolio.arrays import FloatArray, IntArray
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

_READY, _CLOSE = 0.1, 1e-6
"""Relative errors of the contributions from which λ may move, when more of the budget is missing, and moves always."""
_CERTAIN = 1e-9
"""Share of the budget that must be missing for λ to be known as too small (or too great)."""
_VANISHING = 1e-13
"""λ below this share of where it began: no λ invests as little as the budget."""
_FAINT = 1e-8
"""Share of the mean squared return at which λ begins when the portfolio begins without risk."""


@compiled
def budget_in_the_box(
    R: FloatArray, beta: FloatArray, lower: FloatArray, upper: FloatArray, budget: float, start: FloatArray
) -> tuple[int, int, float, FloatArray]:
    """Minimise ½f(w) - λ Σ β log w over lower <= w <= upper, with the λ at which Σw = budget.

    While the contributions are far from λβ, w moves at fixed λ along a projected Newton direction; once
    they are near, log w and log λ move together, along the tangent that the same matrix gives. λ stays
    between values that proved too small and too great. An asset with β = 0 needs equal bounds.

    Returns:
        Outcome, number of iterations, λ and the weights (N,).
    """
    T, N = R.shape
    H, inside = np.zeros((N, N)), np.zeros(T, dtype=np.bool_)
    w = np.minimum(np.maximum(beginning(R, beta, budget, start), lower), upper)
    s, error = R @ w, np.inf
    barrier = max(mean_square_shortfall(s), _FAINT * float(np.mean(R * R)) * budget**2)
    least, most, vanishing = 0.0, np.inf, _VANISHING * barrier
    for iteration in range(1, MAX_ITERATIONS + 1):
        follow(R, s, H, inside)
        spread = barrier * beta
        K, contributions, unit = newton_matrix(H, w, spread, T)
        missing = spread - contributions
        free, z, tangent = _direction(K, spread, missing, w, lower, upper)
        unbalanced = _largest_share(missing, unit, free)
        gone = abs(budget - w.sum()) / budget
        last, error = error, max(unbalanced, gone)
        if settled(error, last):
            return CONVERGED, iteration, barrier, w
        if unbalanced > max(_CLOSE, min(_READY, gone)):
            w = _walk(R, beta, lower, upper, w, s, z, missing, barrier)
        else:
            reached = w.sum() + w @ z
            wanted, elasticity = math.log(budget / reached), (w @ tangent) / reached
            if abs(wanted) > _CERTAIN or elasticity <= 0.0:
                least, most = (max(least, barrier), most) if wanted > 0.0 else (least, min(most, barrier))
            ahead = _next_barrier(barrier, least, most, wanted, elasticity)
            if ahead < vanishing:
                return NO_DOWNSIDE, iteration, barrier, w
            w = _moved(w, z + math.log(ahead / barrier) * tangent, lower, upper)
            barrier = ahead
        s = R @ w
    return STALLED, MAX_ITERATIONS, barrier, w


@compiled
def _walk(
    R: FloatArray,
    beta: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    w: FloatArray,
    s: FloatArray,
    z: FloatArray,
    missing: FloatArray,
    barrier: float,
) -> FloatArray:
    """The first weights along the projection of w e^(step z) at which ½f - λ Σ β log w has fallen with the way."""
    f, step, expected = mean_square_shortfall(s), 1.0, missing @ z
    while True:
        ahead = _moved(w, step * z, lower, upper)
        way, rise = 0.0, 0.5 * (mean_square_shortfall(R @ ahead) - f)
        for i in range(len(w)):
            if beta[i] > 0.0:
                way += missing[i] * (ahead[i] / w[i] - 1.0)
                rise -= barrier * beta[i] * math.log(ahead[i] / w[i])
        if rise <= -ARMIJO * way or step * expected <= FLAT * barrier:
            return ahead
        step *= 0.5


@compiled
def _moved(w: FloatArray, z: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    factors = np.minimum(np.maximum(np.exp(z), 1.0 - SHRINK), 1.0 + GROW)
    return np.minimum(np.maximum(w * factors, lower), upper)


@compiled
def _next_barrier(barrier: float, least: float, most: float, wanted: float, elasticity: float) -> float:
    """The λ at which log Σw has risen by ``wanted``, by Newton on log Σw as a function of log λ."""
    if elasticity > 0.0:
        ahead = barrier * math.exp(min(max(wanted / elasticity, -3.0), 3.0))
        if abs(wanted) <= _CERTAIN or least < ahead < most:
            return ahead
    if least > 0.0 and most < np.inf:
        return math.sqrt(least * most)
    return 4.0 * least if least > 0.0 else 0.25 * most


@compiled
def _direction(
    K: FloatArray,
    spread: FloatArray,
    missing: FloatArray,
    w: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Free assets, Newton direction z, and tangent dlog w / dlog λ: zero for what stands on a bound and presses."""
    N = len(w)
    fixed = (lower == upper) | ((w <= lower) & (missing < 0.0)) | ((w >= upper) & (missing > 0.0))
    while True:
        free, blocked = np.flatnonzero(~fixed), False
        L = np.empty((len(free), len(free)))
        for a, i in enumerate(free):
            for b, j in enumerate(free):
                L[a, b] = K[i, j]
        cholesky(L)
        z, tangent = np.zeros(N), np.zeros(N)
        z[free], tangent[free] = solved(L, missing[free]), solved(L, spread[free])
        for i in free:
            if (w[i] <= lower[i] and z[i] < 0.0) or (w[i] >= upper[i] and z[i] > 0.0):
                fixed[i] = blocked = True
        if not blocked:
            return free, z, tangent


@compiled
def _largest_share(part: FloatArray, whole: FloatArray, among: IntArray) -> float:
    largest = 0.0
    for i in among:
        largest = max(largest, abs(part[i] / whole[i]))
    return largest
