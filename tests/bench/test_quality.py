from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from bench.quality import constraints_of, nearest_feasible, objective, parity_error, relative_gap
from bench.windows import Shape, synthetic_returns


def test_weights_that_satisfy_the_constraints_stay():
    weights = np.array([0.35, 0.35, 0.3, 0.0])
    np.testing.assert_allclose(nearest_feasible(weights, 0.35), weights, atol=1e-15)


def test_small_violations_are_mended_without_making_new_ones():
    mended = nearest_feasible(np.array([0.36, 0.35, 0.3, -0.01]), 0.35)
    np.testing.assert_allclose(mended, [0.35, 0.35, 0.3, 0.0], atol=1e-15)


def test_the_gap_is_that_of_the_linear_program():
    R = synthetic_returns(60, 7)
    weights = np.full(7, 1 / 7)
    d = np.minimum(R @ weights, 0)
    gradient = 2 / len(d) * (d @ R)
    least = linprog(gradient, A_eq=np.ones((1, 7)), b_eq=[1.0], bounds=(0.0, 0.35)).fun
    by_hand = (gradient @ weights - least) / objective(R, weights)
    assert relative_gap(R, weights, constraints_of(Shape(7, 60))) == pytest.approx(by_hand, rel=1e-12)


def test_one_asset_falls_a_day_so_parity_is_inverse_to_the_fall():
    falls = np.array([0.01, 0.02, 0.04])
    parity = (1 / falls) / (1 / falls).sum()
    assert parity_error(-np.diag(falls), parity) < 1e-15
    # contributions of equal weights are as a²: 1/21, 4/21, 16/21
    assert parity_error(-np.diag(falls), np.full(3, 1 / 3)) == pytest.approx(16 / 21 - 1 / 3)
