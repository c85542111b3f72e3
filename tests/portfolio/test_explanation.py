"""Why a weight: the split of its change adds up exactly, and a shadow price is what relaxing its row really saves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from portfolio.certificate import Certificate
from portfolio.constraints import Band, Constraints, TurnoverLimit, box
from portfolio.downside import downside_deviation
from portfolio.explanation import marginal_risk, shadow_prices, weight_change
from portfolio.solver import minimise_downside_variance

SYMBOLS = ("SPY", "TLT", "GLD", "LQD")
fractions = arrays(np.float64, st.shared(st.integers(1, 40), key="N"), elements=st.floats(0, 1))


@pytest.fixture(name="R")
def returns():
    rng = np.random.default_rng(3)
    market = rng.standard_t(4, (252, 1)) * np.array([1.0, -0.2, 0.1, 0.3])
    return 0.01 * (market + rng.standard_t(4, (252, 4)) * np.array([0.3, 0.6, 0.9, 0.2]))


def prices_of(R, constraints, b=0.0):
    certificate = minimise_downside_variance(R, constraints, b).certificate
    return {price.constraint_name: price for price in shadow_prices(constraints, certificate)}, certificate


@given(fractions, fractions, fractions)
def test_drift_and_signal_add_up_to_the_change_to_the_last_bit(current, previous, target):
    split = weight_change(current, previous, target)
    np.testing.assert_array_equal(split.drift + split.signal, split.change)
    np.testing.assert_array_equal(split.current + split.change, split.target)
    np.testing.assert_array_equal(split.current + split.drift, split.previous_target)


@given(fractions, fractions, fractions)
def test_the_totals_over_the_assets_add_up_exactly_too(current, previous, target):
    split = weight_change(current / len(current), previous / len(current), target / len(current))
    assert split.drift.sum() + split.signal.sum() == split.change.sum()
    assert split.target[::-1].sum() == split.target.sum()


@given(fractions)
def test_the_grid_moves_no_weight_that_matters(weights):
    assert np.abs(weight_change(weights, None, weights).target - weights).max() <= 2.0**-51


def test_without_a_decision_before_all_of_the_change_is_signal():
    split = weight_change([0.2, 0.0], None, [0.3, 0.6])
    assert split.previous_target is None
    np.testing.assert_array_equal(split.drift, 0.0)
    np.testing.assert_array_equal(split.signal, split.change)


def test_the_shadow_price_of_a_cap_is_what_moving_it_saves(R):
    room = 1e-5
    prices, at = prices_of(R, box(SYMBOLS, upper=[1, 1, 1, 0.3]))
    _, wider = prices_of(R, box(SYMBOLS, upper=[1, 1, 1, 0.3 + room]))
    saved = (np.sqrt(at.objective) - np.sqrt(wider.objective)) / room
    assert saved > 1e-4
    assert prices["max_weight LQD"].cost_bp_per_pp == pytest.approx(100 * saved, rel=1e-3)


def test_the_same_holds_for_floors_bands_and_budget(R):
    def programme(floor=0.2, ceiling=0.4, budget=0.9):
        band = Band("bonds", np.array([False, True, False, True]), 0.0, ceiling)
        return box(SYMBOLS, budget, lower=[0, 0, floor, 0], bands=[band])

    room = 1e-5
    prices, at = prices_of(R, programme())
    changed = {
        "min_weight GLD": programme(floor=0.2 - room),
        "bonds max": programme(ceiling=0.4 + room),
        "budget": programme(budget=0.9 - room),
    }
    for name, constraints in changed.items():
        _, relaxed = prices_of(R, constraints)
        saved = (np.sqrt(at.objective) - np.sqrt(relaxed.objective)) / room
        assert saved > 1e-4
        assert prices[name].cost_bp_per_pp == pytest.approx(100 * saved, rel=1e-3)


def test_the_dearest_comes_first_and_the_budget_last(R):
    found = shadow_prices(
        constraints := box(SYMBOLS, lower=0.1, upper=[1, 0.3, 1, 0.3]),
        minimise_downside_variance(R, constraints).certificate,
    )
    costs = [price.cost_bp_per_pp for price in found[:-1]]
    assert len(costs) >= 2
    assert costs == sorted(costs, reverse=True)
    assert found[-1].kind == "budget"


def test_sentences_say_the_limit_the_asset_and_the_cost():
    """f = 1e-4, so √f = 100 bp: a multiplier of 1.6e-4 is 0.8 bp a percentage point."""
    constraints = Constraints(
        symbols=SYMBOLS,
        budget=0.99,
        lower=np.array([0.0, 0.05, 0.0, 0.0]),
        upper=np.array([0.35, 0.35, 0.15, 0.123456]),
        bands=(Band("bonds", np.array([False, True, False, True]), 0.1, 0.4),),
        upper_rules=("max_weight", "max_weight", "sleeve_max_weight", "max_weight"),
        turnover=TurnoverLimit(np.zeros(4), 0.1),
    )
    cost = 1.6e-4
    names = [
        "max_weight SPY", "min_weight TLT", "sleeve_max_weight GLD", "max_weight LQD", "min_weight GLD", "bonds min",
        "bonds max", "turnover_limit", "budget",
    ]  # fmt: skip
    proof = Certificate(1e-4, 0.0, 0.0, 0.0, dict.fromkeys(names, cost), 1)
    said = {price.constraint_name: price.sentence for price in shadow_prices(constraints, proof)}
    deviation = "0.8 bp of daily downside deviation"
    assert said == {
        "max_weight SPY": f"the 35% cap on SPY costs {deviation} per 1 pp",
        "max_weight LQD": f"the 12.35% cap on LQD costs {deviation} per 1 pp",
        "sleeve_max_weight GLD": f"the 15% cap on GLD (sleeve_max_weight) costs {deviation} per 1 pp",
        "min_weight TLT": f"the 5% floor of TLT costs {deviation} per 1 pp",
        # not held, so entering costs turnover too
        "min_weight GLD": "GLD is left out: 1 pp of it in place of others adds 1.6 bp of daily downside deviation",
        "bonds min": f"the 10% floor of the bonds costs {deviation} per 1 pp",
        "bonds max": f"the 40% ceiling of the bonds costs {deviation} per 1 pp",
        "turnover_limit": f"the turnover limit of 10% costs {deviation} per 1 pp",
        "budget": f"1 pp more invested instead of cash adds {deviation}",
    }
    symbols = {price.constraint_name: price.symbol for price in shadow_prices(constraints, proof)}
    assert symbols["sleeve_max_weight GLD"] == "GLD"
    assert symbols["bonds max"] is None


def test_the_price_of_entering_includes_the_turnover_it_takes():
    """Against the rise of √f when the asset is made to enter, while the turnover limit binds."""
    R = 0.01 * np.random.default_rng(3).standard_normal((250, 4)) * [0.5, 1.0, 1.0, 0.2]
    R[:, 3] += 1.5 * R[:, 1] + R[:, 2]  # more of the same risk
    held = TurnoverLimit(np.array([0.2, 0.4, 0.4, 0.0]), 0.1)

    def solved(floor):
        rows = replace(box(SYMBOLS, lower=[0, 0, 0, floor]), turnover=held)
        return rows, minimise_downside_variance(R, rows).certificate

    rows, proof = solved(0.0)
    assert {"turnover_limit", f"min_weight {SYMBOLS[3]}"} <= set(proof.active)
    price = next(p for p in shadow_prices(rows, proof) if p.constraint_name == f"min_weight {SYMBOLS[3]}")
    rise = np.sqrt(solved(1e-5)[1].objective) - np.sqrt(proof.objective)
    assert price.cost_bp_per_pp == pytest.approx(100 * rise / 1e-5, rel=1e-3)


@pytest.mark.parametrize(
    ("multiplier", "words"),
    [(0.0, "less than 0.001 bp"), (2e-9, "less than 0.001 bp"), (2.4e-6, "0.012 bp"), (3.1e-3, "16 bp")],
)
def test_costs_are_written_with_the_digits_that_mean_something(multiplier, words):
    proof = Certificate(1e-4, 0.0, 0.0, 0.0, {"max_weight SPY": multiplier}, 1)
    assert f" {words} " in shadow_prices(box(SYMBOLS), proof)[0].sentence


def test_a_budget_that_helps_says_so():
    """With b above what cash earns, investing more lowers the shortfall."""
    proof = Certificate(1e-4, 0.0, 0.0, 0.0, {"budget": -1.6e-4}, 1)
    assert "takes away 0.8 bp" in shadow_prices(box(SYMBOLS), proof)[0].sentence


def test_a_row_that_keeps_risk_out_saves_and_the_measure_is_named():
    """Where risk is budgeted, more room for an asset may raise the risk."""
    proof = Certificate(1e-4, 0.0, 0.0, 0.0, {"max_weight SPY": -1.6e-4, "min_weight TLT": -1.6e-4}, 1)
    prices = shadow_prices(box(SYMBOLS), proof, measure="volatility")
    assert [price.sentence for price in prices] == [
        "TLT is left out: 1 pp of it in place of others takes away 0.8 bp of daily volatility",
        "the 100% cap on SPY saves 0.8 bp of daily volatility per 1 pp",
    ]
    assert {price.measure for price in prices} == {"volatility"}
    assert {price.free_at for price in prices} == {None}


def test_a_portfolio_that_never_falls_has_no_prices_and_divides_by_nothing():
    R = np.array([[0.01, 0.02], [0.0, 0.01]])
    constraints = box(("SPY", "TLT"), upper=0.6)
    solution = minimise_downside_variance(R, constraints)
    assert solution.certificate.objective == 0.0
    assert {price.cost_bp_per_pp for price in shadow_prices(constraints, solution.certificate)} == {0.0}
    np.testing.assert_array_equal(marginal_risk(R, solution.weights), 0.0)


def test_marginal_risk_is_what_a_little_more_of_an_asset_adds(R):
    w, b = np.array([0.1, 0.2, 0.3, 0.4]), 1e-4
    more = 1e-6
    by_hand = [
        (downside_deviation(R, w + more * e, b) - downside_deviation(R, w, b)) / more for e in np.eye(4)
    ]
    np.testing.assert_allclose(marginal_risk(R, w, b), 100 * np.array(by_hand), rtol=1e-4)


def test_a_floor_keeps_out_by_the_excess_of_its_marginal_risk(R):
    """An asset left out adds exactly its shadow price more than one that is free to move."""
    constraints = box(SYMBOLS)
    solution = minimise_downside_variance(R, constraints)
    marginal = marginal_risk(R, solution.weights)
    found = shadow_prices(constraints, solution.certificate, marginal=marginal)
    prices = {price.constraint_name: price for price in found}
    out = int(np.argmin(solution.weights))
    assert solution.weights[out] == 0.0
    floor = prices[f"min_weight {SYMBOLS[out]}"]
    excess = marginal[out] - prices["budget"].cost_bp_per_pp
    assert excess == pytest.approx(floor.cost_bp_per_pp, rel=1e-6)
    assert floor.free_at == pytest.approx(prices["budget"].cost_bp_per_pp, rel=1e-6)
    assert prices["budget"].free_at is None


def test_a_cap_holds_back_what_adds_less_than_the_rest(R):
    constraints = box(SYMBOLS, upper=[1, 1, 1, 0.3])
    solution = minimise_downside_variance(R, constraints)
    marginal = marginal_risk(R, solution.weights)
    found = shadow_prices(constraints, solution.certificate, marginal=marginal)
    prices = {price.constraint_name: price for price in found}
    cap = prices["max_weight LQD"]
    assert cap.free_at > marginal[3]
    assert cap.free_at == pytest.approx(prices["budget"].cost_bp_per_pp, rel=1e-6)
