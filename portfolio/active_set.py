"""The compiled inner loop: least squared shortfall over a polytope, by an active set of bounds and rows.

    min Φ(x) = ½ Σ_t min(r_t·x - h_t, 0)²    over    lower <= x <= upper,  low <= A x <= high

Φ is once differentiable and piecewise quadratic: as long as the set S of sessions with a shortfall stays the same
it is the quadratic with Hessian R_SᵀR_S. Assets strictly between their bounds are free, all others stand on a
bound; rows that are held with equality are kept so. On such a face one Newton step goes towards the minimum of
the present quadratic, cut short by the exact minimum of Φ on the way and by the first bound or row in it (Nocedal &
Wright, Numerical Optimization, 2006, section 16.5). At its end the multipliers say which bounds to leave. So the Gram
matrix is only ever that of the free assets in the sessions that count, and one pass over the returns prices the rest.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import cholesky, dot, factored, gram_matrix, largest, products, solved, subtract
from portfolio.pieces import (
    exact_length,
    gathered,
    objective_and_gradient,
    portfolio_change,
    shortfalls,
    slack,
)
from portfolio.polytope import Polytope
from portfolio.working_set import IMPLIED, hold, leave, met, room_along, standing

_GOOD_ENOUGH = 1e-12
"""Gap, relative to the objective, at which nothing is left to gain."""
_PATIENCE = 6
"""Prices without a gain after which rounding has the last word."""
_MOST_PIVOTS = 200
"""Prices more without a gain at a point where more rows meet than are needed to hold it."""


@compiled
def least_shortfall(
    X: FloatArray,
    h: FloatArray,
    P: Polytope,
    start: FloatArray,
    floor: float,
) -> tuple[FloatArray, FloatArray, float, int]:
    """Minimise Φ from a feasible ``start``.

    Args:
        X: Returns (N, T), an asset a row, C-ordered.
        h: Hurdles (T,).
        P: Bounds and rows.
        start: Feasible point (N,).
        floor: Φ below which relative statements are about rounding.

    Returns:
        The point (N,), multipliers of the rows (K,) and duality gap in units of Φ, and the number of steps.
    """
    N, K, x = len(start), len(P.low), start.copy()
    side, held = standing(x, P), met(P, x)
    best, best_prices, best_gap, last = x.copy(), np.zeros(K), np.inf, np.inf
    idle, stuck, step = 0, 0, 0
    s = slack(X, h, x)
    for step in range(1, 100 + 20 * (N + K)):
        short = shortfalls(s)
        if len(short) == 0:
            return x, np.zeros(K), 0.0, step
        free = np.flatnonzero(side == 0)
        p, prices = _newton_step(X, s, short, free, P, held, x)
        room, blocking = room_along(p, free, P, held, x)
        length = 0.0
        if room > 0.0:
            q = portfolio_change(X, free, p)
            length = exact_length(s, q, room)
            s += length * q
            _move(x, free, length, p, P)
            if step % 32 == 0:
                s = slack(X, h, x)
        stuck = 0 if length > 0.0 else stuck + 1
        if blocking >= 0 and length >= room:
            hold(blocking, p, free, P, side, held, x, stuck)
            continue
        if length < min(room, 1.0):
            continue
        objective, gradient = objective_and_gradient(X, s)
        gap, reduced = _gap(gradient, x, prices, P)
        idle = 0 if gap < best_gap or objective < last * (1.0 - _GOOD_ENOUGH) else idle + 1
        last = min(last, objective)
        if gap < best_gap:
            best[:], best_prices[:], best_gap = x, prices, gap
        if gap <= _GOOD_ENOUGH * max(objective, floor) or idle > _PATIENCE + min(stuck, 1) * _MOST_PIVOTS:
            break
        leave(reduced, prices, P, side, held, stuck, len(free))
    return best, best_prices, best_gap, step


@compiled
def _newton_step(
    X: FloatArray,
    s: FloatArray,
    short: IntArray,
    free: IntArray,
    P: Polytope,
    held: IntArray,
    x: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The step p of the free assets to the minimum of the quadratic on the held rows, and the rows' multipliers.

    (H + εI) p = -g + Bᵀν with B p = r, by Cholesky and the Schur complement B (H + εI)⁻¹ Bᵀ. Where assets
    repeat, that loses digits, which the refinement gets back. Rows that follow from others are marked so.
    """
    n, prices = len(free), np.zeros(len(P.low))
    if n == 0:
        return np.zeros(0), prices
    G, d = gathered(X, short, free), s[short]
    H = gram_matrix(G)
    g = np.empty(n)
    for i in range(n):
        g[i] = -dot(G[i], d)
    L, proximal = factored(H)
    B, Y, r, rows = _held_rows(P, L, free, held, x)
    C = products(B, Y)
    while len(rows) > 0:
        dependent = cholesky(C)
        if dependent < 0:
            break
        held[rows[dependent]] = IMPLIED
        kept = np.arange(len(rows)) != dependent
        B, Y, r, rows = B[kept], Y[kept], r[kept], rows[kept]
        C = products(B, Y)
    z, p = solved(L, g), np.zeros(n)
    miss, force = r.copy(), g.copy()
    for repeat in range(4):
        if repeat > 0:
            if largest(miss) <= 1e-16 and largest(force) <= 1e-15 * largest(g):
                break
            z = solved(L, force)
        subtract(miss, B, z)
        more = solved(C, miss)
        p += z
        for a in range(len(rows)):
            p += more[a] * Y[a]
            prices[rows[a]] += more[a]
        miss[:] = r
        subtract(miss, B, p)
        force[:] = g - proximal * p
        subtract(force, H, p)
        for a in range(len(rows)):
            force += prices[rows[a]] * B[a]
    return p, prices


@compiled
def _held_rows(
    P: Polytope,
    L: FloatArray,
    free: IntArray,
    held: IntArray,
    x: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Held rows over the free assets B (m, n), B (H + εI)⁻¹, what is missing to them (m,), and which they are."""
    rows = np.flatnonzero(np.abs(held) == 1)
    m, n = len(rows), len(free)
    B, Y, r = np.empty((m, n)), np.empty((m, n)), np.empty(m)
    for a in range(m):
        k = rows[a]
        for i in range(n):
            B[a, i] = P.A[k, free[i]]
        Y[a] = solved(L, B[a])
        r[a] = (P.low[k] if held[k] < 0 else P.high[k]) - dot(P.A[k], x)
    return B, Y, r, rows


@compiled
def _gap(
    g: FloatArray,
    x: FloatArray,
    prices: FloatArray,
    P: Polytope,
) -> tuple[float, FloatArray]:
    """Bound of max over feasible v of g·(x - v) by weak duality, and the reduced gradient g - Aᵀν, (N,)."""
    gap, reduced = dot(g, x), g.copy()
    for k in range(len(P.low)):
        gap -= prices[k] * (P.low[k] if prices[k] > 0.0 else P.high[k])
        if prices[k] != 0.0:
            reduced -= prices[k] * P.A[k]
    for i in range(len(x)):
        gap -= reduced[i] * (P.lower[i] if reduced[i] > 0.0 else P.upper[i])
    return gap, reduced


@compiled
def _move(x: FloatArray, free: IntArray, length: float, p: FloatArray, P: Polytope) -> None:
    """Go ``length`` along ``p`` with the free assets; rounding does not leave the bounds."""
    for i in range(len(free)):
        j = free[i]
        x[j] = min(max(x[j] + length * p[i], P.lower[j]), P.upper[j])
