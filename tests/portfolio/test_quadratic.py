from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import Band, box
from portfolio.feasibility import feasible_start
from portfolio.quadratic import minimise_quadratic


def solve(H, c, constraints):
    start = feasible_start(constraints)
    return minimise_quadratic(H, c, constraints, start, np.zeros(len(constraints.low)))


def test_least_norm_within_the_budget_is_equal_weights():
    optimum = solve(np.eye(4), np.zeros(4), box("ABCD"))
    np.testing.assert_allclose(optimum.weights, 0.25)
    assert optimum.prices.budget == pytest.approx(0.25)
    assert not optimum.held.any()


def test_projection_onto_bounds_and_band():
    """min ½|x - y|²: the band holds A and B at 0.3 together, D stands on its cap."""
    y = np.array([0.4, 0.2, 0.1, 0.9])
    band = Band("sleeve", np.array([True, True, False, False]), 0.0, 0.3)
    constraints = box("ABCD", upper=0.5, bands=[band])
    optimum = solve(np.eye(4), -y, constraints)
    np.testing.assert_allclose(optimum.weights, [0.25, 0.05, 0.2, 0.5], atol=1e-15)
    np.testing.assert_array_equal(optimum.held, [0, 0, 0, 1, 1])
    # multipliers: gradient x - y is (-0.15, -0.15, 0.1, -0.4)
    assert optimum.prices.budget == pytest.approx(0.1)
    assert optimum.prices.bands[0] == pytest.approx(-0.25)
    by_row = optimum.prices.by_row(optimum.weights - y, constraints)
    np.testing.assert_allclose(by_row, [0, 0, 0, -0.5, -0.25], atol=1e-15)


def test_random_programs_satisfy_the_optimality_conditions(problem):
    for seed in range(40):
        constraints = problem("bands", seed).constraints
        rng = np.random.default_rng(seed)
        N = len(constraints.symbols)
        A = rng.standard_normal((N, N))
        H, c = A @ A.T + 0.01 * np.eye(N), rng.standard_normal(N)
        optimum = solve(H, c, constraints)
        by_row = optimum.prices.by_row(H @ optimum.weights + c, constraints)
        values = constraints.row_values(optimum.weights)
        assert constraints.violation(optimum.weights) <= 1e-12
        # a row presses only where the weights stand on it, and only inwards
        assert np.all(by_row[values > constraints.low + 1e-12] <= 1e-10)
        assert np.all(by_row[values < constraints.high - 1e-12] >= -1e-10)


def test_a_matrix_it_cannot_solve_leaves_it_at_feasible_weights():
    constraints = box("ABCD", upper=0.4)
    optimum = solve(np.zeros((4, 4)), np.ones(4), constraints)
    assert constraints.violation(optimum.weights) <= 1e-15
