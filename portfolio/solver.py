"""Weights of least downside variance, exactly.

On a fixed set S of sessions with a shortfall, f is a quadratic; f itself is once differentiable and
piecewise quadratic. So: minimise the quadratic of the present S exactly, go along that direction to the exact
minimum of f, read off the new S. When S repeats after a full step the point is the minimum, multipliers included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import BoolArray, FloatArray, checked_returns, checked_vector
from portfolio.certificate import Certificate, certify, duality_gap, negligible, require
from portfolio.constraints import Constraints
from portfolio.feasibility import feasible_start
from portfolio.quadratic import Prices, QuadraticOptimum, minimise_quadratic
from schemas.errors import DataError

_GOOD_ENOUGH = 1e-13
"""Relative gap at which nothing is left to gain."""
_MAX_ITERATIONS = 100
_PATIENCE = 8
"""Iterations without a smaller gap after which rounding has the last word."""
_PROXIMAL = 1e-11
"""Weight of |x - w|² against the mean diagonal of H: makes H definite when T < N or assets repeat.
The term vanishes at the fixed point, so it does not move the answer."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Certified weights (N,), fractions of equity, in the order of the constraints' symbols."""

    weights: FloatArray
    certificate: Certificate


@dataclass(frozen=True, eq=False)
class _Problem:
    R: FloatArray
    b: float
    constraints: Constraints


@dataclass(frozen=True, eq=False)
class _Iterate:
    weights: FloatArray
    prices: Prices
    gap: float


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
        constraints: Budget, bounds and bands over the N assets.
        minimum_acceptable_return: b, fraction a day.
        start: Weights (N,) to begin with, e.g. those held; need not be feasible.

    Raises:
        DataError: Returns or start not finite, empty or misaligned; names asset and row.
        InfeasibleError: No weights satisfy the constraints; names the conflicting rows.
        SolverError: The answer could not be certified.
    """
    R = checked_returns(returns, constraints.symbols)
    if not np.isfinite(minimum_acceptable_return):
        raise DataError(
            "The minimum acceptable return is not a finite number",
            figures={"minimum_acceptable_return": minimum_acceptable_return},
            remedy="Pass a daily return as a fraction, e.g. 0.",
        )
    near = None if start is None else checked_vector(start, constraints.symbols, "Start weight")
    w = feasible_start(constraints, near)
    # f of daily returns is about 1e-5, below the absolute tolerances of numerical methods: unit scale first
    scale = _scale(R)
    best, iterations = _descend(_Problem(R / scale, minimum_acceptable_return / scale, constraints), w)
    certificate = certify(
        R,
        best.weights,
        constraints,
        Prices(best.prices.budget * scale**2, best.prices.bands * scale**2),
        minimum_acceptable_return=minimum_acceptable_return,
        iterations=iterations,
    )
    return Solution(best.weights, require(certificate))


def _scale(R: FloatArray) -> float:
    """Root mean square of the liveliest asset; one when nothing moves."""
    largest = float(np.abs(R).max())
    return largest * float(np.sqrt(np.mean((R / largest) ** 2, axis=0).max())) if largest > 0 else 1.0


def _descend(problem: _Problem, w: FloatArray) -> tuple[_Iterate, int]:
    """The iterate of the smallest gap, and how many there were."""
    R, b, constraints = problem.R, problem.b, problem.constraints
    held = _initial_bounds(w, constraints)
    nothing = Prices(0.0, np.zeros(len(constraints.bands)))
    best = _Iterate(w, nothing, np.inf)
    floor, idle, iterations = negligible(R, b), 0, 0
    while idle < _PATIENCE and iterations < _MAX_ITERATIONS:
        iterations += 1
        slack = R @ w - b
        if not np.any(slack < 0):
            return _Iterate(w, nothing, 0.0), iterations
        optimum = _piece_minimum(problem, w, slack < 0, held)
        held, ahead = optimum.held, R @ optimum.weights - b
        d = np.minimum(ahead, 0.0)
        gap = duality_gap((2.0 / len(d)) * (d @ R), optimum.weights, constraints, optimum.prices)
        if gap < best.gap:
            best, idle = _Iterate(optimum.weights, optimum.prices, gap), 0
        else:
            idle += 1
        if gap <= _GOOD_ENOUGH * max(float(d @ d) / len(d), floor):
            break
        length = _exact_step(slack, ahead - slack)
        # at full length the bounds reached must stay exact, or the next working set starts empty
        w = optimum.weights if length == 1.0 else w + length * (optimum.weights - w)
    return best, iterations


def _initial_bounds(w: FloatArray, constraints: Constraints) -> FloatArray:
    """Working set to begin with: the bounds on which ``w`` stands, unless no asset were left to move."""
    held = np.zeros(len(constraints.low))
    on_bounds = np.where(w == constraints.lower, -1.0, np.where(w == constraints.upper, 1.0, 0.0))
    if not on_bounds.all():
        held[: len(w)] = on_bounds
    return held


def _piece_minimum(problem: _Problem, w: FloatArray, short: BoolArray, held: FloatArray) -> QuadraticOptimum:
    """Minimum of the quadratic that f is around ``w``, with a proximal term that keeps it definite."""
    T, N = problem.R.shape
    R_S = problem.R[short]
    H = (2.0 / T) * (R_S.T @ R_S)
    c = (-2.0 * problem.b / T) * R_S.sum(axis=0)
    proximal = _PROXIMAL * max(float(np.trace(H)) / N, np.finfo(np.float64).eps)
    return minimise_quadratic(H + proximal * np.eye(N), c - proximal * w, problem.constraints, w, held)


def _exact_step(slack: FloatArray, change: FloatArray) -> float:
    """The minimum over 0 <= α <= 1 of Σ_t min(slack_t + α change_t, 0)².

    Its slope is increasing and piecewise linear, with a corner where a session enters or leaves S.
    """
    if _slope(slack, change, 1.0) <= 0:
        return 1.0
    corners = np.divide(-slack, change, out=np.zeros_like(slack), where=change != 0)
    ends = np.unique(np.concatenate([[0.0], corners[(corners > 0) & (corners < 1)], [1.0]]))
    below, above = 0, len(ends) - 1
    while above - below > 1:
        middle = (below + above) // 2
        if _slope(slack, change, ends[middle]) <= 0:
            below = middle
        else:
            above = middle
    falls, rises = _slope(slack, change, ends[below]), _slope(slack, change, ends[above])
    share = min(1.0, max(0.0, -falls / (rises - falls)))
    return float(ends[below] + share * (ends[above] - ends[below]))


def _slope(slack: FloatArray, change: FloatArray, alpha: float) -> float:
    return float(change @ np.minimum(slack + alpha * change, 0.0))
