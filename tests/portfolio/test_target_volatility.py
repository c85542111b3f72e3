"""Scaling into cash: the same portfolio beside more cash, exactly; a turnover limit outranks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portfolio.certificate import MAX_RELATIVE_GAP
from portfolio.constraints import Band, TurnoverLimit, box
from portfolio.solver import minimise_downside_variance
from portfolio.target_volatility import annual_volatility, minimise_at_volatility, shrunk
from schemas.errors import InfeasibleError

SYMBOLS = ("SPY", "TLT", "GLD", "LQD")


@pytest.fixture(name="R")
def returns():
    rng = np.random.default_rng(5)
    market = rng.standard_t(4, (252, 1)) * np.array([1.0, 0.4, 0.5, 0.3])
    return 0.01 * (market + rng.standard_t(4, (252, 4)) * np.array([0.3, 0.6, 0.9, 0.4])) + 2e-4


@pytest.fixture
def constraints():
    bonds = Band("bonds", np.array([False, True, False, True]), 0.2, 0.6)
    return box(SYMBOLS, 0.99, lower=0.02, upper=0.5, bands=[bonds])


def test_volatility_is_the_sample_standard_deviation_annualised():
    returns = np.array([[0.01], [0.03], [-0.01]])
    assert annual_volatility(returns, np.array([1.0])) == pytest.approx(0.02 * np.sqrt(252))


@pytest.mark.parametrize("b", [0.0, 5e-4, -5e-4])
def test_scaled_weights_are_the_fully_invested_ones_in_proportion(R, constraints, b):
    full = minimise_downside_variance(R, constraints, b).weights
    target = 0.6 * annual_volatility(R, full)
    scaled = minimise_at_volatility(R, constraints, b, target)
    assert scaled.scale == pytest.approx(0.6)
    np.testing.assert_allclose(scaled.solution.weights, 0.6 * full, atol=1e-10)
    assert scaled.volatility == pytest.approx(target)
    assert scaled.full_volatility == pytest.approx(target / 0.6)
    assert scaled.solution.weights.sum() == pytest.approx(0.6 * 0.99)


def test_the_certificate_is_that_of_the_shrunk_programme(R, constraints):
    full = minimise_downside_variance(R, constraints, 2e-4)
    scaled = minimise_at_volatility(R, constraints, 2e-4, 0.5 * annual_volatility(R, full.weights))
    proof = scaled.solution.certificate
    assert proof.objective == pytest.approx(0.25 * full.certificate.objective)
    assert proof.relative_gap <= MAX_RELATIVE_GAP
    assert scaled.constraints.violation(scaled.solution.weights) <= 1e-12
    for name, multiplier in full.certificate.multipliers.items():
        assert proof.multipliers[name] == pytest.approx(0.5 * multiplier, abs=1e-12)


def test_a_calm_portfolio_stays_fully_invested(R, constraints):
    full = minimise_downside_variance(R, constraints).weights
    scaled = minimise_at_volatility(R, constraints, 0.0, 2.0)
    assert scaled.scale == 1.0
    np.testing.assert_allclose(scaled.solution.weights, full, atol=1e-12)


def test_returns_that_do_not_move_are_not_divided_by():
    still = np.full((20, 4), 1e-4)
    scaled = minimise_at_volatility(still, box(SYMBOLS), 0.0, 0.1)
    assert scaled.scale == 1.0


def test_shrinking_scales_budget_bounds_and_bands_but_not_what_is_held(constraints):
    held = TurnoverLimit(np.full(4, 0.2), 0.1)
    half = shrunk(replace(constraints, turnover=held), 0.5)
    assert half.budget == pytest.approx(0.495)
    np.testing.assert_allclose(half.low, 0.5 * constraints.low)
    np.testing.assert_allclose(half.high, 0.5 * constraints.high)
    np.testing.assert_array_equal(half.turnover.held, held.held)
    assert half.turnover.limit == held.limit


def test_a_turnover_limit_wide_enough_changes_nothing(R, constraints):
    full = minimise_downside_variance(R, constraints).weights
    target = 0.6 * annual_volatility(R, full)
    limited = replace(constraints, turnover=TurnoverLimit(full, 0.3))
    scaled = minimise_at_volatility(R, limited, 0.0, target)
    np.testing.assert_allclose(scaled.solution.weights, 0.6 * full, atol=1e-9)


@pytest.mark.parametrize(("invested", "scale"), [(0.99, 0.5), (0.3, 0.9)])
def test_a_tight_turnover_limit_outranks_the_target(R, constraints, invested, scale):
    """Selling down from full, or buying up from little: as near to the target as the limit lets it come."""
    full = minimise_downside_variance(R, constraints).weights
    held = full * invested / full.sum()
    target = scale * annual_volatility(R, full)
    limited = replace(constraints, turnover=TurnoverLimit(held, 0.05))
    scaled = minimise_at_volatility(R, limited, 0.0, target)
    w = scaled.solution.weights
    assert 0.5 * np.abs(w - held).sum() <= 0.05 + 1e-9
    # all of the limit is spent on getting nearer to the target
    assert abs(w.sum() - held.sum()) == pytest.approx(0.1, abs=1e-6)
    assert scaled.volatility == pytest.approx(annual_volatility(R, w))
    assert (scaled.volatility > target) == (invested > scale)


def test_holdings_out_of_reach_at_any_scale_are_infeasible(R):
    apart = TurnoverLimit(np.array([1.0, 0, 0, 0]), 0.05)
    with pytest.raises(InfeasibleError):
        minimise_at_volatility(R, replace(box(SYMBOLS, upper=0.3), turnover=apart), 0.0, 0.01)


def test_lively_holdings_under_a_turnover_limit_are_calmed_further():
    """The optimum is calm at 3 %, but the limit leads only part of the way to it: a smaller invested share meets 12 %."""
    R = 0.01 * np.random.default_rng(1).standard_normal((252, 3)) * [0.2, 1.5, 1.5]
    held = TurnoverLimit(np.array([0.0, 0.5, 0.5]), 0.2)
    answer = minimise_at_volatility(R, replace(box("ABC"), turnover=held), 0.0, 0.12)
    assert answer.volatility == pytest.approx(0.12, rel=1e-6)
    assert 0.6 < answer.scale < 1.0
    assert answer.constraints.excess_turnover(answer.solution.weights) <= 1e-9
