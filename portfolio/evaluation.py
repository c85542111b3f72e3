"""Compiled: what is true of any weights by the data alone: their objective, duality gap and violation."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.polytope import Polytope, largest_miss

_CLEAR_GAIN = 1e-6
"""Share of the gross return from which a gain cannot have been a shortfall before rounding."""


@compiled
def evaluated(
    R: FloatArray,
    b: float,
    w: FloatArray,
    P: Polytope,
    rows: FloatArray,
    held: FloatArray,
    limit: float,
    turnover: float,
) -> tuple[float, float, float]:
    """The objective f (fraction² a day), duality gap, and the largest violation; all NaN when weights or prices are no numbers.

    Args:
        R: Returns (T, N).
        b: Minimum acceptable return, fraction a day.
        w: Weights (N,).
        P: Bounds and rows.
        rows: Prices of the rows (K,).
        held: Weights (N,) that turnover is measured against; empty when it has no limit.
        limit: Limit on turnover, fraction of equity.
        turnover: Its price, at least zero.
    """
    T, N = R.shape
    gradient, objective = np.zeros(N), 0.0
    for t in range(T):
        value = -b
        for i in range(N):
            value += R[t, i] * w[i]
        if value < 0.0:
            objective += value * value
            for i in range(N):
                gradient[i] += value * R[t, i]
    gap = _gap(gradient * (2.0 / T), w, P, rows, held, limit, turnover)
    # a choice compiled to a maximum drops NaN: the check stands apart
    if not (np.isfinite(w).all() and np.isfinite(rows).all() and np.isfinite(turnover)):
        return np.nan, np.nan, np.nan
    return objective / T, max(0.0, gap), _violation(w, P, held, limit)


@compiled
def gross_square(R: FloatArray, w: FloatArray, b: float) -> float:
    """Mean square of what Rw - b would be if no position offset another, fraction².

    Sessions of clear gains do not enter f, nor does their rounding: they do not count.
    """
    total = 0.0
    for t in range(len(R)):
        gross, net = abs(b), -b
        for i in range(len(w)):
            part = R[t, i] * w[i]
            gross += abs(part)
            net += part
        if net < _CLEAR_GAIN * gross:
            total += gross * gross
    return total / len(R)


@compiled
def _gap(
    gradient: FloatArray,
    w: FloatArray,
    P: Polytope,
    rows: FloatArray,
    held: FloatArray,
    limit: float,
    turnover: float,
) -> float:
    """∇f·w less the least of the Lagrangian over the box: for each asset at a bound, or at what is held."""
    gap = turnover * limit
    for k in range(len(rows)):
        # each price meets the side of its row that it presses on
        gap -= rows[k] * (P.low[k] if rows[k] > 0.0 else P.high[k])
    for i in range(len(w)):
        rest = gradient[i]
        for k in range(len(rows)):
            rest -= rows[k] * P.A[k, i]
        least = min(rest * P.lower[i], rest * P.upper[i])
        if len(held) > 0:
            half = 0.5 * turnover
            least = np.inf
            for v in (P.lower[i], P.upper[i], min(max(held[i], P.lower[i]), P.upper[i])):
                least = min(least, rest * v + half * abs(v - held[i]))
        gap += gradient[i] * w[i] - least
    return gap


@compiled
def _violation(w: FloatArray, P: Polytope, held: FloatArray, limit: float) -> float:
    worst = largest_miss(P, w)
    for i in range(len(w)):
        worst = max(worst, P.lower[i] - w[i], w[i] - P.upper[i])
    if len(held) > 0:
        worst = max(worst, 0.5 * np.abs(w - held).sum() - limit)
    return worst
