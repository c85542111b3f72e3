from __future__ import annotations

import numpy as np
import pytest

from portfolio.certificate import MAX_RELATIVE_GAP, MAX_VIOLATION
from schemas.errors import InfeasibleError
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.risk_parity import RiskParity

RISING, FALLING = (2.0, 1.0, 0.5, 3.0, 1.5, 1.0), (2.0, -1.0, 0.5, 3.0, -1.5, 1.0)


def decide(window, **parameters):
    return RiskParity(RiskParityParameters(**parameters)).decide(window)


def test_weights_are_certified_and_leave_the_cash_buffer(window):
    allocation = decide(window(RISING), cash_buffer=0.02)
    assert allocation.weights.sum() == pytest.approx(0.98, abs=1e-12)
    assert allocation.certificate.relative_gap <= MAX_RELATIVE_GAP
    assert allocation.certificate.violation <= MAX_VIOLATION
    assert np.all(allocation.weights <= 0.35 + 1e-12)


def test_no_other_weights_within_the_bounds_do_better(window):
    seen = window(RISING)
    allocation = decide(seen)
    rng = np.random.default_rng(0)
    for _ in range(200):
        w = 0.99 * rng.dirichlet(np.full(6, 3.0))
        if w.max() <= 0.35:
            assert np.mean(np.minimum(seen.returns @ w, 0) ** 2) >= allocation.certificate.objective


def test_falling_assets_form_the_sleeve_and_are_capped(window):
    allocation = decide(window(FALLING), sleeve_max=0.1, sleeve_max_weight=0.06)
    assert allocation.sleeve == {"TLT", "VXZ"}
    np.testing.assert_array_equal(allocation.in_sleeve, [0, 1, 0, 0, 1, 0])
    assert allocation.upper.tolist() == [0.35, 0.06, 0.35, 0.35, 0.06, 0.35]
    assert allocation.weights[[1, 4]].sum() <= 0.1 + 1e-12


def test_a_named_sleeve_does_not_ask_for_the_sign(window):
    allocation = decide(window(FALLING), negative_sleeve=("VXZ", "RWM", "NOT_HELD"))
    assert allocation.sleeve == {"VXZ", "RWM"}


def test_a_floor_on_the_sleeve_is_kept_and_named(window):
    plain = decide(window(RISING), negative_sleeve=("SPY", "TLT"))
    assert plain.weights[:2].sum() < 0.2
    allocation = decide(window(RISING), negative_sleeve=("SPY", "TLT"), sleeve_min=0.29)
    assert allocation.weights[:2].sum() == pytest.approx(0.29)
    assert "negative sleeve min" in allocation.binding[0]
    assert "negative sleeve min" in allocation.binding[1]
    assert "negative sleeve min" not in allocation.binding[2]


def test_binding_constraints_stand_with_their_asset(window):
    allocation = decide(window(RISING), max_weight=0.2, min_weight=0.05)
    for symbol, weight, rows in zip(allocation.symbols, allocation.weights, allocation.binding, strict=True):
        assert (f"max_weight {symbol}" in rows) == (weight >= 0.2 - 1e-9)
        assert (f"min_weight {symbol}" in rows) == (weight <= 0.05 + 1e-9)
    assert any(allocation.binding)


def test_what_the_caps_cannot_take_is_cash_and_said(window):
    allocation = decide(window(RISING), max_weight=0.1)
    assert allocation.weights.sum() == pytest.approx(0.6)
    assert any("39.00% of equity stays in cash" in note for note in allocation.notes)


def test_all_assets_falling_leaves_the_sleeves_ceiling_invested(window):
    allocation = decide(window((-2.0, -1.0, -3.0)), sleeve_max=0.3)
    assert allocation.weights.sum() == pytest.approx(0.3)
    assert any("69.00% of equity stays in cash" in note for note in allocation.notes)


def test_a_floor_does_not_apply_to_an_empty_sleeve(window):
    allocation = decide(window(RISING), sleeve_min=0.1)
    assert "negative sleeve is empty: its band does not apply" in allocation.notes


def test_membership_is_kept_in_the_dead_zone_and_changes_are_said(window):
    drift = (2.0, 0.05, 0.5, 3.0, -1.5, 1.0)
    seen = window(drift, previous_sleeve=frozenset({"TLT", "RWM"}))
    allocation = decide(seen)
    assert allocation.sleeve == {"TLT", "VXZ"}
    assert "entered the negative sleeve: VXZ" in allocation.notes
    assert "left the negative sleeve: RWM" in allocation.notes


def test_contradicting_parameters_name_their_rows(window):
    with pytest.raises(InfeasibleError) as caught:
        decide(window(FALLING), sleeve_min=0.25, sleeve_max_weight=0.1)
    rows = caught.value.figures["conflicting rows"]
    assert "negative sleeve min" in rows
    assert "sleeve_max_weight TLT" in rows
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.05)


def test_the_hurdle_is_that_of_the_parameters(window):
    seen = window(RISING)
    strategy = RiskParity(RiskParityParameters(minimum_acceptable_return=0.002))
    allocation = strategy.decide(seen)
    assert strategy.minimum_acceptable_return == 0.002
    w = allocation.weights
    assert allocation.certificate.objective == pytest.approx(
        np.mean(np.minimum(seen.returns @ w - 0.002, 0) ** 2)
    )


def test_holdings_do_not_move_the_target(window):
    """The solver starts from what is held, but a unique optimum is where it is."""
    cold = decide(window(RISING)).weights
    held = window(RISING, current_weights=np.array([0.9, 0, 0, 0.05, 0, 0]))
    np.testing.assert_allclose(decide(held).weights, cold, atol=1e-10)


def test_nothing_before_the_lookback_matters(window):
    seen = window(RISING, T=300)
    R = seen.returns.copy()
    R[:48] = -0.9
    np.testing.assert_array_equal(decide(window(RISING, T=300, returns=R)).weights, decide(seen).weights)
