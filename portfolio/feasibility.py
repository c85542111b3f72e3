"""Questions to the constraints that are linear programs: how much fits, where to start, what conflicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linprog

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints
from schemas.errors import InfeasibleError, SolverError

_ROUNDING = 1e-12
"""Fraction of equity by which a row may be missed and still count as kept."""
_NOTICEABLE = 1e-9
"""Amounts and multipliers below this are rounding of the linear program."""
_HIGHS_INFEASIBLE = 2


@dataclass(frozen=True, eq=False)
class Absorbed:
    """Constraints whose budget fits under the upper bounds, and what had to stay in cash for that."""

    constraints: Constraints
    to_cash: float
    """Fraction of equity that no asset may take; zero when the whole budget fits."""


def absorb(constraints: Constraints) -> Absorbed:
    """Lower the budget to what upper bounds and bands can take; the rest stays in cash.

    Raises:
        InfeasibleError: No weights within the budget satisfy the lower bounds and bands.
    """
    capacity = _capacity(constraints)
    to_cash = constraints.budget - capacity
    if to_cash <= _ROUNDING:
        return Absorbed(constraints, 0.0)
    return Absorbed(replace(constraints, budget=capacity), to_cash)


def feasible_start(constraints: Constraints, near: FloatArray | None = None) -> FloatArray:
    """Weights (N,) that satisfy every row: ``near`` itself, or the least turnover away from it.

    Without ``near`` every asset stands at the same share of the way from its lower to its upper bound.

    Raises:
        InfeasibleError: There are none; names the conflicting rows and the smallest relaxation.
    """
    wish = _proportional(constraints) if near is None else near
    if constraints.violation(wish) <= _ROUNDING:
        return np.clip(wish, constraints.lower, constraints.upper)
    N, K = len(wish), len(constraints.bands)
    M, I, distances = constraints.membership, np.eye(N), np.zeros((K, N))  # noqa: E741
    result = _optimum(
        c=np.concatenate([np.zeros(N), np.ones(N)]),
        A_ub=np.block([[M, distances], [-M, distances], [I, -I], [-I, -I]]),
        b_ub=np.concatenate([constraints.high[N:], -constraints.low[N:], wish, -wish]),
        A_eq=np.concatenate([np.ones(N), np.zeros(N)])[None],
        b_eq=[constraints.budget],
        bounds=[*zip(constraints.lower, constraints.upper, strict=True), *[(0, None)] * N],
    )
    if result is None:
        raise conflict(constraints)
    return np.asarray(np.clip(result.x[:N], constraints.lower, constraints.upper))


def conflict(constraints: Constraints) -> InfeasibleError:
    """The error for constraints that nothing satisfies: the rows in conflict and the smallest relaxation.

    Each row may give way at a price of one per unit of weight, but nothing may be sold short. The rows
    that carry a multiplier in that linear program contradict each other; the least total by which
    rows gave way is the size of the conflict.
    """
    N, rows = len(constraints.symbols), len(constraints.low)
    G = np.vstack([np.eye(N), constraints.membership, np.ones(N)])
    low, high = (np.append(row, constraints.budget) for row in (constraints.low, constraints.high))
    I, none = np.eye(rows + 1), np.zeros((rows + 1, rows + 1))  # noqa: E741
    result = _optimum(
        c=np.concatenate([np.zeros(N), np.ones(2 * (rows + 1))]),
        A_ub=np.block([[-G, -I, none], [G, none, -I]]),
        b_ub=np.concatenate([-low, high]),
        bounds=(0, None),
    )
    names = [*constraints.low_names, "budget", *constraints.high_names, "budget"]
    contradicting = _named(names, result.ineqlin.marginals)
    relaxation = ", ".join(f"'{name}' by {by:.6g}" for name, by in _named(names, result.x[N:]).items())
    return InfeasibleError(
        "No weights satisfy all constraints",
        figures={"conflicting rows": ", ".join(contradicting), "conflict": f"{result.fun:.6g}"},
        remedy=f"Smallest relaxation: {relaxation}.",
    )


def _proportional(constraints: Constraints) -> FloatArray:
    room = constraints.upper - constraints.lower
    missing = constraints.budget - constraints.lower.sum()
    share = missing / room.sum() if room.sum() > 0 else 0.0
    return np.asarray(constraints.lower + np.clip(share, 0.0, 1.0) * room)


def _capacity(constraints: Constraints) -> float:
    if not constraints.bands:
        return min(constraints.budget, float(constraints.upper.sum()))
    N = len(constraints.symbols)
    M = constraints.membership
    result = _optimum(
        c=-np.ones(N),
        A_ub=np.vstack([M, -M, np.ones(N)]),
        b_ub=np.concatenate([constraints.high[N:], -constraints.low[N:], [constraints.budget]]),
        bounds=np.column_stack([constraints.lower, constraints.upper]),
    )
    if result is None:
        raise conflict(constraints)
    return min(constraints.budget, float(-result.fun))


def _optimum(**program: Any) -> Any:
    """HiGHS' result, or none when the program is infeasible.

    Its default tolerance of 1e-7 would be a hundred times the violation that is allowed.
    """
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    result = linprog(**program, method="highs", options=tight)
    if result.status not in {0, _HIGHS_INFEASIBLE}:
        raise SolverError(
            "A linear program over the constraints failed",
            figures={"HiGHS": result.message},
            remedy="Check bounds and bands for extreme values.",
        )
    return result if result.status == 0 else None


def _named(names: list[str], amounts: FloatArray) -> dict[str, float]:
    return {
        name: abs(amount) for name, amount in zip(names, amounts, strict=True) if abs(amount) > _NOTICEABLE
    }
