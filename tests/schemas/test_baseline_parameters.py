from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.baseline_parameters import (
    DownsideRiskParityParameters,
    MinimumVarianceParameters,
    VarianceRiskParityParameters,
)
from schemas.parameters import StrategyParameters


@pytest.mark.parametrize(
    "name",
    [
        "risk_parity",
        "downside_risk_parity",
        "variance_risk_parity",
        "minimum_variance",
        "hierarchical_risk_parity",
        "inverse_volatility",
        "equal_weight",
        "benchmark",
        "fixed_weights",
    ],
)
def test_every_strategy_is_found_by_its_name(name):
    parameters = TypeAdapter(StrategyParameters).validate_python({"name": name})

    assert parameters.name == name
    for field in type(parameters).model_fields.values():
        assert field.description or field.default == name


@pytest.mark.parametrize("budget", [-1.0, float("nan"), float("inf")])
def test_a_risk_budget_is_a_share(budget):
    with pytest.raises(ValidationError):
        DownsideRiskParityParameters(risk_budgets={"SPY": budget, "TLT": 1.0})


def test_risk_budgets_share_out_something():
    with pytest.raises(ValidationError, match="share out no risk"):
        VarianceRiskParityParameters(risk_budgets={"SPY": 0.0})


def test_bounds_are_in_order():
    with pytest.raises(ValidationError, match=r"min_weight 0\.5 is above max_weight 0\.2"):
        MinimumVarianceParameters(min_weight=0.5, max_weight=0.2)
