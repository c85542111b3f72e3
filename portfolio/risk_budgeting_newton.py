"""Compiled pieces of risk budgeting: the Newton step for ½f - λ Σ β_i log w_i, and the verdict on its end.

Everything works on relative changes of the weights. With c_i = w_i ∂_i(½f) the contributions, the Newton step solves

    K z = λβ - c        K = W H W + λ diag β,  W = diag w,  H = (1/T) Σ_{t in S} r_t r_tᵀ,  S = {t : r_t·w < 0},

whose matrix is well conditioned whatever the volatilities are. H follows S: only sessions that enter or leave S
are added or taken away, which is what makes an iteration cost little more than one product Rw.
"""

from __future__ import annotations

import math

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.compiled import compiled

CONVERGED, NO_DOWNSIDE, STALLED = 0, 1, 2
MAX_ITERATIONS = 100
SHRINK = 0.9
"""Greatest share of its weight that an asset may lose in one iteration: the logarithm needs w > 0."""
GROW = 20.0
"""Greatest multiple of its weight that an asset may gain in one iteration."""
ARMIJO = 1e-2
"""Share of the expected decrease that a step must bring."""
FLAT = 1e-11
"""Expected relative decrease below which differences of the objective are rounding and are not looked at."""
_NEARLY = 1e-11
"""Relative error from which an iteration without progress is the work of rounding."""
_EXACT = 2e-15
"""Relative error below which nothing is left to gain."""
_CANCELLING = 1e-3
"""Share of the terms of a contribution below which its errors are measured by them."""
_NOT_NOTHING = 0.1
"""Share of an asset's weight when alone below which no start begins."""
_BLAS_PAYS = 2000
"""Returns in the sessions that enter or leave from which the library's matrix product beats plain loops."""


@compiled
def beginning(R: FloatArray, beta: FloatArray, budget: float, start: FloatArray) -> FloatArray:
    """Positive weights (N,) near ``start``; of an empty one, those that are right when no two assets fall together.

    These are in proportion to √(β_i / f_i), with f_i the downside variance of asset i alone. Not finite when an asset
    with a risk budget has none.
    """
    T, N = R.shape
    alone = np.zeros(N)
    for t in range(T):
        for i in range(N):
            alone[i] += min(R[t, i], 0.0) ** 2
    for i in range(N):
        alone[i] = math.sqrt(beta[i] / alone[i]) if beta[i] > 0.0 else 0.0
    alone *= budget / alone.sum()
    return np.maximum(start, _NOT_NOTHING * alone) if len(start) > 0 else alone


@compiled
def mean_square_shortfall(s: FloatArray) -> float:
    """Mean of min(s_t, 0)²: f at returns s (T,) of the portfolio."""
    total = 0.0
    for t in range(len(s)):
        total += min(s[t], 0.0) ** 2
    return total / len(s)


@compiled
def follow(R: FloatArray, s: FloatArray, H: FloatArray, inside: BoolArray) -> None:
    """Bring T·H = Σ_{t in S} r_t r_tᵀ, in place, to the S of the present s."""
    changed, entered = np.empty(len(s), dtype=np.int64), 0
    count = 0
    for t in range(len(s)):
        if (s[t] < 0.0) != inside[t]:
            inside[t] = not inside[t]
            changed[count] = t
            count += 1
            entered += inside[t]
    if count * R.shape[1] > _BLAS_PAYS:
        rows = R[changed[:count]]
        signed = rows if entered == count else rows.copy()
        for k in range(count):
            if not inside[changed[k]]:
                signed[k] *= -1.0
        H += signed.T @ rows
        return
    for t in changed[:count]:
        row, sign = R[t], 1.0 if inside[t] else -1.0
        for i in range(len(row)):
            scaled = sign * row[i]
            for j in range(len(row)):
                H[i, j] += scaled * row[j]


@compiled
def newton_matrix(
    H: FloatArray, w: FloatArray, spread: FloatArray, T: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """From T·H and λβ: K (N, N), the contributions c (N,), and what errors of c are measured by (N,).

    That is λβ, unless hedges make c_i the small difference of terms a thousand times as large: then their rounding.
    """
    N = len(w)
    K, c, unit = np.empty_like(H), np.zeros(N), np.zeros(N)
    for i in range(N):
        for j in range(N):
            K[i, j] = H[i, j] * (w[i] * w[j] / T)
            c[i] += K[i, j]
            unit[i] += abs(K[i, j])
        K[i, i] += spread[i]
        unit[i] = max(spread[i], _CANCELLING * unit[i])
    return K, c, unit


@compiled
def settled(error: float, last: float) -> bool:
    """Whether a relative error, after the last one, is as small as rounding lets it be."""
    return error <= _EXACT or (error <= _NEARLY and error > 0.25 * last)


@compiled
def judged(
    R: FloatArray,
    w: FloatArray,
    beta: FloatArray,
    barrier: float,
    lower: FloatArray,
    upper: FloatArray,
    budget: float,
) -> tuple[float, float, float, bool]:
    """Verdict on any weights, from the data alone; w_i > 0 where β_i > 0.

    f lies above its tangent at w. With the tangent in its place ½f - λ Σ β log v falls apart into one programme for
    each asset, whose minimum over its bounds is known: v_i = λβ_i / ∂_i(½f), or the bound before it. So the gap is by
    how much the objective may at most exceed its minimum over the box.

    Returns:
        f(w), the gap, the largest amount by which bounds or budget (fraction of equity) or risk budgets (share of the
        risk) are missed, and whether w is on a bound or beyond.
    """
    d = np.minimum(R @ w, 0.0)
    half_gradient = (d @ R) / len(R)
    gap, violation, presses = 0.0, abs(w.sum() - budget), False
    for i in range(len(w)):
        violation = max(violation, lower[i] - w[i], w[i] - upper[i])
        presses |= w[i] <= lower[i] or w[i] >= upper[i]
        spread, slope = barrier * beta[i], half_gradient[i]
        if lower[i] < w[i] < upper[i]:
            # the gap is of second order in what a contribution misses, so it alone would let too much pass
            violation = max(violation, abs(w[i] * slope - spread) / barrier)
        v = min(max(spread / slope if slope > 0.0 else upper[i], lower[i]), upper[i])
        gap += slope * (w[i] - v)
        if spread > 0.0:
            gap -= spread * math.log1p((w[i] - v) / v)
    return float(d @ d) / len(R), max(0.0, gap), violation, presses
