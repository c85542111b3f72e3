from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portfolio.cleaning.clean import repair
from portfolio.cleaning.panel import PRICES
from portfolio.cleaning.splits import unadjusted_splits


def split(spoil, panel, symbol, row, ratio):
    """As a vendor delivers an unadjusted split: earlier prices ``ratio`` times too large, volume inversely."""
    return spoil(
        spoil(panel, slice(0, row), symbol, ratio), slice(0, row), symbol, 1 / ratio, fields=["volume"]
    )


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 10.0, 0.5, 0.25, 0.125, 1 / 50, 1 / 5000])
@pytest.mark.parametrize("assets", [1, 2, 5])
def test_scenario_40_history_before_a_split_is_rescaled_exactly(market, spoil, params, ratio, assets):
    clean = market(assets=assets)
    repaired, edits = repair(split(spoil, clean, "SPY", 90, ratio), params)
    for name in (*PRICES, "volume"):
        assert np.allclose(repaired.field(name), clean.field(name))
    assert {edit.rule for edit in edits} == {"unadjusted_split"}
    assert len(edits) == 5 * 90


def test_a_spin_off_at_an_odd_ratio_costs_its_holder_one_overnight_move(market, spoil, params):
    clean = market()
    repaired, _ = repair(split(spoil, clean, "EFA", 90, 1.231), params)
    returns = repaired.close[1:] / repaired.close[:-1]
    overnight = clean.open[90, 1] / clean.close[89, 1]
    expected = clean.close[1:] / clean.close[:-1]
    expected[89, 1] /= overnight
    assert np.allclose(returns, expected)


def test_funds_of_one_family_split_on_the_same_day(market, spoil, params):
    clean = panel = market()
    for symbol in ("SPY", "EFA", "DBC"):
        panel = split(spoil, panel, symbol, 90, 2.0)
    assert np.allclose(repair(panel, params)[0].close, clean.close)


def test_two_splits_of_one_fund(market, spoil, params):
    clean = market()
    panel = split(spoil, split(spoil, clean, "DBC", 50, 0.25), "DBC", 110, 0.125)
    assert np.allclose(repair(panel, params)[0].close, clean.close)


def test_a_split_on_the_newest_session_is_seen_at_once(market, spoil, params):
    clean = market()
    repaired, _ = repair(split(spoil, clean, "SPY", 159, 2.0), params)
    assert np.allclose(repaired.close, clean.close)


@pytest.mark.parametrize("ratio", [2.0, 0.125])
def test_closes_alone_suffice_for_a_usual_ratio(market, spoil, params, ratio):
    clean = market()
    panel = split(spoil, clean, "SPY", 90, ratio)
    closes = replace(
        panel, **{name: np.full_like(panel.close, np.nan) for name in ("open", "high", "low", "volume")}
    )
    assert np.allclose(repair(closes, params)[0].close, clean.close)


def test_closes_alone_do_not_suffice_for_an_odd_ratio(market, spoil, params):
    panel = split(spoil, market(), "SPY", 90, 1.231)
    closes = replace(
        panel, **{name: np.full_like(panel.close, np.nan) for name in ("open", "high", "low", "volume")}
    )
    assert repair(closes, params)[1] == ()


def after_a_gap(panel, row, symbol, sessions):
    """The panel without the bars of the ``sessions`` before ``row``."""
    bars = {name: panel.field(name).copy() for name in (*PRICES, "volume")}
    for values in bars.values():
        values[row - sessions : row, panel.symbols.index(symbol)] = np.nan
    return replace(panel, **bars)


@pytest.mark.parametrize("ratio", [2.0, 3.0, 0.1])
def test_a_split_while_no_bars_came_is_seen_when_they_come_again(market, spoil, params, ratio):
    clean = after_a_gap(market(), 90, "SPY", 5)
    panel = after_a_gap(split(spoil, market(), "SPY", 90, ratio), 90, "SPY", 5)
    assert np.allclose(repair(panel, params)[0].close, clean.close, equal_nan=True)


@pytest.mark.parametrize("fall", [0.4, 0.6, 0.72, 0.78, 0.87])
def test_a_fall_while_no_bars_came_is_no_split(market, spoil, params, fall):
    panel = after_a_gap(spoil(market(), slice(90, None), "GLD", fall), 90, "GLD", 5)
    assert repair(panel, params)[1] == ()


def test_a_fall_out_of_a_price_that_stood_still_is_no_split(market, spoil, params):
    panel = spoil(market(), slice(90, None), "GLD", 0.78)
    for name in PRICES:
        panel.field(name)[75:90, 3] = panel.close[74, 3]
    assert {edit.rule for edit in repair(panel, params)[1]} == {"stale"}


def collapse(panel, row, symbol, factor, *, trading_range, turnover):
    """A real overnight collapse: the price stays down, and the day is anything but ordinary."""
    i = panel.symbols.index(symbol)
    bars = {name: panel.field(name).copy() for name in (*PRICES, "volume")}
    for name in PRICES:
        bars[name][row:, i] *= factor
    bars["high"][row, i] = max(bars["open"][row, i], bars["close"][row, i]) * (1 + trading_range / 2)
    bars["low"][row, i] = min(bars["open"][row, i], bars["close"][row, i]) * (1 - trading_range / 2)
    bars["volume"][row, i] *= turnover / factor
    return replace(panel, **bars)


def test_a_short_volatility_fund_that_lost_five_sixths_overnight_keeps_its_loss(market, params):
    # SVXY, 6 February 2018: about -83 %, close to 1:6, after a day of -32 %, in a range of 30 %.
    panel = collapse(market(), 90, "DBC", 1 / 6, trading_range=0.3, turnover=2)
    assert unadjusted_splits(panel, params) == []


def test_news_that_cut_a_price_by_a_quarter_is_no_split(market, params):
    # Close to 4:3 in an ordinary range, but six times the money changed hands.
    panel = collapse(market(), 90, "DBC", 0.75, trading_range=0.02, turnover=6)
    assert unadjusted_splits(panel, params) == []
