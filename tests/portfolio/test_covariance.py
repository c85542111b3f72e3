from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from portfolio.covariance import covariance
from schemas.errors import DataError


@pytest.mark.parametrize("T", [2, 10, 252])
def test_sample_as_pandas(stock_returns, T):
    window = stock_returns.iloc[-T:]
    np.testing.assert_allclose(covariance(window, window.columns), window.cov(), rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("T", [2, 10, 252, 2000])
def test_ledoit_wolf_as_scikit_learn(stock_returns, T):
    window = stock_returns.iloc[-T:]
    ours = covariance(window, window.columns, "ledoit_wolf")
    np.testing.assert_allclose(ours, LedoitWolf().fit(window).covariance_, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("half_life", [1.0, np.log(0.5) / np.log(0.94), 500.0])
def test_ewma_as_pandas(stock_returns, half_life):
    window = stock_returns.iloc[-252:]
    theirs = window.ewm(halflife=half_life).cov().loc[window.index[-1]]
    np.testing.assert_allclose(covariance(window, window.columns, "ewma", half_life), theirs, rtol=1e-11)


def test_shrinkage_makes_a_short_window_definite(stock_returns):
    window = stock_returns.iloc[-10:]
    assert np.linalg.eigvalsh(covariance(window, window.columns, "ledoit_wolf")).min() > 1e-6
    assert np.linalg.eigvalsh(covariance(window, window.columns)).min() < 1e-16


def test_equal_variances_without_correlation_need_no_shrinkage():
    R = np.array([[0.01, 0.01], [0.01, -0.01], [-0.01, 0.01], [-0.01, -0.01]])
    np.testing.assert_allclose(covariance(R, ["A", "B"], "ledoit_wolf"), 1e-4 * np.eye(2), atol=1e-20)


@pytest.mark.parametrize(("T", "half_life"), [(1, 63.0), (5, 0.0), (5, np.nan)])
def test_too_little_history_and_half_lives_that_are_none(T, half_life):
    with pytest.raises(DataError, match="two sessions at least"):
        covariance(np.full((T, 1), 0.01), ["SPY"], "ewma", half_life)
