from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from portfolio.rebalance import decide_rebalance, turnover
from schemas.errors import DataError

SYMBOLS = ("SPY", "TLT", "GLD")


def shares(low=0.0):
    """Weights that sum to at most one."""
    return arrays(np.float64, 3, elements=st.floats(low, 1)).map(lambda w: w / max(1.0, w.sum()))


def decide(current, target, drift_threshold=0.005, max_turnover=0.5):
    return decide_rebalance(
        SYMBOLS, current, target, drift_threshold=drift_threshold, max_turnover=max_turnover
    )


def test_drift_is_the_largest_difference_and_turnover_half_the_sum():
    current, target = np.array([0.5, 0.3, 0.1]), np.array([0.4, 0.35, 0.2])
    assert decide(current, target).drift == pytest.approx(0.1)
    assert turnover(current, target) == pytest.approx(0.125)


def test_small_drift_is_held():
    decision = decide([0.400, 0.300, 0.290], [0.404, 0.299, 0.287])
    assert decision.decision == "hold"
    assert decision.turnover == 0.0
    np.testing.assert_array_equal(decision.weights, [0.400, 0.300, 0.290])
    assert decision.summary == "hold: largest drift 0.4pp is below the threshold 0.5pp"
    assert decision.reasons[0].startswith("hold: -0.4pp from the target")


def test_drift_at_the_threshold_is_traded():
    assert decide([0.25, 0.5, 0.0], [0.5, 0.5, 0.0], drift_threshold=0.25).decision == "rebalance"


def test_a_threshold_of_zero_still_holds_what_is_at_its_target():
    assert decide([0.4, 0.3, 0.2], [0.4, 0.3, 0.2], drift_threshold=0.0).decision == "hold"


def test_the_cap_shortens_all_changes_alike():
    decision = decide([0.9, 0.0, 0.0], [0.1, 0.5, 0.3], max_turnover=0.2)
    assert decision.step == pytest.approx(0.25)
    assert decision.turnover == pytest.approx(0.2)
    np.testing.assert_allclose(decision.weights, [0.7, 0.125, 0.075])
    assert "25% of the way this week" in decision.reasons[0]
    assert "turnover 20.0% of 80.0% wanted" in decision.summary


def test_first_funding_is_exempt_from_the_cap():
    decision = decide([0, 0, 0], [0.4, 0.35, 0.24], max_turnover=0.1)
    np.testing.assert_array_equal(decision.weights, [0.4, 0.35, 0.24])
    assert decision.step == 1.0
    assert "first funding" in decision.summary


def test_what_is_owed_is_paid_back_first_and_counts_towards_the_cap():
    """A fifth of the equity is borrowed: a sixth of every holding goes, and what the cap leaves goes towards the target."""
    decision = decide([1.2, 0.0, 0.0], [0.0, 0.5, 0.4975], max_turnover=0.5)
    assert decision.turnover == pytest.approx(0.5)
    assert decision.weights.sum() <= 1.0
    np.testing.assert_allclose(decision.weights, [0.5995, 0.2003, 0.1992], atol=1e-4)
    assert "10.0% to pay back what is owed" in decision.summary


def test_what_is_owed_is_paid_back_whatever_the_threshold_and_the_cap():
    within = decide([0.402, 0.302, 0.299], [0.4, 0.3, 0.2975])
    beyond = decide([1.3, 0.0, 0.7], [0.0, 0.9, 0.0], max_turnover=0.2)
    assert within.decision == beyond.decision == "rebalance"
    assert within.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(beyond.weights, [0.65, 0.0, 0.35])


def test_reasons_say_what_happens_to_each_asset():
    decision = decide([0.3, 0.4, 0.0], [0.35, 0.0, 0.3])
    assert decision.reasons == (
        "buy: held 30.0%, target 35.0%, +5.0pp",
        "sell out: held 40.0%, target 0.0%, -40.0pp",
        "new position: held 0.0%, target 30.0%, +30.0pp",
    )
    assert decide([0.3, 0.4, 0.2], [0.3, 0.3, 0.3]).reasons[0] == "hold: at its target 30.0%"


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(DataError, match="Held weight of TLT"):
        decide([0.3, np.nan, 0.2], [0.3, 0.3, 0.3])
    with pytest.raises(DataError, match="Target weight is not one number for each asset"):
        decide([0.3, 0.3, 0.2], [0.3, 0.3])


@given(shares(), shares(), st.floats(0, 0.2), st.floats(0.01, 1))
def test_whatever_is_decided(current, target, threshold, cap):
    decision = decide(current, target, threshold, cap)
    moved = turnover(current, decision.weights)
    assert decision.turnover == pytest.approx(moved, abs=1e-15)
    assert decision.drift == np.abs(target - current).max()
    if decision.decision == "hold":
        assert moved == 0
        assert decision.drift < max(threshold, 1e-11)
    else:
        assert decision.drift >= threshold
        assert moved <= cap + 1e-12 or not np.any(current > 1e-12)
        assert np.abs(target - decision.weights).max() <= decision.drift
    # the step stays on the line between held and target weights
    on_the_line = current + decision.step * (target - current)
    np.testing.assert_allclose(decision.weights, on_the_line, atol=1e-15)


@given(shares(0.01), shares(), st.floats(0.05, 1))
def test_repeated_capped_steps_arrive(current, target, cap):
    weights = current
    for _ in range(21):
        weights = decide(weights, target, drift_threshold=0.0, max_turnover=cap).weights
    np.testing.assert_allclose(weights, target, atol=1e-11)


@given(shares(0.01), shares(), st.floats(0.01, 1))
def test_the_capped_step_is_the_longest_allowed(current, target, cap):
    step = decide(current, target, drift_threshold=0.0, max_turnover=cap).step
    assert step in {0.0, 1.0} or step * turnover(current, target) == pytest.approx(cap)
