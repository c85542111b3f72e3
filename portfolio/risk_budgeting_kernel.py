"""Compiled loops of risk budgeting. Arrays are trusted here: `portfolio.risk_budgeting` has checked them.

Everything works on relative changes z of the weights, w -> w (1 + z). With c_i = w_i ∂_i(½f) the contributions,
the Newton step of ½f - λ Σ β_i log w_i solves

    (W H W + λ diag β) z = λβ - c          W = diag w,  H = (1/T) Σ_{t in S} r_t r_tᵀ,  S = {t : r_t·w < 0},

whose matrix is well conditioned whatever the volatilities are. H follows S: only sessions that enter or leave S
are added or taken away, which is what makes an iteration cost little more than one product Rw.

Everything stands in one module: the cache of machine code notices changes of a function's own module only.
"""

from __future__ import annotations

import math

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.compiled import compiled

CONVERGED, NO_DOWNSIDE, STALLED = 0, 1, 2

_MAX_ITERATIONS = 200
_EXACT = 2e-15
"""Relative error below which nothing is left to gain."""
_NEARLY = 1e-11
"""Relative error from which an iteration without progress is the work of rounding."""
_SHRINK = 0.9
"""Greatest share of its weight that an asset may lose in one iteration: the logarithm needs w > 0."""
_ARMIJO = 1e-4
"""Share of the expected decrease that a step must bring."""
_FLAT = 1e-11
"""Expected relative decrease below which differences of the objective are rounding and are not looked at."""
_READY = 1e-2
"""Relative error of the contributions from which λ may move."""
_CERTAIN = 1e-9
"""Share of the budget that must be missing for λ to be known as too small (or too great)."""
_VANISHING = 1e-13
"""λ below this share of where it began: no λ invests as little as the budget."""
_BLAS_PAYS = 2000
"""Returns in the sessions that enter or leave from which the library's matrix product beats plain loops."""
_LAPACK_PAYS = 128
"""Number of assets from which LAPACK is faster than plain loops."""


@compiled
def budget_on_the_ray(
    R: FloatArray, beta: FloatArray, budget: float, w: FloatArray
) -> tuple[int, int, float]:
    """Minimise ½f(w) - λ Σ β log w over w > 0, in place, with Σβ = 1 and the λ at which Σw = budget.

    f is homogeneous of degree two: λ only scales the weights, so that of one will do; and along each ray the minimum
    is known, f = 1. The iterates are moved there, and what is left to find is a direction.

    Returns:
        Outcome, number of iterations and λ.
    """
    T, N = R.shape
    H, inside = np.zeros((N, N)), np.zeros(T, dtype=np.bool_)
    s, error = R @ w, np.inf
    for iteration in range(1, _MAX_ITERATIONS + 1):
        f = _mean_square_shortfall(s)
        if not f > 0.0:
            return NO_DOWNSIDE, iteration, 0.0
        w /= np.sqrt(f)
        s /= np.sqrt(f)
        missing = beta - _contributions(R, w, s)
        last, error = error, np.max(np.abs(missing / beta))
        if _settled(error, last):
            scale = budget / w.sum()
            w *= scale
            return CONVERGED, iteration, scale**2
        _follow(R, s, H, inside)
        z = missing.copy()
        _solve(_scaled(H, w, beta, T), z.reshape(N, 1))
        _walk_the_ray(R, beta, w, s, z, float(missing @ z))
    return STALLED, _MAX_ITERATIONS, 0.0


@compiled
def budget_in_the_box(
    R: FloatArray,
    beta: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    budget: float,
    w: FloatArray,
    barrier: float,
) -> tuple[int, int, float]:
    """Minimise ½f(w) - λ Σ β log w over lower <= w <= upper, in place, with the λ at which Σw = budget.

    While the contributions are far from λβ, w moves at fixed λ along a projected Newton direction; once
    they are near, w and λ move together, along the tangent dw/dλ that the same matrix gives. λ stays
    between values that proved too small and too great.

    Returns:
        Outcome, number of iterations and λ.
    """
    T, N = R.shape
    H, inside = np.zeros((N, N)), np.zeros(T, dtype=np.bool_)
    s, error, first = R @ w, np.inf, barrier
    least, most = 0.0, np.inf
    for iteration in range(1, _MAX_ITERATIONS + 1):
        missing = barrier * beta - _contributions(R, w, s)
        _follow(R, s, H, inside)
        free, z, tangent = _direction(_scaled(H, w, barrier * beta, T), beta, missing, w, lower, upper)
        unbalanced = _largest_share(missing, barrier * beta, free)
        total = w.sum()
        last, error = error, max(unbalanced, abs(budget - total) / budget)
        if _settled(error, last):
            return CONVERGED, iteration, barrier
        if unbalanced > max(_NEARLY, min(_READY, abs(budget - total) / budget)):
            _walk_in_the_box(R, beta, lower, upper, w, s, z, missing, barrier)
            continue
        reached = total + w @ z
        wanted, elasticity = np.log(budget / reached), barrier * (w @ tangent) / reached
        if abs(wanted) > _CERTAIN or elasticity <= 0.0:
            least, most = (max(least, barrier), most) if wanted > 0.0 else (least, min(most, barrier))
        ahead = _next_barrier(barrier, least, most, wanted, elasticity)
        if ahead < _VANISHING * first:
            return NO_DOWNSIDE, iteration, barrier
        _move(w, z + (ahead - barrier) * tangent, lower, upper)
        s[:] = R @ w
        barrier = ahead
    return STALLED, _MAX_ITERATIONS, barrier


@compiled
def weights_alone(R: FloatArray, beta: FloatArray) -> FloatArray:
    """√(β_i / f_i) with f_i the downside variance of asset i alone, (N,): right when no two assets fall together.

    Zero without a risk budget, infinite without a loss.
    """
    risks = np.zeros(R.shape[1])
    for t in range(len(R)):
        for i in range(len(risks)):
            risks[i] += min(R[t, i], 0.0) ** 2
    for i in range(len(risks)):
        risks[i] = math.sqrt(beta[i] * len(R) / risks[i]) if beta[i] > 0.0 else 0.0
    return risks


@compiled
def judged(
    R: FloatArray, w: FloatArray, barrier: FloatArray, lower: FloatArray, upper: FloatArray, budget: float
) -> tuple[float, float, float]:
    """Objective, gap and violation of any weights with w_i > 0 where barrier_i = λβ_i is positive.

    f lies above its tangent at w. With the tangent in its place ½f - Σ barrier_i log v_i falls apart into one programme
    for each asset, whose minimum over its bounds is known: v_i = barrier_i / ∂_i(½f), or the bound before
    it. So the gap is by how much the objective may at most exceed its minimum over the box.

    Returns:
        f(w), the gap, and the largest amount by which bounds or budget are broken.
    """
    d = np.minimum(R @ w, 0.0)
    half_gradient = (d @ R) / len(R)
    gap, violation = 0.0, abs(w.sum() - budget)
    for i in range(len(w)):
        violation = max(violation, lower[i] - w[i], w[i] - upper[i])
        v = barrier[i] / half_gradient[i] if half_gradient[i] > 0.0 else upper[i]
        v = min(max(v, lower[i]), upper[i])
        gap += half_gradient[i] * (w[i] - v)
        if barrier[i] > 0.0:
            gap -= barrier[i] * np.log1p((w[i] - v) / v)
    return float(d @ d) / len(R), max(0.0, gap), violation


@compiled
def _settled(error: float, last: float) -> bool:
    return error <= _EXACT or (error <= _NEARLY and error > 0.25 * last)


@compiled
def _walk_the_ray(
    R: FloatArray, beta: FloatArray, w: FloatArray, s: FloatArray, z: FloatArray, expected: float
) -> None:
    """Go along z, in place, as far as ½ log f - Σ β log w falls with it; f(w) = 1 before."""
    change = R @ (w * z)
    step = min(1.0, _SHRINK / max(_SHRINK, -z.min()))
    while expected > _FLAT:
        ahead = _mean_square_shortfall(s + step * change)
        if 0.5 * np.log(ahead) - beta @ np.log1p(step * z) <= -_ARMIJO * step * expected:
            break
        step *= 0.5
    w *= 1.0 + step * z
    s += step * change


@compiled
def _walk_in_the_box(
    R: FloatArray,
    beta: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    w: FloatArray,
    s: FloatArray,
    z: FloatArray,
    missing: FloatArray,
    barrier: float,
) -> None:
    """Go along the projection of w (1 + step z), in place, as far as ½f - λ Σ β log w falls with it."""
    f, step = _mean_square_shortfall(s), 1.0
    expected = missing @ z
    while True:
        ahead = w.copy()
        _move(ahead, step * z, lower, upper)
        s_ahead = R @ ahead
        gone, rise = 0.0, 0.5 * (_mean_square_shortfall(s_ahead) - f)
        for i in range(len(w)):
            if beta[i] > 0.0:
                gone += missing[i] * (ahead[i] / w[i] - 1.0)
                rise -= barrier * beta[i] * np.log(ahead[i] / w[i])
        if rise <= -_ARMIJO * gone or step * expected <= _FLAT * barrier:
            break
        step *= 0.5
    w[:] = ahead
    s[:] = s_ahead


@compiled
def _move(w: FloatArray, z: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
    for i in range(len(w)):
        w[i] = min(max(w[i] * (1.0 + max(z[i], -_SHRINK)), lower[i]), upper[i])


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
    beta: FloatArray,
    missing: FloatArray,
    w: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Newton direction z and tangent dw/dλ / w, zero for the assets that stand on a bound and press against it."""
    N = len(w)
    pressing = (lower == upper) | ((w <= lower) & (missing < 0.0)) | ((w >= upper) & (missing > 0.0))
    while True:
        free = np.flatnonzero(~pressing)
        n, blocked = len(free), False
        z, tangent = np.zeros(N), np.zeros(N)
        K_free, right = np.empty((n, n)), np.empty((n, 2))
        for a in range(n):
            right[a, 0], right[a, 1] = missing[free[a]], beta[free[a]]
            for b in range(n):
                K_free[a, b] = K[free[a], free[b]]
        _solve(K_free, right)
        for a in range(n):
            i = free[a]
            z[i], tangent[i] = right[a, 0], right[a, 1]
            if (w[i] <= lower[i] and z[i] < 0.0) or (w[i] >= upper[i] and z[i] > 0.0):
                pressing[i] = blocked = True
        if not blocked:
            return free, z, tangent


@compiled
def _largest_share(part: FloatArray, whole: FloatArray, among: IntArray) -> float:
    largest = 0.0
    for i in among:
        largest = max(largest, abs(part[i] / whole[i]))
    return largest


@compiled
def _mean_square_shortfall(s: FloatArray) -> float:
    total = 0.0
    for value in s:
        total += min(value, 0.0) ** 2
    return total / len(s)


@compiled
def _contributions(R: FloatArray, w: FloatArray, s: FloatArray) -> FloatArray:
    return w * (np.minimum(s, 0.0) @ R) / len(s)


@compiled
def _follow(R: FloatArray, s: FloatArray, H: FloatArray, inside: BoolArray) -> None:
    """Bring H = Σ_{t in S} r_t r_tᵀ, in place, to the S of the present s."""
    changed = np.flatnonzero((s < 0.0) != inside)
    if len(changed) * R.shape[1] > _BLAS_PAYS:
        rows = R[changed]
        signed = rows.copy()
        for k, t in enumerate(changed):
            if inside[t]:
                signed[k] *= -1.0
        H += signed.T @ rows
    else:
        for t in changed:
            row, sign = R[t], -1.0 if inside[t] else 1.0
            for i in range(len(row)):
                scaled = sign * row[i]
                for j in range(len(row)):
                    H[i, j] += scaled * row[j]
    for t in changed:
        inside[t] = not inside[t]


@compiled
def _scaled(H: FloatArray, w: FloatArray, barrier: FloatArray, T: int) -> FloatArray:
    """W H W / T + diag(barrier)."""
    K = np.empty_like(H)
    for i in range(len(w)):
        for j in range(len(w)):
            K[i, j] = H[i, j] * (w[i] * w[j] / T)
        K[i, i] += barrier[i]
    return K


@compiled
def _solve(K: FloatArray, right: FloatArray) -> None:
    """K⁻¹ right (n, m), in place; K is overwritten."""
    if len(K) > _LAPACK_PAYS:
        right[:] = np.linalg.solve(K, right)
        return
    _factor(K)
    for column in range(right.shape[1]):
        for i in range(len(K)):
            rest = right[i, column]
            for k in range(i):
                rest -= K[i, k] * right[k, column]
            right[i, column] = rest * K[i, i]
        for i in range(len(K) - 1, -1, -1):
            right[i, column] *= K[i, i]
            for k in range(i):
                right[k, column] -= K[i, k] * right[i, column]


@compiled
def _factor(K: FloatArray) -> None:
    """Cholesky's L in place of the lower half, with inverses on its diagonal."""
    for i in range(len(K)):
        for j in range(i):
            rest = K[i, j]
            for k in range(j):
                rest -= K[i, k] * K[j, k]
            K[i, j] = rest * K[j, j]
        rest = K[i, i]
        for k in range(i):
            rest -= K[i, k] * K[i, k]
        K[i, i] = 1.0 / np.sqrt(rest)
