"""Questions to the constraints alone: how much fits, where to start, what conflicts.

Only constraints that look infeasible to the compiled search go to a linear program, whose word is final.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from portfolio.arrays import FloatArray
from portfolio.certificate import Prices
from portfolio.constraints import Constraints
from portfolio.start import ROUNDING, feasible_point
from portfolio.turnover import after_trades, as_trades, trades_polytope
from schemas.errors import InfeasibleError, SolverError

_NOTICEABLE = 1e-9
"""Amounts and multipliers below this are rounding of the linear program."""
_SINGLE = 1.001
"""Price at which the bound of a single asset gives way; other rows at one."""
_HIGHS_INFEASIBLE = 2


@dataclass(frozen=True, eq=False)
class Absorbed:
    """Constraints whose budget fits under the upper bounds, and what had to stay in cash for that."""

    constraints: Constraints
    to_cash: float
    """Fraction of equity that no asset may take; zero when the whole budget fits."""


def absorb(constraints: Constraints) -> Absorbed:
    """Lower the budget to what upper bounds, bands and turnover limit let the assets take; the rest stays in cash.

    Raises:
        InfeasibleError: No weights within the budget satisfy the lower bounds, bands and turnover limit.
    """
    if constraints.upper.sum() >= constraints.budget and _start(constraints, None) is not None:
        return Absorbed(constraints, 0.0)
    capacity = _capacity(constraints)
    to_cash = constraints.budget - capacity
    if to_cash <= ROUNDING:
        return Absorbed(constraints, 0.0)
    return Absorbed(replace(constraints, budget=capacity), to_cash)


def feasible_start(constraints: Constraints, near: FloatArray | None = None) -> FloatArray:
    """Weights (N,) that satisfy every row, reached from ``near``, or from what is held where turnover is limited.

    Raises:
        InfeasibleError: There are none; names the conflicting rows and the smallest relaxation.
    """
    start = _start(constraints, near)
    if start is not None:
        return start
    result = _optimum(**_program(constraints), c=np.zeros(2 * len(constraints.symbols)))
    if result is None:
        raise conflict(constraints)
    return np.asarray(np.clip(result.x[: len(constraints.symbols)], constraints.lower, constraints.upper))


def cheapest_vertex(gradient: FloatArray, constraints: Constraints) -> tuple[FloatArray, Prices]:
    """The feasible weights v (N,) of least ∇f·v, and the prices of the rows that prove it.

    Raises:
        InfeasibleError: There are no feasible weights.
    """
    N, K, size = len(gradient), len(constraints.bands), float(np.abs(gradient).max())
    result = _optimum(**_program(constraints), c=np.concatenate([gradient / size, np.zeros(N)]))
    if result is None:
        raise conflict(constraints)
    marginals = size * result.ineqlin.marginals
    rows = np.append(size * result.eqlin.marginals, marginals[:K] - marginals[K : 2 * K])
    turnover = 0.0 if constraints.turnover is None else -float(marginals[-1])
    return np.asarray(result.x[:N]), Prices(rows, turnover)


def conflict(constraints: Constraints) -> InfeasibleError:
    """The error for constraints that nothing satisfies: the rows in conflict and the smallest relaxation.

    Each row may give way at a price of one per unit of weight, but nothing may be sold short. The rows
    that carry a multiplier in that linear program contradict each other; the least total by which
    rows gave way is the size of the conflict.
    """
    N = len(constraints.symbols)
    names, G, sides = _inequalities(constraints)
    gives = -np.eye(len(names))
    for equation in np.flatnonzero([not name for name in names]):
        gives[equation, equation] = 0.0
    # at equal size rows of many assets give way before bounds of single ones, which are seldom set one by one
    price = np.array([1.0 if _of_many(constraints, name) else _SINGLE for name in names])
    result = _optimum(
        c=np.concatenate([np.zeros(G.shape[1]), price]),
        A_ub=np.hstack([G, gives]),
        b_ub=sides,
        bounds=[(0, None)] * (G.shape[1] + len(names)),
    )
    contradicting = _named(names, result.ineqlin.marginals)
    ways = result.x[G.shape[1] :]
    floors = len(constraints.low) + 1
    relaxation = ", ".join(
        f"{'lower' if row < floors else 'raise'} '{names[row]}' by {by:.6g} ({100 * by:.4g} pp)"
        for row, by in enumerate(ways)
        if names[row] and by > _NOTICEABLE
    )
    return InfeasibleError(
        "No weights satisfy all constraints",
        figures={
            "conflicting rows": ", ".join(contradicting),
            "conflict": f"{ways.sum():.6g}",
            "assets": N,
        },
        remedy=f"Smallest relaxation: {relaxation}.",
    )


def _of_many(constraints: Constraints, name: str) -> bool:
    bands = {f"{band.name} {side}" for band in constraints.bands for side in ("min", "max")}
    return name in bands | {"budget", "turnover_limit"}


def _start(constraints: Constraints, near: FloatArray | None) -> FloatArray | None:
    """Weights that keep every row by their own count, or none."""
    if constraints.turnover is None:
        wish = constraints.lower if near is None else near
        weights, _ = feasible_point(constraints.polytope, np.array(wish, dtype=np.float64))
    else:
        wish = constraints.turnover.held if near is None else near
        trades = trades_polytope(constraints.polytope, constraints.turnover)
        found, _ = feasible_point(trades, as_trades(wish, constraints.turnover))
        weights = after_trades(found, constraints, constraints.turnover)
    return weights if constraints.violation(weights) <= ROUNDING else None


def _capacity(constraints: Constraints) -> float:
    N = len(constraints.symbols)
    program = _program(constraints)
    at_most = {"A_ub": np.vstack([program["A_ub"], program["A_eq"]])}
    at_most["b_ub"] = np.append(program["b_ub"], program["b_eq"])
    most = np.concatenate([-np.ones(N), np.zeros(N)])
    result = _optimum(**{**program, **at_most, "A_eq": None, "b_eq": None}, c=most)
    if result is None:
        raise conflict(constraints)
    return min(constraints.budget, float(-result.fun))


def _program(constraints: Constraints) -> dict[str, Any]:
    """The constraints over weights and their distances from what is held, (2N,), as SciPy takes them."""
    N = len(constraints.symbols)
    P, zeros = constraints.polytope, np.zeros((len(constraints.bands), N))
    M = P.A[1:]
    rows, sides = [np.hstack([M, zeros]), np.hstack([-M, zeros])], [P.high[1:], -P.low[1:]]
    if constraints.turnover is not None:
        for row, side in _turnover_rows(constraints):
            rows.append(row)
            sides.append(side)
    return {
        "A_ub": np.vstack(rows),
        "b_ub": np.concatenate(sides),
        "A_eq": np.hstack([P.A[:1], np.zeros((1, N))]),
        "b_eq": P.low[:1],
        "bounds": [*zip(P.lower, P.upper, strict=True), *[(0, None)] * N],
    }


def _turnover_rows(constraints: Constraints) -> list[tuple[FloatArray, FloatArray]]:
    """|w - held| <= distance for each asset, and half the sum of the distances within the limit."""
    if constraints.turnover is None:
        return []
    held, N = constraints.turnover.held, len(constraints.symbols)
    I, half = np.eye(N), np.full((1, N), 0.5)  # noqa: E741
    return [
        (np.hstack([I, -I]), held),
        (np.hstack([-I, -I]), -held),
        (np.hstack([np.zeros((1, N)), half]), np.array([constraints.turnover.limit])),
    ]


def _inequalities(constraints: Constraints) -> tuple[list[str], FloatArray, FloatArray]:
    """Every row as G z <= side over weights and distances; rows without a name do not give way."""
    N, P = len(constraints.symbols), constraints.polytope
    rows = np.vstack([np.eye(N), P.A[1:], P.A[:1]])
    G = np.hstack([rows, np.zeros_like(rows)])
    low = np.concatenate([constraints.low, P.low[:1]])
    high = np.concatenate([constraints.high, P.high[:1]])
    names = [*constraints.low_names, "budget", *constraints.high_names, "budget"]
    extra = _turnover_rows(constraints)
    names += ["" for row, _ in extra[:2] for _ in row] + ["turnover_limit"] * bool(extra)
    return (
        names,
        np.vstack([-G, G, *(row for row, _ in extra)]),
        np.concatenate([-low, high, *(side for _, side in extra)]),
    )


def _optimum(**program: Any) -> Any:
    """HiGHS' result, or none when the program is infeasible.

    Its default tolerance of 1e-7 would be a hundred times the violation that is allowed.
    """
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    result = scipy.optimize.linprog(**program, method="highs", options=tight)
    if result.status not in {0, _HIGHS_INFEASIBLE}:
        raise SolverError(
            "A linear program over the constraints failed",
            figures={"HiGHS": result.message},
            remedy="Check bounds and bands for extreme values.",
        )
    return result if result.status == 0 else None


def _named(names: list[str], amounts: FloatArray) -> dict[str, float]:
    return {
        name: abs(amount)
        for name, amount in zip(names, amounts, strict=True)
        if name and abs(amount) > _NOTICEABLE
    }
