from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.downside import downside_gradient, downside_variance
from portfolio.reflection import scenarios_of
from schemas.errors import DataError

NAMES = ("SPY", "TLT", "GLD", "XLE")


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), rank=st.integers(1, 6))
def test_downside_variance_of_the_scenarios_is_the_variance(seed, rank):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(rank, 4)), rng.normal(size=4)
    V = 1e-4 * X.T @ X

    scenarios = scenarios_of(V, NAMES)

    scale = np.abs(V).sum() * (w @ w)
    assert downside_variance(scenarios, w) == pytest.approx(w @ V @ w, rel=1e-12, abs=1e-14 * scale)
    np.testing.assert_allclose(downside_gradient(scenarios, w), 2 * V @ w, rtol=1e-10, atol=1e-12 * scale)


def test_a_singular_covariance_needs_no_more_scenarios_than_its_rank():
    assert scenarios_of(np.ones((4, 4)), NAMES).shape == (2, 4)
    assert downside_variance(scenarios_of(np.zeros((4, 4)), NAMES), np.ones(4)) == 0.0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda V: V[:3], "not a matrix of assets by assets"),
        (lambda V: V + np.diag([0, np.nan, 0, 0]), "Covariance of TLT"),
        (lambda V: V + 0.01 * np.eye(4, k=1) * [0, 0, 1, 0], "TLT with GLD depends on their order"),
        (lambda V: V - 0.1 * np.diag([0, 0, 0, 1]), "mostly of XLE, a negative variance"),
        (lambda V: -V, "negative variance"),
    ],
)
def test_what_is_no_covariance_is_refused_by_name(spoil, said):
    good = 0.04 * np.eye(4) + 0.01
    scenarios_of(good, NAMES)

    with pytest.raises(DataError, match=said):
        scenarios_of(spoil(good), NAMES)
