"""Against an independent solver: cvxpy with Clarabel at tight tolerances, 200 random problems of each kind.

Clarabel says how low f can go; the linear program of the duality gap (HiGHS) says it once more, more sharply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cvxpy as cp
import numpy as np
import pytest

from portfolio.solver import minimise_downside_variance

KINDS = [
    "budget",
    "cash",
    "sleeve",
    "bands",
    "hurdle",
    "fewer days than assets",
    "copies and constants",
    "fixed groups",
    "fixed weights",
    "caps that are all needed",
    "turnover",
    "turnover from outside",
    "everything",
]
BANDS = 4
"""Rows for bands in the model; those that a problem does not use are empty."""


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # where f is zero; still compared
@pytest.mark.parametrize("kind", KINDS)
def test_objective_agrees_with_clarabel(problem, judge, kind):
    for seed in range(200):
        case = problem(kind, seed)
        solution = minimise_downside_variance(case.returns, case.constraints, case.b)
        scale = case.returns.std() + abs(case.b)
        # where no shortfall is left the rounding of Rw is all there is: 1e-12 of a return
        nothing = solution.certificate.objective <= 1e-24 * scale**2
        allowed = 1e-8 if nothing else 1e-10
        assert solution.certificate.relative_gap <= allowed, seed
        assert judge.relative_gap(case, solution.weights) <= allowed, seed
        assert judge.violation(case.constraints, solution.weights) <= 1e-12, seed
        imbalance = judge.imbalance(case, solution.weights, solution.certificate.multipliers)
        assert imbalance <= 1e-9 * scale**2, seed
        ours = judge.objective(case.returns / scale, solution.weights, case.b / scale)
        theirs = judge.objective(case.returns / scale, clarabel(case, scale), case.b / scale)
        assert solution.certificate.objective == pytest.approx(ours * scale**2, rel=1e-12, abs=1e-30), seed
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-11), seed


@dataclass(frozen=True)
class Model:
    """The conic program of one shape, made once (cvxpy's DPP) and filled with each problem's numbers."""

    w: cp.Variable
    numbers: dict[str, cp.Parameter]
    program: cp.Problem


@cache
def model(T, N, limited):
    w, shortfall = cp.Variable(N), cp.Variable(T, nonneg=True)
    numbers = {
        "R": cp.Parameter((T, N)),
        "b": cp.Parameter(),
        "budget": cp.Parameter(),
        "lower": cp.Parameter(N),
        "upper": cp.Parameter(N),
        "members": cp.Parameter((BANDS, N)),
        "low": cp.Parameter(BANDS),
        "high": cp.Parameter(BANDS),
    }
    p = numbers
    totals = p["members"] @ w
    rows = [shortfall >= p["b"] - p["R"] @ w, cp.sum(w) == p["budget"], w >= p["lower"], w <= p["upper"]]
    rows += [totals >= p["low"], totals <= p["high"]]
    if limited:
        p |= {"held": cp.Parameter(N), "limit": cp.Parameter()}
        rows.append(cp.norm1(w - p["held"]) <= 2 * p["limit"])
    return Model(w, numbers, cp.Problem(cp.Minimize(cp.sum_squares(shortfall)), rows))


def clarabel(case, scale):
    """The weights of least f by a conic solver; R in units of its own size, as absolute tolerances demand."""
    c = case.constraints
    made = model(*case.returns.shape, c.turnover is not None)
    empty = BANDS - len(c.bands)
    values = {
        "R": case.returns / scale,
        "b": case.b / scale,
        "budget": c.budget,
        "lower": c.lower,
        "upper": c.upper,
        "members": np.array([*(band.members for band in c.bands), *np.zeros((empty, len(c.lower)))], float),
        "low": np.array([*(band.low for band in c.bands), *[-1.0] * empty]),
        "high": np.array([*(band.high for band in c.bands), *[1.0] * empty]),
    }
    if c.turnover is not None:
        values |= {"held": c.turnover.held, "limit": c.turnover.limit}
    for name, value in values.items():
        made.numbers[name].value = value
    tight = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
    made.program.solve(solver=cp.CLARABEL, **tight)
    return made.w.value
