"""A programme of least downside variance, shrunk into cash until its volatility is no more than asked for.

With x the optimum of the fully invested programme and σ(x) its volatility, s = min(1, σ*/σ(x)). Budget, bounds,
bands and b are multiplied by s. Since f_{sb}(s w) = s² f_b(w), the optimum of the shrunk programme is s x: the same
portfolio beside more cash. A turnover limit is not shrunk. It holds for the shrunk programme and outranks the
target: where it keeps the budget from falling (or rising) to s, the nearest factor within reach is taken, and where what
is held makes the limited optimum livelier than x, a smaller one that meets the target, if any does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints, TurnoverLimit
from portfolio.solver import Solution, minimise_downside_variance

SESSIONS_A_YEAR = 252
_INSIDE = 1e-9
"""Fraction by which a factor at the edge of reach is moved inside, so that rounding cannot make it infeasible."""


@dataclass(frozen=True, eq=False)
class ScaledOptimum:
    """The optimum of the shrunk programme, and how far it was shrunk."""

    solution: Solution
    constraints: Constraints
    """The shrunk programme that was solved."""
    scale: float
    """Factor of budget, bounds and bands, at most one."""
    full_volatility: float
    """Annual volatility of the fully invested optimum, fraction."""
    volatility: float
    """Annual volatility of the solution, fraction."""


def minimise_at_volatility(
    returns: FloatArray,
    constraints: Constraints,
    minimum_acceptable_return: float,
    target_volatility: float,
    start: FloatArray | None = None,
) -> ScaledOptimum:
    """Minimise downside variance, scaled into cash to an annual volatility.

    Args:
        returns: (T, N) daily simple returns, fractions, T >= 2.
        constraints: The fully invested programme; its turnover limit applies to the shrunk one only.
        minimum_acceptable_return: b, fraction a day.
        target_volatility: σ*, fraction a year.
        start: Weights (N,) to begin with.

    Raises:
        InfeasibleError: No weights satisfy the constraints, or none at any scale the turnover limit.
        SolverError: The weights could not be certified.
    """
    full = minimise_downside_variance(
        returns, replace(constraints, turnover=None), minimum_acceptable_return, start
    )
    full_volatility = annual_volatility(returns, full.weights)
    scale = 1.0 if full_volatility <= target_volatility else target_volatility / full_volatility
    if constraints.turnover is not None:
        scale = _within_reach(constraints, constraints.turnover, scale)

    def solved(scale: float) -> ScaledOptimum:
        """The optimum of the programme shrunk by ``scale``."""
        programme, b = shrunk(constraints, scale), scale * minimum_acceptable_return
        solution = minimise_downside_variance(returns, programme, b, scale * full.weights)
        volatility = annual_volatility(returns, solution.weights)
        return ScaledOptimum(solution, programme, scale, full_volatility, volatility)

    answer = solved(scale)
    if constraints.turnover is None or answer.volatility <= target_volatility * (1.0 + _INSIDE):
        return answer
    calmest = solved(_within_reach(constraints, constraints.turnover, 0.0))
    if calmest.scale >= scale or calmest.volatility >= target_volatility:
        return calmest
    return solved(
        scipy.optimize.brentq(
            lambda s: solved(s).volatility - target_volatility, calmest.scale, scale, xtol=_INSIDE
        )
    )


def annual_volatility(returns: FloatArray, weights: FloatArray) -> float:
    """Sample standard deviation of the daily portfolio returns times √252, fraction.

    >>> f"{annual_volatility(np.array([[0.01], [-0.01]]), np.array([1.0])):.4f}"
    '0.2245'
    """
    return float(np.std(returns @ weights, ddof=1) * np.sqrt(SESSIONS_A_YEAR))


def shrunk(constraints: Constraints, scale: float) -> Constraints:
    """Budget, bounds and bands times ``scale``; what is held, and the turnover limit against it, stay."""
    return replace(
        constraints,
        budget=scale * constraints.budget,
        lower=scale * constraints.lower,
        upper=scale * constraints.upper,
        bands=tuple(replace(b, low=scale * b.low, high=scale * b.high) for b in constraints.bands),
    )


def _within_reach(constraints: Constraints, turnover: TurnoverLimit, wish: float) -> float:
    """The factor nearest to ``wish`` whose programme has weights within the turnover limit; ``wish`` when none has.

    A linear program over w, the changes c >= |w - held|, the factor s and its distance e >= |s - wish|.
    """
    N, K = len(turnover.held), len(constraints.bands)
    I, M = np.eye(N), constraints.membership  # noqa: E741
    G, none, no = np.vstack([I, M]), np.zeros((N + K, N)), np.zeros((N, 1))
    low, high, column = constraints.low[:, None], constraints.high[:, None], np.zeros((N + K, 1))
    result = scipy.optimize.linprog(
        c=np.append(np.zeros(2 * N + 1), 1.0),
        A_ub=np.block(
            [
                [-G, none, low, column],
                [G, none, -high, column],
                [I, -I, no, no],
                [-I, -I, no, no],
                [np.zeros((1, N)), np.ones((1, N)), np.zeros((1, 2))],
                [np.zeros((2, 2 * N)), np.array([[1.0, -1.0], [-1.0, -1.0]])],
            ]
        ),
        b_ub=np.concatenate(
            [np.zeros(2 * (N + K)), turnover.held, -turnover.held, [2 * turnover.limit, wish, -wish]]
        ),
        A_eq=np.concatenate([np.ones(N), np.zeros(N), [-constraints.budget, 0.0]])[None],
        b_eq=[0.0],
        bounds=[(0, None)] * (2 * N) + [(0, 1), (0, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0 or result.x[-1] <= _INSIDE:
        return wish
    reached = float(result.x[-2])
    return min(1.0, reached + (_INSIDE if reached > wish else -_INSIDE))
