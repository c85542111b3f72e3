"""A strategy's answer under stress: weights with their limits, a recorded fallback or a refusal; and how far it is traded."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from schemas.baseline_parameters import BenchmarkParameters
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Rules
from strategies.registry import create
from strategies.stressed import answer, traded
from strategies.window import Window

SYMBOLS = ("A", "B", "C", "D")
HELD = np.array([0.4, 0.3, 0.2, 0.1])
FREE = Rules(drift_threshold=0.0, max_turnover=1.0)


def _window(symbols=SYMBOLS, drift=0.0):
    rng = np.random.default_rng(2)
    returns = drift + 0.01 * rng.standard_normal((60, len(symbols))) * np.array([1, 2, 3, 4])[: len(symbols)]
    days = tuple(dt.date(2020, 1, 1) + dt.timedelta(days=t) for t in range(60))
    return Window(symbols, days, returns, HELD[: len(symbols)])


def _strategy(**changes):
    return create(RiskParityParameters(lookback=60, max_weight=0.5, **changes))


def test_weights_come_with_the_limits_they_stand_on_the_dearest_first():
    said = answer(_strategy(), _window(drift=0.003), SYMBOLS)
    assert said.outcome == "decided"
    assert said.target.sum() == pytest.approx(0.99)
    assert [limit.constraint_name for limit in said.limits] == ["max_weight A"]
    assert said.dearest.startswith("the 50% cap on A costs")
    assert said.gap < 1e-8


def test_what_is_not_in_the_window_has_no_weight():
    said = answer(_strategy(), _window(SYMBOLS[:3], drift=0.003), SYMBOLS)
    assert said.target[3] == 0.0


def test_limits_that_contradict_each_other_are_named_and_nothing_is_decided():
    tight = {"turnover_limit": 0.02, "sleeve_max": 0.1}
    said = answer(_strategy(**tight), _window(drift=-0.02), SYMBOLS)
    assert said.outcome == "refused"
    assert np.isnan(said.target).all()
    assert "turnover_limit" in said.said
    kept = answer(_strategy(**tight, on_infeasible="keep_current"), _window(drift=-0.02), SYMBOLS)
    assert kept.outcome == "fallback"
    assert kept.target.tolist() == HELD.tolist()
    assert "turnover_limit" in kept.said


def test_a_strategy_without_its_only_asset_refuses_too():
    said = answer(create(BenchmarkParameters(symbol="D")), _window(SYMBOLS[:3]), SYMBOLS)
    assert said.outcome == "refused"
    assert "D is not among the assets" in said.said


def test_a_refusal_trades_nothing():
    assert traded(HELD, np.full(4, np.nan), FREE).tolist() == HELD.tolist()


def test_the_cap_on_turnover_stops_on_the_way():
    target = np.array([0.1, 0.3, 0.5, 0.1])
    assert traded(HELD, target, FREE) == pytest.approx(target)
    halfway = traded(HELD, target, Rules(drift_threshold=0.0, max_turnover=0.15))
    assert halfway == pytest.approx((HELD + target) / 2)
    assert traded(HELD, target, Rules(drift_threshold=0.5)).tolist() == HELD.tolist()


def test_what_cannot_be_sold_leaves_less_to_buy_with():
    frozen = np.array([1.0, 0, 0, 0])
    after = traded(HELD, np.array([0.0, 0.3, 0.5, 0.2]), FREE, frozen)
    assert after[0] == 0.4
    assert after.sum() == pytest.approx(1.0)
    assert after == pytest.approx([0.4, 0.3, 0.2, 0.1])
