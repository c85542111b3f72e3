from __future__ import annotations

import numpy as np
import pytest
import riskfolio

from portfolio.hierarchical import hierarchical_risk_parity, quasi_diagonal
from schemas.errors import DataError


@pytest.mark.parametrize("begin", [0, 2000, 4000, 6000, 8000])
@pytest.mark.parametrize("N", [2, 7, 20])
def test_as_riskfolio_splits_it(stock_returns, begin, N):
    window = stock_returns.iloc[begin : begin + 252, :N]
    theirs = riskfolio.HCPortfolio(returns=window).optimization(
        model="HRP", codependence="pearson", rm="MV", linkage="single", leaf_order=False
    )

    ours = hierarchical_risk_parity(window.cov(), window.columns)

    np.testing.assert_allclose(ours, theirs["weights"], rtol=1e-10)


def test_what_moves_together_stands_together():
    pair, other = np.array([[1.0, 0.9], [0.9, 1.0]]), 0.1
    V = np.block([[pair, np.full((2, 2), other)], [np.full((2, 2), other), pair]])
    shuffled = [0, 2, 1, 3]

    order = [shuffled[i] for i in quasi_diagonal(V[np.ix_(shuffled, shuffled)])]

    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 1}), frozenset({2, 3})}


def test_uncorrelated_halves_share_by_inverse_variance():
    np.testing.assert_allclose(
        hierarchical_risk_parity(np.diag([0.01, 0.02, 0.04]), ["A", "B", "C"]), np.array([4, 2, 1]) / 7
    )


def test_one_asset_takes_all():
    np.testing.assert_array_equal(hierarchical_risk_parity([[0.01]], ["SPY"]), [1.0])


def test_an_asset_without_variance_is_named():
    with pytest.raises(DataError, match="BIL has no variance"):
        hierarchical_risk_parity(np.diag([0.01, 0.0]), ["SPY", "BIL"])
