"""A strategy's quick way over a history gives the weights that deciding one by one gives."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.schedule import rebalance_schedule
from schemas.baseline_parameters import (
    BenchmarkParameters,
    EqualWeightParameters,
    InverseVolatilityParameters,
)
from schemas.errors import ConfigError
from schemas.risk_parity_parameters import Group, RiskParityParameters
from schemas.simulation_parameters import Rules
from strategies.base import BaseStrategy
from strategies.history import DecisionWindows
from strategies.registry import create
from tests.price_histories import come_and_go, history_of

T, N = 400, 6
BONDS = Group(name="bonds", symbols=("D", "E"), min=0.1, max=0.4)
QUICK = {
    "equal weight": EqualWeightParameters(),
    "inverse volatility": InverseVolatilityParameters(),
    "benchmark": BenchmarkParameters(symbol="D"),
    "risk parity": RiskParityParameters(lookback=60, max_weight=0.4),
    "no hysteresis": RiskParityParameters(
        lookback=60, max_weight=0.5, sleeve_hysteresis=0.0, sleeve_max_weight=0.05
    ),
    "a floor for what falls": RiskParityParameters(
        lookback=60, max_weight=0.4, sleeve_min=0.05, sleeve_max=0.2
    ),
    "a named sleeve": RiskParityParameters(
        lookback=60, max_weight=0.4, negative_sleeve=("A", "D"), sleeve_min=0.1
    ),
    "groups": RiskParityParameters(lookback=60, max_weight=0.5, groups=(BONDS,)),
    "a threshold": RiskParityParameters(lookback=60, max_weight=0.6, minimum_acceptable_return=0.001),
    "caps that leave cash": RiskParityParameters(lookback=60, max_weight=0.17, sleeve_max_weight=0.0),
    "a sleeve without effect": RiskParityParameters(
        lookback=60, max_weight=0.4, sleeve_max=1.0, sleeve_max_weight=0.4
    ),
}
SLOW = {
    "a turnover limit": RiskParityParameters(lookback=60, turnover_limit=0.1),
    "a target volatility": RiskParityParameters(lookback=60, target_volatility=0.1),
}


def last(so_far):
    """Holdings that stay as they were decided."""
    return np.nan_to_num(so_far[-1]) if len(so_far) else np.zeros(N)


def both_ways(strategy, history, first=70):
    decided = rebalance_schedule(history.sessions, Rules(), first=first).decided
    quick = strategy.target_history(history, decided, last)
    return quick, BaseStrategy.target_history(strategy, history, decided, last)


@pytest.mark.parametrize("listed", [None, come_and_go(0, T, N)], ids=["all listed", "they come and go"])
@pytest.mark.parametrize("parameters", QUICK.values(), ids=QUICK)
def test_the_quick_way_gives_the_weights_of_deciding_one_by_one(parameters, listed):
    quick, slow = both_ways(create(parameters), history_of(5, T, N, listed=listed))
    np.testing.assert_allclose(quick.weights, slow.weights, atol=1e-7)
    np.testing.assert_array_equal(quick.in_sleeve, slow.in_sleeve)
    assert set(quick.remarks) == set(slow.remarks) == {""}


def test_the_sleeve_changes_in_these_histories():
    quick, _ = both_ways(create(QUICK["risk parity"]), history_of(5, T, N))
    assert np.abs(np.diff(quick.in_sleeve.astype(int), axis=0)).sum() > 0
    assert 0.1 < quick.in_sleeve.mean() < 0.9


@pytest.mark.parametrize("parameters", SLOW.values(), ids=SLOW)
def test_what_depends_on_holdings_is_asked_for_them(parameters):
    history = history_of(5, T, N)
    decided = rebalance_schedule(history.sessions, Rules(), first=70).decided
    asked = []

    def holdings(so_far):
        asked.append(len(so_far))
        return last(so_far)

    create(parameters).target_history(history, decided, holdings)
    assert asked == list(range(len(decided)))


def test_a_refused_decision_is_skipped_with_its_reason_and_hands_on_nothing():
    history = history_of(5, T, N, listed=come_and_go(0, T, N))
    history.close[100:200, 3] = history.close[
        100, 3
    ]  # D stands still for 100 sessions, longer than the window
    quick, slow = both_ways(create(RiskParityParameters(lookback=60, max_weight=0.5)), history)
    skipped = np.isnan(slow.weights).all(axis=1)
    assert 0 < skipped.sum() < len(skipped)
    assert {bool(remark) for remark in np.array(slow.remarks)[skipped]} == {True}
    assert "D did not move" in slow.remarks[int(np.argmax(skipped))]
    np.testing.assert_array_equal(quick.weights, slow.weights)
    assert not slow.in_sleeve[skipped].any()


def test_weights_that_are_kept_are_told_from_decided_ones():
    impossible = Group(name="bonds", symbols=("D",), min=0.5, max=0.6)
    parameters = RiskParityParameters(
        lookback=60, max_weight=0.4, groups=(impossible,), on_infeasible="keep_current"
    )
    quick, _ = both_ways(create(parameters), history_of(5, T, N))
    assert "bonds min" in quick.remarks[0]
    assert np.isnan(quick.weights).all()  # nothing is held, so there is nothing to keep
    held = np.full(N, 0.15)
    decided = np.array([100, 105])
    kept = create(parameters).target_history(history_of(5, T, N), decided, lambda _: held)
    np.testing.assert_array_equal(kept.weights, [held, held])
    assert all(remark.startswith("current weights are kept") for remark in kept.remarks)


def test_before_there_is_enough_history_nothing_is_decided():
    quick, slow = both_ways(create(EqualWeightParameters(lookback=100)), history_of(5, T, N), first=80)
    assert np.isnan(quick.weights[:4]).all()
    assert "No asset has 100 returns in a row" in quick.remarks[0]
    np.testing.assert_array_equal(quick.weights, slow.weights)


def test_a_benchmark_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="SPY is not among the assets"):
        both_ways(create(BenchmarkParameters()), history_of(5, T, N))


def test_a_window_ends_with_the_close_that_is_decided_on():
    history = history_of(5, T, N, listed=come_and_go(0, T, N))
    windows = DecisionWindows(history, np.array([100, 399]), 60)
    seen = windows.window(0, np.arange(N) / 100, frozenset({"A"}))
    assert seen.sessions[-1] == history.sessions[100].item()
    columns = [history.symbols.index(symbol) for symbol in seen.symbols]
    np.testing.assert_array_equal(seen.returns, history.returns[41:101][:, columns])
    np.testing.assert_array_equal(seen.current_weights, np.array(columns) / 100)
