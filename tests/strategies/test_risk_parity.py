from __future__ import annotations

import numpy as np
import pytest

from portfolio.certificate import MAX_RELATIVE_GAP, MAX_VIOLATION
from portfolio.target_volatility import annual_volatility
from schemas.errors import DataError, InfeasibleError
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


def test_groups_keep_their_bands_and_are_named(window):
    groups = [
        {"name": "bonds", "symbols": ["TLT", "LQD"], "max": 0.2},
        {"name": "hedges", "symbols": ["VXZ", "RWM"], "min": 0.25},
    ]
    plain = decide(window(RISING))
    assert plain.weights[[1, 3]].sum() > 0.2
    allocation = decide(window(RISING), groups=groups)
    assert allocation.weights[[1, 3]].sum() == pytest.approx(0.2)
    assert "bonds max" in allocation.binding[1]
    assert "bonds max" in {price.constraint_name for price in allocation.shadow_prices}
    assert allocation.weights[[4, 5]].sum() >= 0.25 - 1e-12


def test_groups_may_overlap_each_other_and_the_sleeve(window):
    groups = [
        {"name": "bonds", "symbols": ["TLT", "LQD"], "min": 0.1, "max": 0.3},
        {"name": "defensive", "symbols": ["TLT", "GLD", "VXZ"], "min": 0.2, "max": 0.25},
    ]
    w = decide(window(FALLING), groups=groups, sleeve_max=0.1).weights
    for members, low, high in (([1, 3], 0.1, 0.3), ([1, 2, 4], 0.2, 0.25), ([1, 4], 0.0, 0.1)):
        assert low - 1e-12 <= w[members].sum() <= high + 1e-12


def test_overlapping_ceilings_leave_cash_and_say_so(window):
    """TLT stands under both: together they take 0.4, not 0.4 + 0.4."""
    everything = ["SPY", "GLD", "LQD", "VXZ", "RWM", "TLT"]
    groups = [
        {"name": "all", "symbols": everything, "max": 0.4},
        {"name": "some", "symbols": everything[2:], "max": 0.4},
    ]
    allocation = decide(window(RISING), groups=groups)
    assert allocation.weights.sum() == pytest.approx(0.4)
    assert any("59.00% of equity stays in cash" in note for note in allocation.notes)


def test_members_of_a_group_that_are_not_there_are_said(window):
    groups = [
        {"name": "gold", "symbols": ["GLD", "IAU"], "max": 0.2},
        {"name": "oil", "symbols": ["USO"], "max": 0.1},
    ]
    notes = decide(window(RISING), groups=groups).notes
    assert "group gold goes without IAU: not among the assets" in notes
    assert "group oil has no member among the assets: its band does not apply" in notes


def test_a_group_that_must_hold_what_is_not_there_is_infeasible(window):
    with pytest.raises(InfeasibleError, match=r"'oil' must hold at least 0\.1") as caught:
        decide(window(RISING), groups=[{"name": "oil", "symbols": ["USO"], "min": 0.1}])
    assert caught.value.figures["its symbols"] == "USO"


def test_the_turnover_limit_is_kept_and_priced(window):
    held = np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.09])
    seen = window(RISING, current_weights=held)
    assert 0.5 * np.abs(decide(seen).weights - held).sum() > 0.1
    allocation = decide(seen, turnover_limit=0.05)
    assert 0.5 * np.abs(allocation.weights - held).sum() == pytest.approx(0.05, abs=1e-9)
    assert allocation.weights.sum() == pytest.approx(0.99)
    price = next(p for p in allocation.shadow_prices if p.kind == "turnover_limit")
    assert price.cost_bp_per_pp > 0
    assert price.limit_value == 0.05


def test_a_deposit_is_invested_as_far_as_the_turnover_limit_lets_it(window):
    """Half of equity came as cash: buying all at once would be 0.245 of turnover."""
    held = 0.5 * decide(window(RISING)).weights
    allocation = decide(window(RISING, current_weights=held), turnover_limit=0.1)
    assert allocation.weights.sum() == pytest.approx(held.sum() + 0.2, abs=1e-9)
    assert any("29.50% of equity stays in cash" in note for note in allocation.notes)


def test_the_first_funding_is_exempt_from_the_turnover_limit(window):
    seen = window(RISING)
    allocation = decide(seen, turnover_limit=0.05)
    np.testing.assert_array_equal(allocation.weights, decide(seen).weights)
    assert "first funding, exempt from the turnover limit of 5.00%" in allocation.notes


def test_a_target_volatility_scales_into_cash(window):
    seen = window(RISING)
    full = decide(seen)
    volatility = annual_volatility(seen.returns, full.weights)
    allocation = decide(seen, target_volatility=0.5 * volatility)
    np.testing.assert_allclose(allocation.weights, 0.5 * full.weights, atol=1e-9)
    np.testing.assert_allclose(allocation.upper, 0.5 * full.upper)
    assert any(note.startswith("every limit is scaled to 50.0%") for note in allocation.notes)
    assert allocation.scale == pytest.approx(0.5)
    calm = decide(seen, target_volatility=2.0)
    np.testing.assert_allclose(calm.weights, full.weights, atol=1e-9)
    assert not any("scaled" in note for note in calm.notes)


def test_the_turnover_limit_outranks_the_target_volatility(window):
    held = decide(window(RISING)).weights
    seen = window(RISING, current_weights=held)
    target = 0.5 * annual_volatility(seen.returns, held)
    allocation = decide(seen, target_volatility=target, turnover_limit=0.1)
    assert 0.5 * np.abs(allocation.weights - held).sum() <= 0.1 + 1e-9
    results = annual_volatility(seen.returns, allocation.weights)
    assert results > target
    said = f"outranks the target volatility: {results:.2%} a year results instead of {target:.2%}"
    assert any(said in note for note in allocation.notes)


CONFLICT = {"sleeve_min": 0.25, "sleeve_max_weight": 0.1}


def test_a_configured_fallback_keeps_what_is_held_and_says_why(window, journal):
    held = np.array([0.9, 0.0, 0.0, 0.05, 0.0, 0.0])
    parameters = RiskParityParameters(on_infeasible="keep_current", **CONFLICT)
    allocation = RiskParity(parameters, journal).decide(window(FALLING, current_weights=held))
    np.testing.assert_array_equal(allocation.weights, held)
    assert allocation.certificate is None
    assert allocation.shadow_prices == ()
    assert "No weights satisfy all constraints" in allocation.fallback
    assert "sleeve_max_weight TLT" in allocation.fallback
    assert journal.statuses[-1][1]["fallback"] == allocation.fallback
    assert allocation.fallback in journal.lines[-1][1]
    assert allocation.sleeve == {"TLT", "VXZ"}


def test_a_fallback_is_not_used_without_need_nor_unasked(window):
    held = np.full(6, 0.1)
    assert decide(window(FALLING, current_weights=held), on_infeasible="keep_current").fallback == ""
    with pytest.raises(InfeasibleError):
        decide(window(FALLING, current_weights=held), **CONFLICT)


def test_with_nothing_held_there_is_nothing_to_keep(window):
    with pytest.raises(InfeasibleError):
        decide(window(FALLING), on_infeasible="keep_current", **CONFLICT)


def test_bad_data_is_never_a_reason_to_fall_back(window):
    held = np.full(6, 0.1)
    R = window(FALLING).returns.copy()
    R[:, 3] = 0.0001
    with pytest.raises(DataError, match="LQD did not move from 2015-01-01 to 2015-09-09") as caught:
        decide(window(FALLING, returns=R, current_weights=held), on_infeasible="keep_current")
    assert caught.value.figures["sessions"] == "252"


def test_an_asset_that_hardly_moves_may_be_held(window):
    R = window(RISING).returns.copy()
    R[:, 3] *= 1e-4
    assert decide(window(RISING, returns=R)).weights[3] == pytest.approx(0.35)
