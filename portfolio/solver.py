"""Weights of least downside variance, exactly: checked input, a feasible start, the active set, and a proof."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from portfolio.active_set import least_shortfall
from portfolio.arrays import FloatArray, checked_returns, checked_vector
from portfolio.certificate import NEGLIGIBLE, Certificate, Prices, certify, require
from portfolio.constraints import Constraints, TurnoverLimit
from portfolio.feasibility import ROUNDING, feasible_point, feasible_start
from portfolio.start import calmest_vertex, largest_miss, largest_square
from portfolio.turnover import after_trades, as_trades, trades_polytope
from schemas.errors import DataError

_TINY, _HUGE = 1e-200, 1e200
"""Sums of squares outside of these are brought to unit size first: doubles end at 1e±308."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Certified weights (N,), fractions of equity, in the order of the constraints' symbols."""

    weights: FloatArray
    certificate: Certificate


def minimise_downside_variance(
    returns: ArrayLike,
    constraints: Constraints,
    minimum_acceptable_return: float = 0.0,
    start: ArrayLike | None = None,
) -> Solution:
    """Minimise f(w) = (1/T) Σ_t min(r_t·w - b, 0)² over the constraints.

    With fewer sessions than assets, or assets that repeat each other, the minimum is attained by many
    weights; then those reached from ``start`` are returned.

    Args:
        returns: (T, N) simple returns, fractions.
        constraints: Budget, bounds, bands and turnover limit over the N assets.
        minimum_acceptable_return: b, fraction a day.
        start: Weights (N,) to begin with, e.g. those held; need not be feasible.

    Raises:
        DataError: Returns or start not finite, empty or misaligned; names asset and row.
        InfeasibleError: No weights satisfy the constraints; names the conflicting rows.
        SolverError: The answer could not be certified.
    """
    R, b = checked_returns(returns, constraints.symbols), float(minimum_acceptable_return)
    if not np.isfinite(b):
        raise DataError(
            "The minimum acceptable return is not a finite number",
            figures={"minimum_acceptable_return": b},
            remedy="Pass a daily return as a fraction, e.g. 0.",
        )
    near = None if start is None else checked_vector(start, constraints.symbols, "Start weight").copy()
    weights, prices, steps = _solved(R, b, constraints, near)
    proof = certify(R, weights, constraints, prices, minimum_acceptable_return=b, iterations=steps)
    return Solution(weights, require(proof))


def _solved(
    R: FloatArray, b: float, constraints: Constraints, near: FloatArray | None
) -> tuple[FloatArray, Prices, int]:
    """Weights, prices in units of f, and steps."""
    X = R.T.copy()
    square, unit = largest_square(X), 1.0
    if not _TINY < square < _HUGE and (square > 0.0 or np.any(X)):
        unit = float(np.abs(X).max())
        X /= unit
        square = largest_square(X)
    h, T = np.full(len(R), b / unit), len(R)
    floor = 0.5 * NEGLIGIBLE * max(square, T * (b / unit) ** 2, np.finfo(np.float64).tiny)
    P = constraints.polytope
    near = _nearby(constraints, calmest_vertex(X, h, P) if near is None else near)
    w, rows, _, steps = least_shortfall(X, h, P, near, floor)
    in_f = 2.0 * unit**2 / T
    turnover = constraints.turnover
    if turnover is None or constraints.excess_turnover(w) <= 0.0:
        return w, Prices(in_f * rows), steps
    w, rows, more = _within_turnover(X, h, constraints, turnover, w, floor)
    return w, Prices(in_f * rows[:-1], max(0.0, -2.0 * in_f * rows[-1])), steps + more


def _within_turnover(
    X: FloatArray,
    h: FloatArray,
    constraints: Constraints,
    turnover: TurnoverLimit,
    unlimited: FloatArray,
    floor: float,
) -> tuple[FloatArray, FloatArray, int]:
    """The same over purchases and sales, from the point on the way to the ``unlimited`` optimum where the limit is met."""
    P = trades_polytope(constraints.polytope, turnover)
    trades = as_trades(unlimited, turnover)
    start = feasible_point(P, trades * (2.0 * turnover.limit / trades.sum()))
    if largest_miss(P, start) > ROUNDING:
        start = as_trades(feasible_start(constraints), turnover)
    X, h = np.vstack([X, -X]), h - turnover.held @ X
    trades, rows, _, steps = least_shortfall(X, h, P, start, floor)
    return after_trades(trades, constraints, turnover), rows, steps


def _nearby(constraints: Constraints, wish: FloatArray) -> FloatArray:
    """Feasible weights not far from ``wish``, the turnover limit left aside."""
    P = constraints.polytope
    start = feasible_point(P, wish)
    return (
        start if largest_miss(P, start) <= ROUNDING else feasible_start(replace(constraints, turnover=None))
    )
