"""Compiled: which bounds and rows are held with equality, and when that changes.

An asset's ``side`` is -1 at its lower bound, +1 at its upper, 0 free; a row's ``held`` likewise, or IMPLIED.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import dot, largest
from portfolio.polytope import Polytope

IMPLIED = 2
"""Mark of a row that follows from the held ones on the present face."""
_MOST_AT_ONCE = 8
"""Bounds left at once, or as many as there are free assets, so that the free set grows quickly where it must."""
_WORTH_LEAVING = 0.05
"""Share of the worst multiplier from which a bound is left together with it."""
_STUCK = 3
"""Steps of length zero in a row after which bounds are left one at a time, the worst first; after
many more the first one, which cannot cycle (Bland 1977)."""


@compiled
def standing(x: FloatArray, P: Polytope) -> IntArray:
    """-1 at the lower bound, +1 at the upper, 0 free; one asset is always free, to carry the budget's price."""
    side = np.zeros(len(x), np.int64)
    loose = -1
    for i in range(len(x)):
        side[i] = -1 if x[i] <= P.lower[i] else (1 if x[i] >= P.upper[i] else 0)
        if P.lower[i] < P.upper[i]:
            loose = i
    if loose >= 0 and np.all(side != 0):
        side[loose] = 0
    return side


@compiled
def met(P: Polytope, x: FloatArray) -> IntArray:
    """Rows on which ``x`` stands: -1 at low, +1 at high, else 0."""
    held = np.zeros(len(P.low), np.int64)
    for k in range(len(P.low)):
        value = dot(P.A[k], x)
        held[k] = -1 if abs(value - P.low[k]) <= 1e-12 else (1 if abs(value - P.high[k]) <= 1e-12 else 0)
    return held


@compiled
def room_along(
    p: FloatArray,
    free: IntArray,
    P: Polytope,
    held: IntArray,
    x: FloatArray,
) -> tuple[float, int]:
    """How far ``p`` may be gone, at most 1, and what stops it: a free asset's number, n + row, or -1."""
    n, room, blocking = len(free), 1.0, -1
    size = largest(p)
    if size <= 1e-15:
        return 0.0, -1
    for i in range(n):
        if p[i] != 0.0:
            bound = P.upper[free[i]] if p[i] > 0.0 else P.lower[free[i]]
            share = (bound - x[free[i]]) / p[i]
            if share < room:
                room, blocking = max(share, 0.0), i
    for k in range(len(P.low)):
        if held[k] == 0:
            change = _along(P.A[k], free, p)
            # a row that follows from the held ones changes by rounding only
            if abs(change) > 1e-12 * size:
                share = ((P.high[k] if change > 0.0 else P.low[k]) - dot(P.A[k], x)) / change
                if share < room:
                    room, blocking = max(share, 0.0), n + k
    if room < 1.0 and n == np.sum(np.abs(held) == 1):
        return 0.0, -1  # at a vertex there is nowhere to go: what is seen is rounding
    return room, blocking


@compiled
def hold(
    blocking: int,
    p: FloatArray,
    free: IntArray,
    P: Polytope,
    side: IntArray,
    held: IntArray,
    x: FloatArray,
    stuck: int,
) -> None:
    """Stand on what stopped the step, and on every bound that it would have left at once."""
    if blocking >= len(free):
        row = blocking - len(free)
        held[row] = 1 if _along(P.A[row], free, p) > 0.0 else -1
        return
    for i in range(len(free)):
        j = free[i]
        bound = P.upper[j] if p[i] > 0.0 else P.lower[j]
        if i == blocking or (stuck <= _STUCK and p[i] != 0.0 and x[j] == bound):
            x[j] = bound
            side[j] = 1 if p[i] > 0.0 else -1


@compiled
def leave(
    reduced: FloatArray,
    prices: FloatArray,
    P: Polytope,
    side: IntArray,
    held: IntArray,
    stuck: int,
    free: int,
) -> None:
    """Let go of the bounds and rows whose multipliers have the wrong sign."""
    N, K = len(side), len(held)
    wrong = np.zeros(N + K)
    for i in range(N):
        if P.lower[i] < P.upper[i]:
            wrong[i] = max(0.0, reduced[i] * side[i])
    for k in range(K):
        if P.low[k] < P.high[k] and held[k] != IMPLIED:
            wrong[N + k] = max(0.0, prices[k] * held[k])
    worst = wrong.max()
    if worst == 0.0:
        return
    held[held == IMPLIED] = 0
    least = _threshold(wrong, worst, stuck, max(_MOST_AT_ONCE, free))
    for j in range(N + K):
        if wrong[j] >= least:
            if j < N:
                side[j] = 0
            else:
                held[j - N] = 0


@compiled
def _threshold(wrong: FloatArray, worst: float, stuck: int, most: int) -> float:
    """The multiplier from which rows are left: many at once on open ground, one by one where nothing moves."""
    if stuck > _STUCK:
        one = np.argmax(wrong) if stuck <= _STUCK + len(wrong) else np.flatnonzero(wrong)[0]
        wrong[one] = np.inf
        return np.inf
    least = _WORTH_LEAVING * worst
    if np.sum(wrong >= least) > most:
        least = np.partition(wrong, len(wrong) - most)[len(wrong) - most]
    return least


@compiled
def _along(row: FloatArray, free: IntArray, p: FloatArray) -> float:
    total = 0.0
    for i in range(len(free)):
        total += row[free[i]] * p[i]
    return total
