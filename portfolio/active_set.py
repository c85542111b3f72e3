"""The compiled inner loop: least squared shortfall over a polytope, by an active set of bounds and rows.

    min Φ(x) = ½ Σ_t min(r_t·x - h_t, 0)²    over    lower <= x <= upper,  low <= A x <= high

Φ is once differentiable and piecewise quadratic: as long as the set S of sessions with a shortfall stays the same
it is the quadratic with Hessian R_SᵀR_S. Assets strictly between their bounds are free, all others stand on a
bound; rows that are held with equality are kept so. On such a face one Newton step goes towards the minimum of
the present quadratic, cut short by the exact minimum of Φ on the way and by the first bound or row in it (Nocedal &
Wright, Numerical Optimization, 2006, section 16.5). At its end, or near it, the multipliers say which bounds to leave. So the Gram
matrix is only ever that of the free assets in the sessions that count, and one pass over the returns prices the rest.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import add, cholesky, dot, factored, largest, products, solved, subtract
from portfolio.gram import block, bring_up_to_date, fetch
from portfolio.pieces import exact_length, negative_gradient, objective_and_gradient, portfolio_change, slack
from portfolio.polytope import Polytope
from portfolio.working_set import IMPLIED, hold, leave, met, room_along, standing

_GOOD_ENOUGH = 1e-12
"""Gap, relative to the objective, at which nothing is left to gain."""
_NEARLY_THERE = 0.7
"""Share of a step from which its end is near enough to the minimum of the face for the multipliers to be asked."""
_PATIENCE = 6
"""Prices without a gain after which rounding has the last word."""
_DRIFT = 1e-15
"""Miss of a held row (fraction of equity) that is mended."""
_DIGITS = 1e3
"""Ratio of a diagonal to a pivot beyond which a solution is refined."""
_REFINEMENTS = 4
_MOST_PIVOTS = 200
"""Prices more without a gain at a point where more rows meet than are needed to hold it."""


@compiled
def least_shortfall(
    R: FloatArray, h: FloatArray, P: Polytope, start: FloatArray, floor: float
) -> tuple[FloatArray, FloatArray, float, int]:
    """Minimise Φ from a feasible ``start``.

    Args:
        R: Returns (T, N), C-ordered.
        h: Hurdles (T,).
        P: Bounds and rows.
        start: Feasible point (N,).
        floor: Φ below which relative statements are about rounding.

    Returns:
        The point (N,), multipliers of the rows (K,) and duality gap in units of Φ, and the number of steps.
    """
    N, K, x = len(start), len(P.low), start.copy()
    side, held = standing(x, P), met(P, x)
    best, best_prices, best_gap, last, idle, stuck, step = x, np.zeros(K), np.inf, np.inf, 0, 0, 0
    X, H = np.empty((N, len(h))), np.empty((N, N))
    known, counted = np.zeros(N, np.bool_), np.zeros(len(h), np.bool_)
    fetch(R, X, known, np.flatnonzero(x))
    s, gradient, priced = slack(X, h, x), np.zeros(N), False
    for step in range(1, 100 + 20 * (N + K)):
        free = np.flatnonzero(side == 0)
        bring_up_to_date(H, X, counted, known, fetch(R, X, known, free), s)
        if not np.any(counted):
            _put_on_rows(H, free, P, held, x)
            return x, np.zeros(K), 0.0, step
        pull, priced = -gradient[free] if priced else negative_gradient(X, free, s), False
        p, prices = _newton_step(block(H, free), pull, free, P, held, x)
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
        if length < _NEARLY_THERE * room:
            continue
        if _put_on_rows(H, free, P, held, x):
            s = slack(X, h, x)
        objective, gradient = objective_and_gradient(R, s)
        priced = True
        gap, reduced = _gap(gradient, x, prices, P)
        idle = 0 if gap < best_gap or objective < last * (1.0 - _GOOD_ENOUGH) else idle + 1
        last = min(last, objective)
        if gap < best_gap:
            best, best_prices, best_gap = x.copy(), prices, gap
        # short of the face's minimum the floor is no measure: where an asset's returns are enormous it lets anything pass
        scale = max(objective, floor) if length >= room else objective
        if gap <= _GOOD_ENOUGH * scale or idle > _PATIENCE + min(stuck, 1) * _MOST_PIVOTS:
            break
        leave(reduced, prices, P, side, held, stuck, len(free))
    return best, best_prices, best_gap, step


@compiled
def _newton_step(
    H: FloatArray,
    g: FloatArray,
    free: IntArray,
    P: Polytope,
    held: IntArray,
    x: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The step p of the free assets to the minimum of the quadratic on the held rows, and the rows' multipliers.

    (H + εI) p = g + Bᵀν with B p = r and g the negative gradient of the free assets, by Cholesky and the Schur complement B (H + εI)⁻¹ Bᵀ. Where assets
    repeat, that loses digits, which the refinement gets back. Rows that follow from others are marked so.
    """
    n, prices = len(free), np.zeros(len(P.low))
    if n == 0:
        return np.zeros(0), prices
    L, proximal = factored(H)
    B, r, rows, Y, C = _independent_rows(P, L, free, held, x)
    miss, force, p = r.copy(), g.copy(), np.zeros(n)
    stiff = _stiff(H, L)
    for repeat in range(_REFINEMENTS):
        if repeat > 0:
            miss[:] = r
            subtract(miss, B, p)
            if not stiff and largest(miss) <= 1e-15:
                break
            force[:] = g
            add(force, -proximal, p)
            subtract(force, H, p)
            for a in range(len(rows)):
                add(force, prices[rows[a]], B[a])
        z = solved(L, force)
        subtract(miss, B, z)
        more = solved(C, miss)
        add(p, 1.0, z)
        for a in range(len(rows)):
            add(p, more[a], Y[a])
            prices[rows[a]] += more[a]
    return p, prices


@compiled
def _independent_rows(
    P: Polytope, L: FloatArray, free: IntArray, held: IntArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray, FloatArray]:
    """Held rows that do not follow from each other: B (m, n), their misses and numbers, B (H + εI)⁻¹, and the Schur factor."""
    B, r, rows = _held_rows(P, free, held, x)
    Y = np.empty_like(B)
    for a in range(len(rows)):
        Y[a] = solved(L, B[a])
    C = products(B, Y)
    while len(rows) > 0:
        dependent = cholesky(C)
        if dependent < 0:
            break
        held[rows[dependent]] = IMPLIED
        kept = np.arange(len(rows)) != dependent
        B, Y, r, rows = B[kept], Y[kept], r[kept], rows[kept]
        C = products(B, Y)
    return B, r, rows, Y, C


@compiled
def _put_on_rows(H: FloatArray, free: IntArray, P: Polytope, held: IntArray, x: FloatArray) -> bool:
    """Mend what rounding let the held rows drift; whether anything was mended."""
    mended = False
    for _ in range(3):
        B, r, _ = _held_rows(P, free, held, x)
        miss = largest(r)
        if miss <= _DRIFT or len(free) == 0:
            break
        before = x.copy()
        _move(x, free, 1.0, _least_change(H, free, B, r), P)
        if not largest(_held_rows(P, free, held, x)[1]) < 0.5 * miss:
            x[:] = before
            break
        mended = True
    return mended


@compiled
def _least_change(H: FloatArray, free: IntArray, B: FloatArray, r: FloatArray) -> FloatArray:
    """A change p of the free assets with B p = r, mostly of those that move Φ least, (n,)."""
    weight, p = np.empty(len(free)), np.zeros(len(free))
    for i in range(len(free)):
        weight[i] = abs(H[free[i], free[i]])
    weight = 1.0 / (weight + 1e-4 * largest(weight) + 1e-300)
    weight /= largest(weight)
    C = products(B, B * weight)
    while len(r) > 0:
        dependent = cholesky(C)
        if dependent < 0:
            y = solved(C, r)
            for a in range(len(r)):
                p += y[a] * B[a] * weight
            break
        kept = np.arange(len(r)) != dependent
        B, r = B[kept], r[kept]
        C = products(B, B * weight)
    return p


@compiled
def _stiff(H: FloatArray, L: FloatArray) -> bool:
    """Whether the pivots of the factor say that many digits were lost."""
    most, least = 0.0, np.inf
    for i in range(len(H)):
        most = max(most, H[i, i])
        least = min(least, 1.0 / (L[i, i] * L[i, i]))
    return most > _DIGITS * least


@compiled
def _held_rows(
    P: Polytope, free: IntArray, held: IntArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Held rows over the free assets B (m, n), what is missing to them (m,), and which they are."""
    rows, m, n = np.empty(len(held), np.int64), 0, len(free)
    for k in range(len(held)):
        if abs(held[k]) == 1:
            rows[m] = k
            m += 1
    rows = rows[:m]
    B, r = np.empty((m, n)), np.empty(m)
    for a in range(m):
        k = rows[a]
        for i in range(n):
            B[a, i] = P.A[k, free[i]]
        r[a] = (P.low[k] if held[k] < 0 else P.high[k]) - dot(P.A[k], x)
    return B, r, rows


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
