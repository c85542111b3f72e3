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
