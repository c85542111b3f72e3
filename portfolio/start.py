"""Compiled: where the active set begins, and the way down from there."""

from __future__ import annotations

import numpy as np

from portfolio.active_set import least_shortfall
from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import dot
from portfolio.polytope import Polytope, largest_miss

ROUNDING = 1e-12
"""Fraction of equity by which a row may be missed and still count as kept."""
INSIDE = 1e-14
"""Fraction of equity by which rows are widened while looking for a start, so that the search can end."""
_EVEN = 1e-15
"""Fraction of equity by which a sum of weights may miss the budget and still be left alone."""
_FEW = 24
"""Assets to begin with, unless their bounds take less than the budget."""
_NEARLY = 0.01
"""Difference of two marginal shortfalls, as a share of the lower, that is not worth another exchange."""


@compiled
def minimised(
    R: FloatArray, h: FloatArray, P: Polytope, near: FloatArray, losses: FloatArray, floor: float
) -> tuple[FloatArray, FloatArray, int, float]:
    """The least shortfall from ``near``, or from the assets of least squared ``losses`` when that is empty.

    Returns:
        The point, the multipliers of the rows in units of Φ, the steps, and by how much the start misses the rows: when
        that is more than rounding, no step was taken.
    """
    x, miss = feasible_point(P, near if len(near) > 0 else calmest_few(R, h, P, losses))
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
def calmest_few(R: FloatArray, h: FloatArray, P: Polytope, losses: FloatArray) -> FloatArray:
    """Nearly the least squared shortfall among the assets of least squared losses alone, (N,).

    The budget is spread over them in inverse proportion to that, then moved from one to another, each time from the asset
    of highest marginal shortfall to the one of lowest, while the sessions that count stay those of the spread.
    Bounds may be broken: ``onto_budget`` comes next.

    Args:
        R: Returns (T, N).
        h: Hurdles (T,).
        P: Its first row is the budget.
        losses: Of each asset alone (N,), from ``squared_losses``.
    """
    few, x = _spread(losses, P)
    n, some = len(few), x[few]
    chosen = R[:, few] if len(losses) > _FEW else R
    C, g, short = np.empty((len(R), n)), np.zeros(n), 0
    for t in range(len(R)):
        row, into, slack = chosen[t], C[short], -h[t]
        for i in range(n):
            into[i] = row[i]
            slack += row[i] * some[i]
        if slack < 0.0:
            short += 1
            for i in range(n):
                g[i] += slack * row[i]
    G = C[:short]
    _exchange(G.T @ G, g, few, P, x)
    return x


@compiled
def _spread(losses: FloatArray, P: Polytope) -> tuple[IntArray, FloatArray]:
    """The calmest assets, and the budget among them in inverse proportion to their losses."""
    N = len(losses)
    order = np.argsort(losses) if N > _FEW else np.arange(N)
    x = P.lower.copy()
    left = P.low[0] - x.sum()
    count, room = 0, 0.0
    while count < N and (count < _FEW or room < left):
        room += P.upper[order[count]] - P.lower[order[count]]
        count += 1
    few = order[:count]
    share = 1.0 / (losses[few] + 1e-9 * losses[few].sum() + 1e-300)
    x[few] += left * share / share.sum()
    return few, np.minimum(x, P.upper)


@compiled
def _exchange(H: FloatArray, g: FloatArray, few: IntArray, P: Polytope, x: FloatArray) -> None:
    """Lower the quadratic with Hessian H and gradient g (n,) over the few assets of ``x``, two at a time."""
    n = len(few)
    for _ in range(n):
        low, high = -1, -1
        for i in range(n):
            if x[few[i]] < P.upper[few[i]] and (low < 0 or g[i] < g[low]):
                low = i
            if x[few[i]] > P.lower[few[i]] and (high < 0 or g[i] > g[high]):
                high = i
        if low < 0 or high < 0 or g[high] - g[low] <= _NEARLY * abs(g[low]):
            break
        bend = H[low, low] + H[high, high] - 2.0 * H[low, high]
        most = min(P.upper[few[low]] - x[few[low]], x[few[high]] - P.lower[few[high]])
        step = min(most, (g[high] - g[low]) / bend) if bend > 0.0 else most
        x[few[low]] = P.upper[few[low]] if step == P.upper[few[low]] - x[few[low]] else x[few[low]] + step
        x[few[high]] = (
            P.lower[few[high]] if step == x[few[high]] - P.lower[few[high]] else x[few[high]] - step
        )
        g += step * (H[low] - H[high])


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
    if total > 0.0 and abs(missing) > _EVEN:  # or an asset would be moved off its bound for nothing
        share = min(1.0, abs(missing) / total)
        for i in range(len(x)):
            if x[i] > P.lower[i]:
                x[i] += sign * share * room[i] * P.A[0, i]
                room[i] = 0.0
    missing = sign * (P.low[0] - dot(P.A[0], x))
    for i in range(len(x)):
        if missing <= _EVEN:
            break
        step = min(room[i], missing)
        x[i] += sign * step * P.A[0, i]
        missing -= step
    x = np.minimum(np.maximum(x, P.lower), P.upper)
    return x, largest_miss(P, x)


@compiled
def squared_losses(R: FloatArray) -> tuple[FloatArray, float]:
    """Σ_t min(R_ti, 0)² of each asset (N,), and the sum of all squares, which is no number when a return is none."""
    losses, squares = np.zeros(R.shape[1]), np.zeros(R.shape[1])
    for t in range(len(R)):
        for i in range(len(losses)):
            loss = min(R[t, i], 0.0)
            losses[i] += loss * loss
            squares[i] += R[t, i] * R[t, i]
    return losses, squares.sum()
