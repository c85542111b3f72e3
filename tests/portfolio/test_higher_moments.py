"""Skewness and kurtosis agree with SciPy's, and do not exist for a constant."""

import numpy as np
import pytest
from scipy import stats

from portfolio.higher_moments import higher_moments


def test_they_are_scipys_without_the_excess():
    returns = np.random.default_rng(3).standard_t(5, 400)

    assert higher_moments(returns) == pytest.approx((stats.skew(returns), stats.kurtosis(returns) + 3))


def test_a_constant_has_none():
    assert np.isnan(higher_moments(np.full(5, 0.01))).all()
