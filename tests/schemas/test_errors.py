"""Errors say what failed, the figures and what to do, and survive being stored."""

import pickle

import pytest

from schemas import errors
from schemas.errors import DataError, RiskParityError

EXIT_CODES = {
    "ConfigError": 2,
    "GuardRefusal": 3,
    "DataError": 4,
    "InfeasibleError": 5,
    "SolverError": 5,
    "UnknownOutcome": 6,
    "NeedsHuman": 6,
    "BrokerRefusal": 7,
    "TemporaryError": 75,
}


def test_every_error_has_its_documented_exit_code():
    kinds = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, RiskParityError) and kind is not RiskParityError
    }

    assert kinds == EXIT_CODES


def test_the_text_holds_what_figures_and_remedy():
    error = DataError("SPY is stale", figures={"newest bar": "2015-05-28"}, remedy="Try later.")

    assert str(error) == "SPY is stale (newest bar: 2015-05-28). Try later."


@pytest.mark.parametrize("name", EXIT_CODES)
def test_an_error_survives_pickling_with_everything_it_says(name):
    error = getattr(errors, name)("what", figures={"a": 1}, remedy="do this")

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), copy.figures) == (type(error), str(error), error.figures)
