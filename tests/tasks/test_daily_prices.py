"""The day's prices after the close: what is learnt, what is said of them, and that nothing is traded."""

import datetime as dt

import pandas as pd
import pytest

from brokerage.calendar import TradingCalendar
from schemas.errors import ConfigError, DataError
from schemas.identity import PricePull
from schemas.results import PulledPrices
from schemas.upkeep_parameters import DailyPricesParameters
from tasks.daily_prices import check_prices, findings, pull_prices
from warehouse.check import check
from warehouse.query import query

NEWEST = dt.date(2015, 6, 1)
SESSIONS = TradingCalendar().last_sessions(NEWEST, 60)


def bars(symbol, sessions=SESSIONS, drop=()):
    """A quiet asset with a drift of its own, one bar a session."""
    closes = [100 + i + (sum(map(ord, symbol)) + 7 * i) % 5 for i in range(len(sessions))]
    rows = [
        (symbol, day, close, close + 1, close - 1, close, 1000)
        for day, close in zip(sessions, closes, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["symbol", "session", "open", "high", "low", "close", "volume"])
    return frame[~frame["session"].isin(drop)]


def found(*frames, traded):
    """The finding and its reason, by asset."""
    now = dt.datetime(2015, 6, 1, 21, tzinfo=dt.UTC)
    pull = PricePull(session=NEWEST, asked_at=now, began_at=now, venue="paper")
    members = dict.fromkeys(["SPY", "TLT", "GLD", "CSJ"], "mine")
    pulled = PulledPrices(pull=pull, members=members, traded=traded, learnt=0)
    rows = findings(pulled, pd.concat(frames), DailyPricesParameters())
    return {row["symbol"]: (row["finding"], row["detail"]) for row in rows}


def test_an_asset_is_sound_stale_missing_or_not_traded():
    told = found(bars("SPY"), bars("TLT", SESSIONS[:-1]), traded=("SPY", "TLT", "GLD"))

    assert told == {
        "SPY": ("sound", ""),
        "TLT": ("stale", f"newest bar {SESSIONS[-2]}"),
        "GLD": ("missing", "no bars at all"),
        "CSJ": ("not traded", "paper does not trade it"),
    }


def test_what_cleaning_would_leave_out_is_unusable_and_says_why():
    holes = SESSIONS[10:40:2]

    told = found(bars("SPY"), bars("TLT"), bars("GLD", drop=holes), traded=("SPY", "TLT", "GLD"))

    assert told["GLD"][0] == "unusable"
    assert "of its sessions have no usable close" in told["GLD"][1]
    assert told["SPY"] == ("sound", "")


def test_a_feed_that_delivers_nothing_at_all_is_said_asset_by_asset():
    assert found(bars("SPY", []), traded=("SPY",))["SPY"] == ("missing", "no bars at all")


def test_a_young_asset_is_no_fault():
    told = found(bars("SPY"), bars("TLT", SESSIONS[-3:]), traded=("SPY", "TLT"))

    assert told["TLT"] == ("sound", "")


@pytest.mark.integration
def test_after_the_close_the_days_bars_are_in_the_warehouse_and_no_order_was_sent(store, exchange, posts):
    exchange.control.advance("close")

    pulled = pull_prices.fn(DailyPricesParameters())
    check_prices.fn(pulled, DailyPricesParameters())

    assert pulled.pull.session == NEWEST
    last = query(store.root, "select symbol from bars where session = date '2015-06-01'")[
        "symbol"
    ].to_pylist()
    assert sorted(last) == sorted(pulled.traded)
    checks = query(store.root, "select finding, count(*) as n from all_price_checks group by all").to_pylist()
    counted = {row["finding"]: row["n"] for row in checks}
    assert counted["sound"] == len(pulled.traded) >= 11
    assert counted["not traded"] > 0  # the universes for Alpaca
    assert posts() == []
    assert check(store.root).findings == ()

    again = pull_prices.fn(DailyPricesParameters())

    assert again.learnt == 0


@pytest.mark.integration
def test_before_the_close_the_running_session_is_left_alone(store, exchange):
    pulled = pull_prices.fn(DailyPricesParameters(universes=("bundled",)))

    assert pulled.pull.session == dt.date(2015, 5, 29)
    assert store.bars("loopback", "iex", "all", known_by=pulled.pull.asked_at)["session"].max() == dt.date(
        2015, 5, 29
    )


@pytest.mark.integration
def test_a_late_feed_is_named_and_a_second_try_finds_it_mended(store, exchange):
    late = {"path": "/bars$", "action": "symbol_missing", "symbol": "TLT", "times": None}
    exchange.control.set_faults(late)
    with pytest.raises(DataError) as doubt:
        check_prices.fn(pull_prices.fn(DailyPricesParameters()), DailyPricesParameters())

    assert doubt.value.figures == {"TLT": "missing: no bars at all"}

    exchange.control.set_faults()
    check_prices.fn(pull_prices.fn(DailyPricesParameters()), DailyPricesParameters())

    verdicts = query(store.root, "select verdict from all_price_pulls order by committed_at")["verdict"]
    assert verdicts.to_pylist() == ["in doubt", "sound"]


def test_a_universe_for_another_venue_is_named(store):
    with pytest.raises(ConfigError, match="loopback trades none of the assets"):
        pull_prices.fn(DailyPricesParameters(universes=("growth_hedge",)))


def test_a_universe_nobody_configured_is_named(store):
    with pytest.raises(ConfigError, match="no universe named 'mine'"):
        pull_prices.fn(DailyPricesParameters(universes=("mine",)))
