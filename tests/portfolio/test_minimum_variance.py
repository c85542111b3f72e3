from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from portfolio.constraints import Band, box
from portfolio.minimum_variance import minimise_variance


def test_uncorrelated_assets_are_held_in_inverse_proportion_to_their_variances():
    solution = minimise_variance(np.diag([0.01, 0.04, 0.08]), box(["A", "B", "C"], 0.9))

    np.testing.assert_allclose(solution.weights, 0.9 * np.array([8, 2, 1]) / 11, rtol=1e-12)
    assert solution.certificate.objective == pytest.approx(0.81 / (100 + 25 + 12.5), rel=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_least_variance_over_bounds_and_bands_as_clarabel_finds_it(stock_returns, seed):
    rng = np.random.default_rng(seed)
    begin = rng.integers(0, 7000)
    window = stock_returns.iloc[begin : begin + 252, :12]
    V, members = window.cov().to_numpy(), np.arange(12) < 4
    rows = box(list(window.columns), 0.95, upper=0.2, bands=[Band("first", members, 0.3, 0.5)])
    w = cp.Variable(12)
    held = [cp.sum(w) == 0.95, w >= 0, w <= 0.2, cp.sum(w[:4]) >= 0.3, cp.sum(w[:4]) <= 0.5]
    oracle = cp.Problem(cp.Minimize(cp.quad_form(w, 1e4 * V, assume_PSD=True)), held)
    oracle.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)

    solution = minimise_variance(V, rows)

    assert solution.certificate.objective == pytest.approx(oracle.value / 1e4, rel=1e-8)
    assert solution.certificate.relative_gap <= 1e-10
    np.testing.assert_allclose(solution.weights, w.value, rtol=0, atol=1e-5)
