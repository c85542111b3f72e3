"""Parameter sets: strict about names and bounds, and explained for the form in the Prefect UI."""

import pytest
from pydantic import ValidationError

from schemas.parameters import GuardParameters, RebalanceParameters
from schemas.risk_parity_parameters import RiskParityParameters


def test_an_unknown_name_is_an_error_with_the_nearest_match():
    with pytest.raises(ValidationError, match="did you mean 'lookback'"):
        RebalanceParameters(strategy={"name": "risk_parity", "lokback": 100})


def test_an_unknown_strategy_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValidationError, match="equal_weight"):
        RebalanceParameters(strategy={"name": "momentum"})


@pytest.mark.parametrize(
    "bad", [{"lookback": 1}, {"max_weight": 0}, {"max_weight": 1.01}, {"cash_buffer": 1}]
)
def test_values_out_of_bounds_are_refused(bad):
    with pytest.raises(ValidationError):
        RiskParityParameters(**bad)


def test_force_needs_a_reason():
    with pytest.raises(ValidationError, match="force needs a reason"):
        RebalanceParameters(force=True, reason=" ")


def test_parameters_cannot_be_changed_after_validation():
    with pytest.raises(ValidationError, match="frozen"):
        GuardParameters().max_turnover = 1.0


def test_parameters_survive_the_json_that_prefect_keeps():
    parameters = RebalanceParameters(
        strategy={"name": "inverse_volatility", "lookback": 21}, universe="SPY,TLT"
    )

    assert RebalanceParameters.model_validate_json(parameters.model_dump_json()) == parameters


def test_groups_come_as_a_form_with_bounds_and_meaning():
    schema = RebalanceParameters.model_json_schema()
    group = schema["$defs"]["Group"]["properties"]
    assert group["max"] == {
        "default": 1.0,
        "description": "Greatest total weight (fraction of equity).",
        "maximum": 1,
        "minimum": 0,
        "title": "Max",
        "type": "number",
    }
    assert schema["$defs"]["RiskParityParameters"]["properties"]["groups"]["items"] == {
        "$ref": "#/$defs/Group"
    }


BONDS = {"name": "bonds", "symbols": ["TLT"]}


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([{**BONDS, "min": 0.5, "max": 0.4}], "min 0.5 above max 0.4"),
        ([BONDS, BONDS], "two groups are called 'bonds'"),
        ([{**BONDS, "name": "negative sleeve"}], "two groups are called 'negative sleeve'"),
        ([{**BONDS, "name": "a, b"}], "pattern"),
        ([{**BONDS, "symbols": []}], "at least 1"),
        ([{**BONDS, "max": 1.1}], "less than or equal to 1"),
        ([{**BONDS, "maximum": 0.4}], "unknown parameter 'maximum'; did you mean"),
    ],
)
def test_groups_that_make_no_sense_are_refused(groups, said):
    with pytest.raises(ValidationError, match=said):
        RiskParityParameters(groups=groups)


@pytest.mark.parametrize(
    "bad", [{"turnover_limit": 0}, {"target_volatility": 0}, {"on_infeasible": "equal_weight"}]
)
def test_the_optional_constraints_have_bounds(bad):
    with pytest.raises(ValidationError):
        RiskParityParameters(**bad)
