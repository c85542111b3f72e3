"""Kelly's leverage against a lognormal whose answer is known, and against the returns themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from portfolio.kelly import best_leverage, growth_rate, kelly_leverage, margin_calls

FREE = {"cash": 0.0, "margin": 0.0}


def _lognormal(mean, sigma, sessions=50_000):
    """Daily returns of geometric Brownian motion with drift ``mean`` a year, at the quantiles: no luck in them."""
    z = norm.ppf((np.arange(sessions) + 0.5) / sessions)
    return np.exp((mean - sigma**2 / 2) / 252 + sigma / np.sqrt(252) * z) - 1


@pytest.mark.parametrize(("mean", "sigma"), [(0.06, 0.2), (0.05, 0.15), (0.03, 0.25)])
def test_of_a_lognormal_formula_and_returns_agree(mean, sigma):
    """Merton and Thorp: (μ - i) / σ² maximises i + L (μ - i) - ½ L² σ²; daily rebalancing changes little."""
    expected = mean / sigma**2
    assert kelly_leverage(mean, sigma, **FREE) == pytest.approx(expected)
    assert best_leverage(_lognormal(mean, sigma), **FREE, most=10) == pytest.approx(expected, rel=0.01)
    growth = growth_rate(_lognormal(mean, sigma), expected, **FREE)
    assert growth == pytest.approx(mean**2 / sigma**2 / 2, rel=0.01)


def test_half_of_kelly_keeps_three_quarters_of_the_growth():
    returns, kelly = _lognormal(0.06, 0.2), 1.5
    full, half = (growth_rate(returns, L, **FREE) for L in (kelly, kelly / 2))
    assert half / full == pytest.approx(0.75, abs=0.01)


def test_interest_on_debts_makes_one_the_best_of_all():
    rates = {"cash": 0.0, "margin": 0.07}
    assert kelly_leverage(0.06, 0.2, **rates) == 1.0
    assert best_leverage(_lognormal(0.06, 0.2), **rates, most=10) == pytest.approx(1.0, abs=1e-4)


def test_what_earns_less_than_cash_is_not_held():
    assert kelly_leverage(0.02, 0.1, cash=0.04, margin=0.07) == 0.0
    assert best_leverage(_lognormal(0.02, 0.1), cash=0.04, margin=0.07, most=5) == pytest.approx(
        0.0, abs=1e-4
    )


@given(st.integers(0, 10_000), st.floats(0.0, 6.0))
@settings(max_examples=30, deadline=None)
def test_no_leverage_would_have_grown_faster_than_the_best(seed, leverage):
    rng = np.random.default_rng(seed)
    returns = rng.normal(rng.normal(3e-4, 5e-4), 0.012, 400)
    rates = {"cash": 0.02, "margin": 0.06}
    best = best_leverage(returns, **rates, most=6.0)
    assert growth_rate(returns, best, **rates) >= growth_rate(returns, leverage, **rates) - 1e-9


def test_who_has_lost_everything_does_not_grow():
    assert growth_rate(np.array([-0.5, 0.5]), 2.0, **FREE) == -np.inf
    assert best_leverage(np.array([-0.5, 0.9] * 50), **FREE, most=10) < 2.0


def test_the_broker_calls_below_the_maintenance_margin_of_what_is_held():
    """Held 300 on 100 of equity; a quarter of what is held is reached when 266.67 of it is left."""
    equity, cash = np.array([100.0, 67.0, 66.0, 50.0]), np.full(4, -200.0)
    assert margin_calls(equity, cash, 0.25).tolist() == [2, 3]
    assert margin_calls(equity, -cash, 0.25).tolist() == []
