"""A small dense quadratic program over named constraints: the primal active-set method.

    min ½ xᵀHx + cᵀx    over   Σx = budget,  low <= G x <= high,  G = [I; M]

Starting from feasible weights, the rows held with equality (the working set) are exchanged one at a
time (Nocedal & Wright, Numerical Optimization, 2006, section 16.5). Feasibility is never left, so
whatever is returned is usable; how good it is, the certificate of the caller says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints

_FLAT = 1e-13
"""A row whose value changes less than this along a step does not block it."""
_PRICE_ROUNDING = 8 * np.finfo(np.float64).eps
"""Multipliers of the wrong sign below this share of the terms they are the sum of are rounding."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Multipliers of budget and bands; those of the bounds follow from the gradient."""

    budget: float
    bands: FloatArray
    """(K,), positive at a band's minimum, negative at its maximum."""

    def by_row(self, gradient: FloatArray, constraints: Constraints) -> FloatArray:
        """Multipliers of all N+K rows: at an optimum positive on a lower side, negative on an upper, else zero."""
        bounds = gradient - self.budget - self.bands @ constraints.membership
        return np.concatenate([bounds, self.bands])


@dataclass(frozen=True, eq=False)
class QuadraticOptimum:
    """Where the method ended, with the rows it holds: -1 at low, +1 at high, 0 free, (N+K,)."""

    weights: FloatArray
    prices: Prices
    held: FloatArray


def minimise_quadratic(
    H: FloatArray, c: FloatArray, constraints: Constraints, start: FloatArray, held: FloatArray
) -> QuadraticOptimum:
    """Minimise over the constraints, from feasible ``start`` with the working set ``held``.

    Args:
        H: Positive definite matrix (N, N).
        c: Linear term (N,).
        constraints: Any with a feasible point.
        start: Feasible weights (N,).
        held: Working set (N+K,) to begin with; rows on which ``start`` does not stand are dropped.
    """
    held = _standing(constraints, start, held)
    x = start
    prices = Prices(0.0, np.zeros(len(constraints.bands)))
    for step in range(20 * len(held) + 100):
        if not np.any(held[: len(x)] == 0):
            break
        try:
            target, prices = _held_optimum(H, c, constraints, held)
        except np.linalg.LinAlgError:
            break
        length, blocking = _longest_step(constraints, x, target - x, held)
        if blocking is None:
            x = target
            wrong = _wrong_signs(H @ x + c, constraints, prices, held)
            wrong[wrong <= _PRICE_ROUNDING * (np.abs(H) @ np.abs(x) + np.abs(c)).max()] = 0.0
            if not wrong.any():
                break
            # the worst first; after many exchanges the first one, which cannot cycle (Bland 1977)
            held[np.argmax(wrong) if step < 5 * len(held) else np.flatnonzero(wrong)[0]] = 0
        else:
            x = x + length * (target - x)
            row, side = blocking
            held[row] = side
    return QuadraticOptimum(np.clip(x, constraints.lower, constraints.upper), prices, held)


def _standing(constraints: Constraints, x: FloatArray, held: FloatArray) -> FloatArray:
    """The bounds of ``held`` on which ``x`` stands exactly; bands join again when they block."""
    N = len(x)
    side = np.where(held[:N] < 0, constraints.lower, constraints.upper)
    standing = np.zeros_like(held)
    standing[:N] = np.where(x == side, held[:N], 0.0)
    standing[:N][constraints.lower == constraints.upper] = -1.0
    return standing


def _held_optimum(
    H: FloatArray, c: FloatArray, constraints: Constraints, held: FloatArray
) -> tuple[FloatArray, Prices]:
    """Minimum with the held rows as equations, and their prices, from the KKT system of the free assets."""
    N = len(c)
    free, bands = held[:N] == 0, held[N:] != 0
    target = np.select([held[:N] < 0, held[:N] > 0], [constraints.lower, constraints.upper], 0.0)
    A = np.vstack([np.ones(N), constraints.membership[bands]])
    sides = np.where(held[N:] < 0, constraints.low[N:], constraints.high[N:])[bands]
    n, m = int(free.sum()), len(A)
    K = np.zeros((n + m, n + m))
    K[:n, :n] = H[np.ix_(free, free)]
    K[:n, n:] = -A[:, free].T
    K[n:, :n] = A[:, free]
    rest = np.concatenate([-(c + H @ target)[free], np.append(constraints.budget, sides) - A @ target])
    solution = np.linalg.solve(K, rest)
    target[free] = solution[:n]
    band_prices = np.zeros(len(bands))
    band_prices[bands] = solution[n + 1 :]
    return target, Prices(float(solution[n]), band_prices)


def _longest_step(
    constraints: Constraints, x: FloatArray, p: FloatArray, held: FloatArray
) -> tuple[float, tuple[int, float] | None]:
    """Share of ``p`` that can be gone, and the row (with its side) that stops it, if any."""
    change = constraints.row_values(p)
    values = constraints.row_values(x)
    moving = (held == 0) & (np.abs(change) > _FLAT)
    room = np.maximum(np.where(change > 0, constraints.high - values, values - constraints.low), 0.0)
    shares = np.full(len(change), np.inf)
    shares[moving] = room[moving] / np.abs(change[moving])
    row = int(np.argmin(shares))
    if shares[row] >= 1.0:
        return 1.0, None
    return float(shares[row]), (row, float(np.sign(change[row])))


def _wrong_signs(
    gradient: FloatArray, constraints: Constraints, prices: Prices, held: FloatArray
) -> FloatArray:
    """By how much the multiplier of each held inequality has the wrong sign, (N+K,); negative when right."""
    inequality = constraints.low < constraints.high
    return np.where(inequality, prices.by_row(gradient, constraints) * held, 0.0)
