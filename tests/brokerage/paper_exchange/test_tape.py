"""Between real closes the tape is a pure function of seed, symbol and instant."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.paper_exchange.prices import BUNDLED, DailyPrice, read_prices
from brokerage.paper_exchange.sessions import Sessions, at
from brokerage.paper_exchange.tape import Tape

SESSIONS = Sessions()
PRICES = [price for price in read_prices(BUNDLED) if price.symbol in ("SPY", "TLT", "EEM")]
FIRST, LAST = dt.date(2008, 1, 2), dt.date(2016, 7, 1)
DAYS = SESSIONS.between(FIRST, LAST)
CLOSED = at(LAST, dt.time(17, 0))


def tape(seed: int = 7, spread_bps: float = 2.0) -> Tape:
    return Tape(PRICES, SESSIONS, seed=seed, spread_bps=spread_bps)


TAPE = tape()


def test_closes_are_the_real_ones():
    real = {price.session: price.close for price in PRICES if price.symbol == "SPY"}
    assert {bar.session: bar.close for bar in TAPE.bars("SPY", FIRST, LAST, CLOSED)} == real


@pytest.mark.parametrize("symbol", ["SPY", "TLT", "EEM"])
def test_every_derived_bar_is_consistent(symbol):
    for bar in TAPE.bars(symbol, FIRST, LAST, CLOSED):
        assert 0 < bar.low <= min(bar.open, bar.close)
        assert max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0


def test_the_order_of_questions_does_not_matter():
    one, other = tape(), tape()
    instants = [at(day, dt.time(11, 17)) for day in DAYS[100:120]]
    forwards = [one.quote("SPY", instant) for instant in instants]
    backwards = [other.quote("SPY", instant) for instant in reversed(instants)]
    assert forwards == backwards[::-1]


def test_another_seed_gives_another_path_around_the_same_closes():
    noon = at(DAYS[500], dt.time(12, 0))
    assert tape(seed=1).quote("SPY", noon) != tape(seed=2).quote("SPY", noon)
    assert tape(seed=1).previous_close("SPY", noon) == tape(seed=2).previous_close("SPY", noon)


@given(day=st.sampled_from(DAYS), minutes=st.integers(0, 389), symbol=st.sampled_from(["SPY", "TLT", "EEM"]))
def test_a_partial_bar_lies_within_the_whole_one_and_ends_at_the_last_trade(day, minutes, symbol):
    opening, closing = SESSIONS.hours(day)
    now = min(opening + dt.timedelta(minutes=minutes), closing - dt.timedelta(minutes=1))
    (partial,) = TAPE.bars(symbol, day, day, now)
    (whole,) = TAPE.bars(symbol, day, day, closing)
    assert partial.open == whole.open
    assert whole.low <= partial.low <= partial.close <= partial.high <= whole.high
    assert partial.volume <= whole.volume
    assert TAPE.quote(symbol, now).last == Decimal(repr(partial.close)).quantize(Decimal("0.0001"))


@given(day=st.sampled_from(DAYS), start=st.integers(0, 200), length=st.integers(1, 180))
def test_no_quote_in_a_stretch_of_time_lies_outside_its_reach(day, start, length):
    opening, closing = SESSIONS.hours(day)
    since = min(opening + dt.timedelta(minutes=start), closing)
    until = min(since + dt.timedelta(minutes=length), closing)
    lowest_ask, highest_bid = TAPE.reach("SPY", since, until)
    for minute in range(0, length, 7):
        instant = min(since + dt.timedelta(minutes=minute), until)
        quote = TAPE.quote("SPY", instant)
        assert lowest_ask <= quote.ask
        assert quote.bid <= highest_bid


def test_the_spread_is_what_was_asked_for():
    quote = tape(spread_bps=50).quote("SPY", at(DAYS[7], dt.time(15, 0)))
    assert float((quote.ask - quote.bid) / quote.last) == pytest.approx(0.005, abs=2e-6)
    assert quote.bid < quote.last < quote.ask


def test_there_is_no_bar_of_the_future_and_no_bar_before_the_open():
    before_open = at(DAYS[10], dt.time(9, 29))
    assert TAPE.bars("SPY", FIRST, LAST, before_open)[-1].session == DAYS[9]
    assert TAPE.quote("SPY", before_open).at == SESSIONS.hours(DAYS[9]).close


def test_bars_of_ones_own_are_served_as_they_are_and_the_path_touches_their_extremes():
    day = dt.date(2015, 6, 1)
    own = Tape([DailyPrice("AAA", day, 10.0, 12.0, 9.0, 11.0, 500.0)], SESSIONS, seed=1, spread_bps=0)
    opening, closing = SESSIONS.hours(day)
    assert own.bars("AAA", day, day, closing) == [(day, 10.0, 12.0, 9.0, 11.0, 500.0)]
    assert own.reach("AAA", opening, closing) == (9, 12)


def test_a_dirty_bar_is_served_as_it_is_and_quoted_at_its_close():
    friday = dt.date(2015, 6, 5)
    own = Tape([DailyPrice("AAA", friday, -1.0, 12.0, 9.0, 11.0, 0.0)], SESSIONS, seed=1, spread_bps=0)
    now = at(dt.date(2015, 6, 8), dt.time(10, 0))
    assert own.bars("AAA", friday, friday, now) == [(friday, -1.0, 12.0, 9.0, 11.0, 0.0)]
    assert own.quote("AAA", now).last == 11


def test_before_its_first_session_a_symbol_has_no_quote_and_is_not_listed():
    early = at(dt.date(2007, 12, 31), dt.time(12, 0))
    assert TAPE.quote("SPY", early) is None
    assert not TAPE.listed("SPY", early)
    assert TAPE.listed("SPY", CLOSED)
