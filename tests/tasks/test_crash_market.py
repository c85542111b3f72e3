"""A crash for the loopback exchange: the prices as they were, but for a halt and a gap."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from portfolio.price_history import PriceHistory
from schemas.baseline_parameters import InverseVolatilityParameters
from schemas.errors import ConfigError, DataError
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from tasks.crash_market import Span, crash_market, span_of

SYMBOLS = ("CALM", "MILD", "WILD")
PRICES = GatheredPrices(source="", sha256="", held=SYMBOLS, hedges=(), beside=(), artifacts=(), said="")
TOLD = StressParameters(strategy=InverseVolatilityParameters(lookback=20), halted_gap=0.25)


@pytest.fixture(scope="module")
def history():
    """Half a year of 2013; the week of the 10th of June is the worst."""
    days = np.arange("2013-01-02", "2013-07-01", dtype="datetime64[D]")
    sessions = days[np.is_busday(days, holidays=["2013-01-21", "2013-02-18", "2013-03-29", "2013-05-27"])]
    moves = np.random.default_rng(1).standard_normal((len(sessions), 3)) * [0.001, 0.002, 0.01]
    moves[(sessions >= np.datetime64("2013-06-10")) & (sessions <= np.datetime64("2013-06-14"))] -= 0.01
    return PriceHistory(SYMBOLS, sessions, 100 * np.exp(np.cumsum(moves, axis=0)))


@pytest.fixture(scope="module")
def bars(history):
    frame = pd.DataFrame(history.close, pd.DatetimeIndex(history.sessions, name="session"), list(SYMBOLS))
    long = frame.melt(ignore_index=False, var_name="symbol", value_name="close").reset_index()
    return long.assign(open=np.nan, high=np.nan, low=np.nan, volume=np.nan)


@pytest.fixture(scope="module")
def june_week(bars, history):
    return crash_market(bars, history, PRICES, TOLD, span_of("2013-06-10"))


def _closes(frame, symbol):
    return frame[frame["symbol"] == symbol].set_index("session")["close"]


def test_a_month_is_all_its_weeks_one_before_to_buy_in_and_one_after(bars, history):
    market = crash_market(bars, history, PRICES, TOLD, span_of("2013-05"))
    assert market.runs[0] == dt.date(2013, 4, 29)
    assert market.runs[1:-1] == tuple(dt.date(2013, 5, day) for day in (6, 13, 20, 28))
    assert market.runs[-1] == dt.date(2013, 6, 3)


def test_a_day_is_its_week(bars, history):
    market = crash_market(bars, history, PRICES, TOLD, span_of("2013-06-12"))
    assert market.runs == (dt.date(2013, 6, 3), dt.date(2013, 6, 10), dt.date(2013, 6, 17))


def test_in_the_worst_week_the_largest_holding_is_halted_and_then_lower(june_week, bars):
    before, after = _closes(bars, "CALM"), _closes(june_week.bars, "CALM")
    halted = pd.DatetimeIndex(["2013-06-10", "2013-06-11"])
    assert set(before.index) - set(after.index) == set(halted)
    assert after[:"2013-06-07"].equals(before[:"2013-06-07"])
    assert after["2013-06-12":].to_numpy() == pytest.approx(0.75 * before["2013-06-12":].to_numpy())
    assert june_week.events[dt.date(2013, 6, 10)].endswith("CALM halted for 2 sessions, then -25%")


def test_a_week_later_the_second_largest_opens_lower(june_week, bars):
    before, after = _closes(bars, "MILD"), _closes(june_week.bars, "MILD")
    assert after[:"2013-06-14"].equals(before[:"2013-06-14"])
    assert after["2013-06-17":].to_numpy() == pytest.approx(0.75 * before["2013-06-17":].to_numpy())
    assert june_week.events[dt.date(2013, 6, 17)] == "MILD opens 25% lower"


def test_everything_else_is_as_it_was(june_week, bars):
    assert _closes(june_week.bars, "WILD").equals(_closes(bars, "WILD"))


@pytest.mark.parametrize("when", ["2012-11", "2013-01-07", "2013-06-26", "2014-01"])
def test_what_the_prices_do_not_reach_cannot_be_lived_through(when, bars, history):
    with pytest.raises(DataError, match="do not reach"):
        crash_market(bars, history, PRICES, TOLD, span_of(when))


def test_a_time_is_a_month_or_a_day():
    assert span_of("2012-02") == Span(dt.date(2012, 2, 1), dt.date(2012, 2, 29))
    assert span_of("2020-03-22") == span_of("2020-03-16")
    for text in ("2020", "2020-13", "march", "2020-3-1-1"):
        with pytest.raises(ConfigError, match="neither a month nor a day"):
            span_of(text)
