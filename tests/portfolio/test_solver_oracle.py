"""Against an independent solver: cvxpy with Clarabel at tight tolerances, on random problems of each kind."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from portfolio.solver import minimise_downside_variance


@pytest.mark.parametrize("kind", ["budget", "sleeve", "bands", "hurdle"])
def test_objective_agrees_with_clarabel(problem, kind):
    for seed in range(60):
        case = problem(kind, seed)
        solution = minimise_downside_variance(case.returns, case.constraints, case.b)
        certificate = solution.certificate
        assert certificate.relative_gap <= 1e-10, seed
        assert certificate.violation <= 1e-12, seed
        scale = case.returns.std()
        ours, theirs = certificate.objective / scale**2, clarabel(case.returns / scale, case.b / scale, case)
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-12), seed


def clarabel(R, b, case):
    """The least f by a conic solver; R in units of its own size, as absolute tolerances demand."""
    T, N = R.shape
    w, shortfall = cp.Variable(N), cp.Variable(T, nonneg=True)
    c = case.constraints
    rows = [shortfall >= b - R @ w, cp.sum(w) == c.budget, w >= c.lower, w <= c.upper]
    for band in c.bands:
        total = band.members.astype(float) @ w
        rows += [total >= band.low, total <= band.high]
    tight = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
    cp.Problem(cp.Minimize(cp.sum_squares(shortfall)), rows).solve(solver=cp.CLARABEL, **tight)
    return float(np.mean(np.minimum(R @ w.value - b, 0) ** 2))
