from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from portfolio.downside import (
    asset_downside_deviations,
    downside_deviation,
    downside_gradient,
    downside_variance,
    risk_contributions,
    shortfalls,
)

RETURNS = arrays(np.float64, (9, 4), elements=st.floats(-0.2, 0.2))
WEIGHTS = arrays(np.float64, 4, elements=st.floats(0, 1))
HURDLES = st.sampled_from([0.0, 0.001, -0.002])


def test_by_hand():
    R = np.array([[-0.04, 0.02], [0.02, -0.06], [0.01, 0.03]])
    w = np.array([0.5, 0.5])
    # portfolio: -1 %, -2 %, +2 %
    assert downside_variance(R, w) == pytest.approx((0.01**2 + 0.02**2) / 3)
    assert downside_deviation(R, w) == pytest.approx(np.sqrt(0.0005 / 3))
    # about a hurdle of 1 % the shortfalls are 2 %, 3 % and none
    np.testing.assert_allclose(shortfalls(R, w, 0.01), [-0.02, -0.03, 0.0])
    assert downside_variance(R, w, 0.01) == pytest.approx((0.02**2 + 0.03**2) / 3)


def test_sessions_without_a_shortfall_count_in_the_mean():
    w = np.ones(1)
    assert downside_variance(np.array([[-0.02], [0.05]]), w) == pytest.approx(0.0002)
    assert downside_variance(np.array([[-0.02], [0.05], [0.0], [0.01]]), w) == pytest.approx(0.0001)


@given(RETURNS, WEIGHTS, HURDLES)
def test_gradient_agrees_with_central_differences(R, w, b):
    h = 1e-6
    numeric = [
        (downside_variance(R, w + h * e, b) - downside_variance(R, w - h * e, b)) / (2 * h) for e in np.eye(4)
    ]
    # f is only once differentiable: at a corner the second difference is off by O(h)
    np.testing.assert_allclose(downside_gradient(R, w, b), numeric, atol=3e-7)


@given(RETURNS, WEIGHTS, HURDLES)
def test_contributions_sum_to_twice_the_objective_for_any_hurdle(R, w, b):
    if w.sum() > 1e-3:
        total = risk_contributions(R, w, b).sum()
        assert total == pytest.approx(2 * downside_variance(R, w, b), rel=1e-9, abs=1e-15)


def test_contributions_without_a_hurdle_are_eulers():
    rng = np.random.default_rng(1)
    R, w = 0.01 * rng.standard_normal((50, 3)), np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(risk_contributions(R, w), w * downside_gradient(R, w))


def test_nothing_held_contributes_nothing():
    assert not risk_contributions(np.full((3, 2), -0.01), np.zeros(2), 0.001).any()


def test_assets_alone():
    rng = np.random.default_rng(2)
    R = 0.01 * rng.standard_normal((30, 3))
    alone = [downside_deviation(R, e, 0.001) for e in np.eye(3)]
    np.testing.assert_allclose(asset_downside_deviations(R, 0.001), alone)


def test_estradas_heuristic_is_another_number():
    """The semicovariance of assets, E[min(r_i,0) min(r_j,0)], is not the downside variance of the portfolio."""
    sp500 = [0.31, 0.267, 0.195, -0.101, -0.13, -0.234, 0.264, 0.09, 0.03, 0.136]
    nikkei = [-0.212, -0.093, 0.368, -0.272, -0.235, -0.186, 0.245, 0.076, 0.402, 0.069]
    R, w = np.column_stack([sp500, nikkei]), np.array([0.8, 0.2])
    falls = np.minimum(R, 0)
    heuristic = w @ (falls.T @ falls / len(R)) @ w
    assert heuristic == pytest.approx(0.009357912, rel=1e-9)
    assert downside_variance(R, w) == pytest.approx(0.00914354, rel=1e-9)


def test_estradas_heuristic_never_understates():
    """min(x+y, 0)² <= (min(x,0) + min(y,0))²: a rise of one asset does not pay for the fall of another."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        R, w = rng.standard_normal((20, 4)), rng.dirichlet(np.ones(4))
        falls = np.minimum(R, 0)
        assert downside_variance(R, w) <= w @ (falls.T @ falls / len(R)) @ w
