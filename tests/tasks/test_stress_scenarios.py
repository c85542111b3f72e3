"""Each scenario on a real portfolio: what is lost in it can be computed by hand, and nothing that goes wrong is silent."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from config import load_settings
from config.overrides import override
from portfolio.scenarios import portfolio_risk
from schemas.identity import StressTest
from schemas.stress_parameters import StressParameters
from tasks.backtest_prices import gather_prices
from tasks.stress_base import base_of
from tasks.stress_cases import cases
from tasks.stress_futures import write_resamples
from tasks.stress_scenarios import judge
from warehouse import Warehouse

TOLD = ["universe=SPY,EFA,TLT,IEF,LQD", "end=2012-12-31", "lookback=126", "prices=bundled"]


@pytest.fixture(scope="module")
def parameters():
    return override(StressParameters.of(load_settings().backtest("risk_parity")), TOLD)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def test():
    return StressTest(strategy="risk_parity", decided_at=dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def base(parameters, store, test):
    return base_of(store, gather_prices(store, test, parameters, kind="stress"), parameters)


@pytest.fixture(scope="module")
def judged(base, parameters):
    limits = load_settings().limits
    return {case.name: judge(base, case, parameters, limits) for case in cases(base, parameters)}


@pytest.fixture(scope="module")
def row(judged):
    """A scenario's row by the beginning of its name."""
    return lambda name: next(one.scenario for full, one in judged.items() if full.startswith(name))


@pytest.fixture(scope="module")
def weight(base):
    return dict(zip(base.window.symbols, base.portfolio.tolist(), strict=True))


def test_without_a_shock_the_strategy_stays_where_it_is(row):
    assert row("today")["turnover"] == 0.0
    assert row("today")["cost_bp"] == 0.0
    assert row("today")["after"] == pytest.approx(row("today")["downside_deviation"])


def test_a_holding_at_half_its_price_costs_half_its_weight(row, weight):
    for symbol in (symbol for symbol, share in weight.items() if share > 0):
        assert row(f"{symbol} falls 50%")["loss"] == pytest.approx(-0.5 * weight[symbol])


def test_what_is_not_held_is_no_scenario(judged, weight):
    assert not any(f"{s} falls 50%" in judged for s, share in weight.items() if share == 0)
    assert sum(one.scenario["kind"] == "single asset" for one in judged.values()) == sum(
        share > 0 for share in weight.values()
    )


def test_higher_rates_cost_duration_times_rise(row, weight, parameters):
    duration = sum(share * parameters.durations.get(symbol, 0.0) for symbol, share in weight.items())
    assert row("rates up 100 bp")["loss"] == pytest.approx(-0.01 * duration)
    assert row("rates up 300 bp")["loss"] == pytest.approx(-0.03 * duration)


def test_at_correlations_of_one_the_volatility_is_the_weighted_sum(row, base):
    alone = base.window.returns.std(axis=0, ddof=1) * np.sqrt(252)
    assert row("correlations to one")["volatility"] == pytest.approx(base.portfolio @ alone)
    assert row("today")["volatility"] < row("correlations 50% to one")["volatility"]


def test_volatility_times_k_is_k_times_the_volatility(row):
    assert row("volatility \u00d7 3")["volatility"] == pytest.approx(3 * row("today")["volatility"])


def test_costs_are_the_value_traded_times_the_rate(row, parameters):
    told = row("rates up 300 bp")
    assert told["turnover"] > 0
    assert told["cost_bp"] == pytest.approx(1e4 * 2 * told["turnover"] * parameters.costs.rate)
    assert told["turnover"] <= parameters.rules.max_turnover + 1e-12


def test_a_fall_beyond_the_breaker_would_have_halted_a_live_run(base, parameters):
    deep = parameters.model_copy(update={"single_fall": 0.9})
    limits = load_settings().limits
    rows = [judge(base, case, deep, limits).scenario for case in cases(base, deep)]
    worst = min(rows, key=lambda row: row["loss"])
    assert worst["loss"] < -limits.max_equity_drop
    assert "trading halts: equity since the last run" in worst["live"]
    assert next(row for row in rows if row["scenario"] == "today")["live"] == ""


def test_a_halted_holding_loses_the_gap_and_is_not_traded(judged, base, weight, parameters):
    largest = max(weight, key=weight.get)
    for sessions in parameters.halted_sessions:
        one = judged[f"{largest} halted {sessions} sessions, then -20%"]
        assert one.scenario["loss"] == pytest.approx(-0.2 * weight[largest])
        (its,) = [row for row in one.weights if row["symbol"] == largest]
        assert its["traded"] == its["held"]
        assert sum(row["traded"] for row in one.weights) <= 1.0
    assert f"{largest} is left out" in one.scenario["said"]


def test_a_price_that_stands_still_long_is_noticed_and_a_short_one_is_not(judged, weight):
    largest = max(weight, key=weight.get)
    assert "left out" in judged[f"{largest} stale for 15 sessions"].scenario["said"]
    assert "left out" not in judged[f"{largest} stale for 5 sessions"].scenario["said"]


def test_when_everything_has_been_falling_most_of_it_goes_to_cash(row, base):
    told = row("every asset falling")
    assert told["outcome"] == "decided"
    assert told["invested"] <= base.strategy.parameters.sleeve_max + 1e-9
    assert "stays in cash" in told["said"]


def test_limits_that_contradict_each_other_end_as_configured_and_on_record(row, base):
    refused, kept = row("falling, turnover limit 5%, refuse"), row("falling, turnover limit 5%, keep current")
    assert (refused["outcome"], kept["outcome"]) == ("refused", "fallback")
    for told in (refused, kept):
        assert "turnover_limit" in told["said"]
        assert "Smallest relaxation" in told["said"]
        assert told["turnover"] == 0.0
        assert told["invested"] == pytest.approx(base.portfolio.sum())


def test_every_binding_limit_has_its_shadow_price(judged):
    limits = judged["today"].limits
    assert {row["constraint_name"] for row in limits} >= {"max_weight IEF"}
    assert all(row["cost_bp_per_pp"] >= 0 for row in limits)
    assert judged["today"].scenario["dearest"].startswith("the 35% cap on")


def test_after_the_rebalance_the_risk_is_that_of_what_is_then_held(judged, base, parameters):
    case = next(case for case in cases(base, parameters) if case.name == "every asset falling")
    after = np.array([row["traded"] for row in judged[case.name].weights])
    risk = portfolio_risk(case.returns, after)
    assert judged[case.name].scenario["after"] == pytest.approx(risk.downside_deviation)


def test_where_there_is_too_little_to_draw_from_that_is_said_and_the_real_history_stands_alone(
    base, parameters, store, test
):
    short = replace(base, history=base.history.until(dt.date(2008, 3, 31)))
    written, why = write_resamples(store, test, short, parameters)
    assert why.startswith("No histories were drawn: ")
    assert store.get(written)["draw"].tolist() == [-1]
