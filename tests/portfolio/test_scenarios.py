"""Each shock against what it must do to a portfolio, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.scenarios import (
    correlated,
    drifted,
    falling,
    more_volatile,
    next_day,
    portfolio_risk,
    rates_up,
    single_fall,
    worst_stretch,
)
from portfolio.statistics import volatility
from schemas.errors import DataError

seeds = st.integers(0, 10_000)


def _window(seed, T=80, N=6):
    rng = np.random.default_rng(seed)
    market = 0.008 * rng.standard_t(4, (T, 1))
    return 3e-4 + (market * rng.normal(0.5, 0.7, N) + 0.006 * rng.standard_t(4, (T, N))) * rng.uniform(
        0.3, 2, N
    )


def _weights(seed, N=6):
    return np.random.default_rng(seed).dirichlet(np.ones(N)) * 0.99


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_at_correlations_of_one_the_portfolios_volatility_is_the_weighted_sum(seed):
    R, w = _window(seed), _weights(seed)
    together = correlated(R, 1.0)
    assert np.corrcoef(together.T) == pytest.approx(np.ones((6, 6)), abs=1e-9)
    assert volatility(together @ w) == pytest.approx(w @ volatility(R))


@given(seeds, st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_correlation_moves_and_nothing_else_does(seed, toward):
    R = _window(seed)
    moved = correlated(R, toward)
    assert moved.mean(axis=0) == pytest.approx(R.mean(axis=0))
    assert moved.std(axis=0) == pytest.approx(R.std(axis=0))


def test_no_step_towards_one_changes_nothing():
    assert correlated(_window(1), 0.0) == pytest.approx(_window(1))


def test_a_bond_that_rises_when_shares_fall_falls_with_them():
    rng = np.random.default_rng(5)
    market = 0.01 * rng.standard_normal(200)
    R = np.column_stack(
        [market, 1.1 * market, 0.9 * market, -0.4 * market + 0.001 * rng.standard_normal(200)]
    )
    crash = int(market.argmin())
    assert R[crash, 3] > 0
    assert correlated(R, 1.0)[crash, 3] < 0


def test_an_asset_that_does_not_move_has_no_correlation():
    R = _window(2)
    R[:, 3] = 0.0
    with pytest.raises(DataError, match="does not move"):
        correlated(R, 1.0)


@given(seeds, st.floats(0.2, 3))
@settings(max_examples=25, deadline=None)
def test_volatility_times_k_is_the_portfolios_times_k(seed, k):
    R, w = _window(seed), _weights(seed)
    assert volatility(more_volatile(R, k) @ w) == pytest.approx(k * volatility(R @ w))


def test_nothing_loses_more_than_everything():
    assert more_volatile(np.array([[-0.4], [0.4]]), 10.0).min() == -1.0
    assert rates_up(np.array([30.0]), 0.1).tolist() == [-1.0]


def test_falling_assets_lie_as_far_below_zero_as_said():
    R = falling(_window(3), 2.0)
    assert R.mean(axis=0) / (R.std(axis=0, ddof=1) / np.sqrt(len(R))) == pytest.approx(np.full(6, -2.0))


@given(seeds, st.integers(0, 5), st.floats(0.01, 0.99))
@settings(max_examples=25, deadline=None)
def test_a_single_fall_costs_weight_times_fall_and_the_rest_gains_the_weight(seed, asset, size):
    w, shock = _weights(seed), single_fall(6, asset, size)
    after = drifted(w, shock)
    loss = w @ shock
    assert loss == pytest.approx(-w[asset] * size)
    # in dollars: what is left of each position, and cash as before
    assert after * (1 + loss) == pytest.approx(w * (1 + shock))
    assert (1 - after.sum()) * (1 + loss) == pytest.approx(1 - w.sum())


def test_a_bond_loses_duration_times_rise_and_a_share_nothing():
    assert rates_up(np.array([16.5, 1.9, 0.0]), 0.01) == pytest.approx([-0.165, -0.019, 0.0])


def test_of_a_portfolio_that_has_lost_everything_there_are_no_weights():
    with pytest.raises(DataError, match="Nothing is left"):
        drifted(np.array([1.0]), np.array([-1.0]))


def test_the_next_day_pushes_the_oldest_out():
    window = next_day(np.array([[0.1], [0.2]]), np.array([-0.5]))
    assert window[:, 0].tolist() == [0.2, -0.5]


def test_the_worst_week_is_found_wherever_it_is():
    R = np.full((30, 1), 0.001)
    R[17:22] = -0.02
    assert worst_stretch(R, np.array([0.5]), 5) == pytest.approx(0.99**5 - 1)
    assert worst_stretch(R[:3], np.array([1.0]), 5) == pytest.approx(1.001**3 - 1)


def test_the_risk_of_a_portfolio_is_that_of_its_daily_returns():
    risk = portfolio_risk(np.array([[0.01, -0.02], [-0.01, 0.0]]), np.array([0.5, 0.5]))
    assert risk.downside_deviation == pytest.approx(0.005 * np.sqrt(252))
    assert risk.volatility == pytest.approx(0.0)
    assert risk.cvar == pytest.approx(-0.005)
