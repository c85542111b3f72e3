"""Compiled: where the active set begins, and the way down from there."""

from __future__ import annotations

import numpy as np

from portfolio.active_set import least_shortfall
from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.dense import dot
from portfolio.polytope import Polytope, largest_miss

ROUNDING = 1e-12
"""Fraction of equity by which a row may be missed and still count as kept."""
INSIDE = 1e-14
"""Fraction of equity by which rows are widened while looking for a start, so that the search can end."""
_FEW = 6
"""Assets to begin with, unless their bounds take less than the budget."""


@compiled
def minimised(
    R: FloatArray, h: FloatArray, P: Polytope, near: FloatArray, floor: float
) -> tuple[FloatArray, FloatArray, int, float]:
    """The least shortfall from ``near``, or from the calmest assets when that is empty.

    Returns:
        The point, the multipliers of the rows in units of Φ, the steps, and by how much the start misses the rows: when
        that is more than rounding, no step was taken.
    """
    x, miss = feasible_point(P, near if len(near) > 0 else calmest_few(R, h, P))
    if miss > ROUNDING:
        return x, np.zeros(len(P.low)), 0, miss
    x, prices, _, steps = least_shortfall(R, h, P, x, floor)
    return x, prices, steps, miss


@compiled
def feasible_point(P: Polytope, wish: FloatArray) -> tuple[FloatArray, float]:
    """``wish`` moved towards the rows of ``P``, the first of them a budget, and by how much it misses them.

    That is itself a least squared shortfall: of the rows, over bounds and budget.
    """
    x, miss = onto_budget(wish, P)
    if len(P.low) == 1 or miss <= INSIDE:
        return x, miss
    rows = P.A[1:]
    h = np.concatenate((P.low[1:], -P.high[1:])) - INSIDE
    budget = Polytope(P.lower, P.upper, P.A[:1], P.low[:1], P.high[:1])
    x, _, _, _ = least_shortfall(np.concatenate((rows, -rows)), h, budget, x, INSIDE**2)
    return x, largest_miss(P, x)


@compiled
def calmest_few(R: FloatArray, h: FloatArray, P: Polytope) -> FloatArray:
    """The budget among the assets of least squared shortfall alone, in inverse proportion to it, (N,).

    Few weights off their bounds keep the first steps cheap. Bounds may be broken: ``onto_budget`` comes next.

    Args:
        R: Returns (T, N).
        h: Hurdles (T,).
        P: Its first row is the budget.
    """
    N = R.shape[1]
    alone = np.zeros(N)
    for t in range(len(h)):
        for i in range(N):
            d = min(R[t, i] - h[t], 0.0)
            alone[i] += d * d
    order, x = np.argsort(alone), P.lower.copy()
    left = P.low[0] - x.sum()
    count, room = 0, 0.0
    while count < N and (count < _FEW or room < left):
        room += P.upper[order[count]] - P.lower[order[count]]
        count += 1
    few = order[:count]
    share = 1.0 / (alone[few] + 1e-9 * alone[few].sum() + 1e-300)
    x[few] += left * share / share.sum()
    return x


@compiled
def onto_budget(wish: FloatArray, P: Polytope) -> tuple[FloatArray, float]:
    """``wish`` moved into the bounds and onto the first row, whose coefficients are ±1, (N,), and what rows miss.

    What is missing goes to assets off their lower bounds, in proportion to their room, so that no asset enters without
    need; what these cannot take, to one asset after the other, so that few do.
    """
    x = np.minimum(np.maximum(wish, P.lower), P.upper)
    missing, total = P.low[0] - dot(P.A[0], x), 0.0
    room = np.zeros(len(x))
    for i in range(len(x)):
        room[i] = P.upper[i] - x[i] if missing * P.A[0, i] > 0.0 else x[i] - P.lower[i]
        total += room[i] if x[i] > P.lower[i] else 0.0
    sign = 1.0 if missing > 0.0 else -1.0
    if total > 0.0:
        share = min(1.0, abs(missing) / total)
        for i in range(len(x)):
            if x[i] > P.lower[i]:
                x[i] += sign * share * room[i] * P.A[0, i]
                room[i] = 0.0
    missing = sign * (P.low[0] - dot(P.A[0], x))
    for i in range(len(x)):
        if missing <= 1e-15:
            break
        step = min(room[i], missing)
        x[i] += sign * step * P.A[0, i]
        missing -= step
    x = np.minimum(np.maximum(x, P.lower), P.upper)
    return x, largest_miss(P, x)


@compiled
def largest_loss(R: FloatArray) -> float:
    """max_i Σ_t min(R_ti, 0)²; infinite when the squares of returns do not fit a double."""
    squares, all_squares = np.zeros(R.shape[1]), 0.0
    for t in range(len(R)):
        for i in range(len(squares)):
            loss = min(R[t, i], 0.0)
            squares[i] += loss * loss
            all_squares += R[t, i] * R[t, i]
    return float(squares.max()) if np.isfinite(all_squares) else np.inf
