"""Bars come whole or not at all; prices come from the first source that can be believed."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import SecretStr

from brokerage.endpoint import Endpoint
from brokerage.market_data import DEFAULTS, daily_bars, latest_prices
from schemas.errors import ConfigError, DataError, TemporaryError

BARS, SNAPSHOTS = "GET /v2/stocks/bars", "GET /v2/stocks/snapshots"


@pytest.fixture
def endpoint(exchange):
    address = exchange.address
    return Endpoint(
        "loopback", address.url, address.url, SecretStr(address.key_id), SecretStr(address.secret_key)
    )


def ask(endpoint, symbols=("SPY",), start=dt.date(2015, 3, 2), end=dt.date(2015, 3, 31), settings=DEFAULTS):
    return daily_bars(endpoint, symbols, start, end, feed="iex", adjustment="all", settings=settings)


def bar(session, close=1.0):
    return {"t": f"{session}T04:00:00Z", "o": 1, "h": 2, "l": 0.5, "c": close, "v": 10}


def page(token, *bars):
    return {"bars": {"SPY": list(bars)}, "next_page_token": token}


@pytest.mark.integration
def test_bars_of_a_range_both_ends_included(endpoint):
    bars = ask(endpoint, ["TLT", "SPY"])

    assert list(bars.columns) == ["symbol", "session", "open", "high", "low", "close", "volume"]
    assert bars["session"].dtype == pd.ArrowDtype(pa.date32())
    assert bars["symbol"].value_counts().to_dict() == {"SPY": 22, "TLT": 22}
    assert (bars["session"].min(), bars["session"].max()) == (dt.date(2015, 3, 2), dt.date(2015, 3, 31))
    assert bars.equals(bars.sort_values(["symbol", "session"], ignore_index=True))


@pytest.mark.integration
def test_scenario_52_summer_time_neither_loses_nor_doubles_a_session(endpoint):
    """Bars are stamped 05:00Z in winter and 04:00Z in summer; the clocks changed on 2015-03-08."""
    bars = ask(endpoint, start=dt.date(2015, 3, 5), end=dt.date(2015, 3, 11))

    assert [day.day for day in bars["session"]] == [5, 6, 9, 10, 11]


@pytest.mark.integration
def test_scenario_46_one_unknown_symbol_is_named_and_nothing_else_is_returned(endpoint):
    with pytest.raises(DataError, match="does not know the symbol NOPE"):
        ask(endpoint, ["SPY", "NOPE"])


@pytest.mark.integration
def test_latest_prices_are_the_middle_of_the_quotes(endpoint):
    prices = latest_prices(endpoint, ["SPY", "TLT"], feed="iex")

    last = ask(endpoint, start=dt.date(2015, 5, 29), end=dt.date(2015, 5, 29))["close"].iloc[0]
    assert prices.keys() == {"SPY", "TLT"}
    assert float(prices["SPY"]) == pytest.approx(last, rel=0.03)


@pytest.mark.integration
def test_scenario_48_a_plan_without_recent_consolidated_prices_serves_all_the_same(
    exchange, endpoint, caplog
):
    """History ends before the running session, long ago enough; prices of now are then those of IEX."""
    exchange.control.set_options(recent_sip=False)

    bars = daily_bars(
        endpoint, ["SPY"], dt.date(2015, 5, 28), dt.date(2015, 5, 29), feed="sip", adjustment="all"
    )
    prices = latest_prices(endpoint, ["SPY"], feed="sip")

    assert len(bars) == 2
    assert prices == latest_prices(endpoint, ["SPY"], feed="iex")
    assert [record.message for record in caplog.records if record.name == "brokerage"] == [
        "prices are of IEX alone: the keys' plan has no consolidated prices of the last 15 minutes"
    ]


@pytest.mark.integration
def test_scenario_49_the_window_before_today_is_the_same_at_the_open_and_after_the_close(exchange, endpoint):
    """Today's bar is partial and another each minute; what ends at the session before does not know it."""
    window = {"start": dt.date(2015, 5, 20), "end": dt.date(2015, 5, 29)}
    today = {"start": dt.date(2015, 6, 1), "end": dt.date(2015, 6, 1)}
    before, partial = ask(endpoint, **window), ask(endpoint, **today)

    exchange.control.advance("close")

    assert ask(endpoint, **window).equals(before)
    assert not ask(endpoint, **today).equals(partial)


def test_pages_are_followed_to_the_end(misbehaving, misbehaving_endpoint, acts):
    misbehaving.script(
        BARS,
        acts.answer(200, page("two", bar("2015-06-02"))),
        acts.answer(200, page(None, bar("2015-06-01"))),
    )

    bars = ask(misbehaving_endpoint)

    assert [day.day for day in bars["session"]] == [1, 2]
    assert [r.query.get("page_token") for r in misbehaving.received(BARS)] == [None, ["two"]]


def test_scenario_44_an_empty_token_is_the_end(misbehaving, misbehaving_endpoint, acts):
    """alpaca-py itself would ask for ever."""
    misbehaving.script(BARS, acts.answer(200, page("", bar("2015-06-01"))))

    assert len(ask(misbehaving_endpoint)) == 1


def test_scenario_44_a_token_that_comes_again_is_an_error_not_a_loop(misbehaving, misbehaving_endpoint, acts):
    misbehaving.script(BARS, acts.answer(200, page("same", bar("2015-06-01"))))

    with pytest.raises(TemporaryError, match="same page"):
        ask(misbehaving_endpoint)


def test_scenario_45_a_page_that_fails_is_asked_again_and_no_part_is_lost(
    misbehaving, misbehaving_endpoint, acts, three_tries
):
    misbehaving.script(
        BARS,
        acts.answer(200, page("two", bar("2015-06-01"))),
        acts.answer(500, raw=b"<html>"),
        acts.answer(200, page(None, bar("2015-06-02"))),
    )

    assert len(ask(misbehaving_endpoint)) == 2


def test_scenario_45_no_part_of_the_bars_is_returned_when_a_page_stays_away(
    misbehaving, misbehaving_endpoint, acts, three_tries
):
    misbehaving.script(BARS, acts.answer(200, page("two", bar("2015-06-01"))), acts.answer(500, {}))

    with pytest.raises(TemporaryError):
        ask(misbehaving_endpoint)


@pytest.mark.parametrize("bars", [None, {}])
def test_no_bars_are_an_empty_frame_with_its_types(misbehaving, misbehaving_endpoint, acts, bars):
    misbehaving.script(BARS, acts.answer(200, {"bars": bars, "next_page_token": None}))

    empty = ask(misbehaving_endpoint)

    assert empty.empty
    assert empty["session"].dtype == pd.ArrowDtype(pa.date32())
    assert empty["close"].dtype == "float64"


def test_a_price_left_out_stays_a_gap_for_cleaning_to_judge(misbehaving, misbehaving_endpoint, acts):
    misbehaving.script(BARS, acts.answer(200, page(None, bar("2015-06-01", close=None))))

    assert ask(misbehaving_endpoint)["close"].isna().all()


def test_recent_consolidated_prices_without_the_plan_for_them(misbehaving, misbehaving_endpoint, acts):
    refusal = {"message": "subscription does not permit querying recent SIP data"}
    misbehaving.script(BARS, acts.answer(403, refusal))

    with pytest.raises(ConfigError, match="feed = iex"):
        ask(misbehaving_endpoint)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ((99.9, 100.1), "100.0"),
        ((100, 100), "100"),
        ((0, 100.1), "55.5"),
        ((100.1, 99.9), "55.5"),
        ((85, 115), "55.5"),
    ],
    ids=["sane", "locked", "one-sided", "crossed", "wide"],
)
def test_scenario_47_only_a_sane_quote_is_believed(misbehaving, misbehaving_endpoint, acts, quote, expected):
    snapshot = {"latestQuote": dict(zip(("bp", "ap"), quote, strict=True)), "latestTrade": {"p": 55.5}}
    misbehaving.script(SNAPSHOTS, acts.answer(200, {"SPY": snapshot}))

    assert latest_prices(misbehaving_endpoint, ["SPY"], feed="iex") == {"SPY": Decimal(expected)}


def test_how_wide_is_too_wide_is_configured(misbehaving, misbehaving_endpoint, acts):
    misbehaving.script(SNAPSHOTS, acts.answer(200, {"SPY": {"latestQuote": {"bp": 99.9, "ap": 100.1}}}))

    def priced(widest):
        return latest_prices(misbehaving_endpoint, ["SPY"], feed="iex", max_spread_bps=widest)

    assert (priced(20), priced(19)) == ({"SPY": Decimal(100)}, {})


def test_without_quote_and_trade_the_last_close_serves(misbehaving, misbehaving_endpoint, acts):
    snapshots = {
        "SPY": {"latestQuote": None, "latestTrade": None, "dailyBar": {"c": 7.5}, "prevDailyBar": {"c": 7}},
        "TLT": {"dailyBar": None, "prevDailyBar": {"c": 6}},
    }
    misbehaving.script(SNAPSHOTS, acts.answer(200, snapshots))

    prices = latest_prices(misbehaving_endpoint, ["SPY", "TLT"], feed="iex")

    assert prices == {"SPY": Decimal("7.5"), "TLT": Decimal(6)}


def test_a_symbol_without_any_price_is_absent(misbehaving, misbehaving_endpoint, acts):
    misbehaving.script(SNAPSHOTS, acts.answer(200, {"SPY": None, "TLT": {}}))

    assert latest_prices(misbehaving_endpoint, ["SPY", "TLT"], feed="iex") == {}
