"""Variance risk parity, minimum variance and hierarchical risk parity: the strategies that estimate a covariance."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.covariance import covariance
from schemas.baseline_parameters import (
    HierarchicalRiskParityParameters,
    MinimumVarianceParameters,
    VarianceRiskParityParameters,
)
from schemas.errors import DataError
from strategies.registry import create

ALL = [VarianceRiskParityParameters, MinimumVarianceParameters, HierarchicalRiskParityParameters]


@pytest.mark.parametrize("estimator", ["sample", "ledoit_wolf", "ewma"])
def test_variance_risk_parity_budgets_the_variance_of_the_chosen_estimator(window, estimator):
    seen = window()
    budgets = dict(zip(seen.symbols, [1.0, 2.0, 3.0, 4.0, 5.0], strict=True))
    parameters = VarianceRiskParityParameters(covariance=estimator, half_life=20, risk_budgets=budgets)
    V = covariance(seen.returns, seen.symbols, estimator, 20)

    w = create(parameters).decide(seen).weights

    np.testing.assert_allclose(w * (V @ w) / (w @ V @ w), np.arange(1, 6) / 15, rtol=1e-10)


def test_minimum_variance_has_the_least_of_all(window):
    seen = window()
    V = covariance(seen.returns, seen.symbols, "ledoit_wolf")
    weights = {p.model_fields["name"].default: create(p()).decide(seen).weights for p in ALL}
    variance = {name: w @ V @ w for name, w in weights.items()}

    assert min(variance, key=variance.get) == "minimum_variance"
    for w in weights.values():
        assert w.sum() == pytest.approx(0.99)


@pytest.mark.parametrize("parameters", [VarianceRiskParityParameters, MinimumVarianceParameters])
def test_bounds_bind_and_are_named(window, parameters):
    allocation = create(parameters(max_weight=0.22, min_weight=0.15)).decide(window())
    standing = {
        f"max_weight {s}" for s, w in zip(allocation.symbols, allocation.weights, strict=True) if w == 0.22
    }

    assert len(standing) >= 1
    assert standing <= {row for rows in allocation.binding for row in rows}
    assert standing | {"budget"} <= {price.constraint_name for price in allocation.shadow_prices}
    assert {price.measure for price in allocation.shadow_prices} == {"volatility"}


def test_the_price_of_leaving_an_asset_out_of_the_minimum_variance_portfolio(window):
    R = window().returns.copy()
    R[:, 4] = 2 * R[:, 0] + 0.2 * R[:, 4]
    seen = window(returns=R)
    names, V = seen.symbols, covariance(R, seen.symbols, "ledoit_wolf")
    allocation = create(MinimumVarianceParameters()).decide(seen)
    w, priced = allocation.weights, {price.symbol: price for price in allocation.shadow_prices}
    marginal = 100 * V @ w / np.sqrt(w @ V @ w)

    left_out = [i for i in range(5) if w[i] < 1e-9]
    assert 4 in left_out
    for i in left_out:
        level = marginal[w > 1e-9].mean()
        assert priced[names[i]].cost_bp_per_pp == pytest.approx(marginal[i] - level, rel=1e-6)


def test_hierarchical_risk_parity_names_no_bounds(window):
    allocation = create(HierarchicalRiskParityParameters()).decide(window())

    assert allocation.certificate is None
    assert np.all(allocation.weights > 0)


@pytest.mark.parametrize("parameters", ALL)
def test_an_asset_that_does_not_move_is_named_with_the_dates(window, parameters):
    R = window().returns.copy()
    R[:, 1] = 0.0

    with pytest.raises(DataError, match="TLT did not move from 2015-01-01 to 2015-09-09"):
        create(parameters()).decide(window(returns=R))
