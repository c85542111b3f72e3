"""Compiled: the squared shortfall Φ(x) = ½ Σ_t min(r_t·x - h_t, 0)², its gradient, and its minimum along a line.

s = R x - h is the slack of the sessions, negative where there is a shortfall. Sums over assets read R (T, N) by
rows; sums over sessions read copies of its columns, X (N, T), of those assets that have ever been held or free.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import dot
from portfolio.gram import shortfalls


@compiled
def slack(X: FloatArray, h: FloatArray, x: FloatArray) -> FloatArray:
    """r_t·x - h_t, (T,)."""
    return portfolio_change(X, np.flatnonzero(x), x[x != 0.0]) - h


@compiled
def portfolio_change(X: FloatArray, free: IntArray, p: FloatArray) -> FloatArray:
    """What the step ``p`` of the free assets adds to the portfolio's returns, (T,)."""
    q = np.zeros(X.shape[1])
    for i in range(len(free)):
        row, step = X[free[i]], p[i]
        for t in range(len(q)):
            q[t] += step * row[t]
    return q


@compiled
def negative_gradient(X: FloatArray, free: IntArray, s: FloatArray) -> FloatArray:
    """-∂Φ/∂x of the free assets, (n,)."""
    d, g = np.minimum(s, 0.0), np.empty(len(free))
    for i in range(len(free)):
        g[i] = -dot(X[free[i]], d)
    return g


@compiled
def objective_and_gradient(R: FloatArray, s: FloatArray) -> tuple[float, FloatArray]:
    """Φ and its gradient (N,) from the slack (T,); four rows at a time, which quarters the traffic on the gradient."""
    short, g, objective = shortfalls(s), np.zeros(R.shape[1]), 0.0
    for t in range(len(s)):
        objective += 0.5 * min(s[t], 0.0) ** 2
    whole = len(short) - len(short) % 4
    for j in range(0, whole, 4):
        t0, t1, t2, t3 = short[j], short[j + 1], short[j + 2], short[j + 3]
        s0, s1, s2, s3 = s[t0], s[t1], s[t2], s[t3]
        row0, row1, row2, row3 = R[t0], R[t1], R[t2], R[t3]
        for i in range(len(g)):
            g[i] += (s0 * row0[i] + s1 * row1[i]) + (s2 * row2[i] + s3 * row3[i])
    for j in range(whole, len(short)):
        row, loss = R[short[j]], s[short[j]]
        for i in range(len(g)):
            g[i] += loss * row[i]
    return objective, g


@compiled
def exact_length(s: FloatArray, q: FloatArray, room: float) -> float:
    """The minimum over 0 <= α <= room of ½ Σ_t min(s_t + α q_t, 0)².

    Its slope is increasing and piecewise linear: Newton's method, kept between a falling and a rising end.
    """
    falling, rising, length = 0.0, room, room
    initial, _ = _slope(s, q, 0.0)
    if not initial < 0.0:
        return room  # by theory it falls: what is seen is rounding, and the step as small
    for repeat in range(60):
        slope, curvature = _slope(s, q, length)
        if slope <= -1e-10 * initial and (repeat == 0 or slope >= 1e-10 * initial):
            break
        if slope > 0.0:
            rising = length
        else:
            falling = length
        nearer = length - slope / curvature if curvature > 0.0 else falling
        length = nearer if falling < nearer < rising else 0.5 * (falling + rising)
    return length


@compiled
def _slope(s: FloatArray, q: FloatArray, length: float) -> tuple[float, float]:
    """First and second derivative of ½ Σ_t min(s_t + α q_t, 0)² at α = ``length``."""
    slope, curvature = 0.0, 0.0
    for t in range(len(s)):
        d = min(s[t] + length * q[t], 0.0)
        slope += d * q[t]
        curvature += q[t] * q[t] if d < 0.0 else 0.0
    return slope, curvature
