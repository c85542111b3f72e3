"""Compiled: where the active set begins."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.polytope import Polytope


@compiled
def calmest_vertex(X: FloatArray, h: FloatArray, P: Polytope) -> FloatArray:
    """The budget filled up with the assets of least squared shortfall alone: few weights off their bounds, (N,).

    Args:
        X: Returns (N, T), an asset a row.
        h: Hurdles (T,).
        P: Its first row is the budget.
    """
    alone = np.empty(len(X))
    for i in range(len(X)):
        total = 0.0
        for t in range(len(h)):
            d = min(X[i, t] - h[t], 0.0)
            total += d * d
        alone[i] = total
    x = P.lower.copy()
    left = P.low[0] - x.sum()
    for i in np.argsort(alone):
        if left <= 0.0:
            break
        x[i] += min(left, P.upper[i] - x[i])
        left = P.low[0] - x.sum()
    return x


@compiled
def onto_budget(wish: FloatArray, P: Polytope) -> FloatArray:
    """``wish`` moved into the bounds and onto the first row, whose coefficients are ±1, (N,).

    What is missing goes to assets off their lower bounds, in proportion to their room, so that no asset enters without
    need; what these cannot take goes to all.
    """
    x = np.minimum(np.maximum(wish, P.lower), P.upper)
    for everyone in (False, True):
        missing = P.low[0]
        room = np.zeros(len(x))
        for i in range(len(x)):
            missing -= P.A[0, i] * x[i]
        if abs(missing) <= 1e-15:
            break
        for i in range(len(x)):
            if everyone or x[i] > P.lower[i]:
                room[i] = P.upper[i] - x[i] if missing * P.A[0, i] > 0.0 else x[i] - P.lower[i]
        total = room.sum()
        if total > 0.0:
            share = min(1.0, abs(missing) / total)
            for i in range(len(x)):
                x[i] += share * room[i] * P.A[0, i] * (1.0 if missing > 0.0 else -1.0)
    return np.minimum(np.maximum(x, P.lower), P.upper)


@compiled
def largest_miss(P: Polytope, x: FloatArray) -> float:
    """Largest amount by which a row is broken; zero when all hold."""
    worst = 0.0
    for k in range(len(P.low)):
        value = 0.0
        for i in range(len(x)):
            value += P.A[k, i] * x[i]
        worst = max(worst, P.low[k] - value, value - P.high[k])
    return worst


@compiled
def largest_square(X: FloatArray) -> float:
    """max_i Σ_t X_it²; NaN or infinite when an entry is, or when squares do not fit a double."""
    largest = 0.0
    for i in range(len(X)):
        total = 0.0
        for t in range(X.shape[1]):
            total += X[i, t] * X[i, t]
        largest = total if not total <= largest else largest
    return largest
