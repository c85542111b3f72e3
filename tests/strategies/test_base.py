"""What an author gets from the framework for writing one method."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from schemas.baseline_parameters import EqualWeightParameters
from schemas.errors import ConfigError, DataError, SolverError
from schemas.forms import Parameters
from strategies.base import Allocation, BaseStrategy
from strategies.equal_weight import EqualWeight


class FirstOnlyParameters(Parameters):
    name: Literal["first_only"] = "first_only"
    lookback: int = 10
    weight: float = 0.5


class FirstOnly(BaseStrategy[FirstOnlyParameters]):
    """All an author writes."""

    parameters_type = FirstOnlyParameters

    def target_weights(self, window):
        N = len(window.symbols)
        weights = np.zeros(N)
        weights[0] = self.parameters.weight
        assert len(window.sessions) == 10
        return Allocation(
            window.symbols, weights, np.zeros(N), np.ones(N), np.arange(N) == 1, ((),) * N, notes=("why not",)
        )


def test_a_decision_is_recorded_without_the_authors_help(window, journal):
    seen = window((1.0, 2.0), T=30)
    allocation = FirstOnly(FirstOnlyParameters(), journal).decide(seen)
    np.testing.assert_array_equal(allocation.weights, [0.5, 0.0])
    as_of = seen.sessions[-1].isoformat()
    weights = {"SPY": 0.5, "TLT": 0.0}
    assert journal.states == [
        ("first_only", {"data_as_of": as_of, "target_weights": weights, "sleeve": ["TLT"]})
    ]
    remarks = {"notes": ["why not"], "fallback": ""}
    status = {"stage": "decided", "data_as_of": as_of, "target_weights": weights, **remarks}
    assert journal.statuses == [("first_only", status)]
    assert journal.lines == [("first_only", f"decided on data as of {as_of}: 1 of 2 assets, 50.00% invested")]


def test_status_and_performance_reach_the_journal(journal):
    strategy = FirstOnly(FirstOnlyParameters(), journal)
    strategy.record_status({"stage": "complete"})
    strategy.record_performance({"equity": "100000.00"})
    assert journal.statuses == [("first_only", {"stage": "complete"})]
    assert journal.performances == [("first_only", {"equity": "100000.00"})]


def test_without_a_journal_it_just_decides(window):
    strategy = FirstOnly(FirstOnlyParameters())
    strategy.record_performance({"equity": "100000.00"})
    assert strategy.decide(window((1.0, 2.0), T=30)).sleeve == {"TLT"}


def test_too_little_history_is_refused_before_the_author_is_asked(window, journal):
    with pytest.raises(DataError, match="too little history"):
        FirstOnly(FirstOnlyParameters(), journal).decide(window(T=9))
    assert journal.states == []


@pytest.mark.parametrize("weight", [1.5, -0.1, np.nan])
def test_unusable_weights_are_withheld(window, journal, weight):
    with pytest.raises(SolverError, match="not usable"):
        FirstOnly(FirstOnlyParameters(weight=weight), journal).decide(window(T=30))
    assert journal.states == []


def test_parameters_of_another_strategy_are_refused():
    with pytest.raises(ConfigError, match="FirstOnly cannot work with EqualWeightParameters"):
        FirstOnly(EqualWeightParameters())


def test_name_and_lookback_come_from_the_parameters():
    strategy = EqualWeight(EqualWeightParameters(lookback=30))
    assert (strategy.name, strategy.lookback) == ("equal_weight", 30)
    assert strategy.minimum_acceptable_return == 0.0
