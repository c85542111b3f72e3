"""History is pulled once, then topped up; a revised past is noticed, pulled anew, and the old version kept."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from brokerage.history import COLUMNS, require_coverage, revised, update
from schemas.errors import DataError

SESSIONS = [dt.date(2015, 6, day) for day in range(1, 11)]


def bars(symbol, sessions=SESSIONS, scale=1.0):
    rows = [
        {"symbol": symbol, "session": day, "open": p, "high": p + 1, "low": p - 1, "close": p, "volume": 10.0}
        for day in sessions
        for p in [scale * (100.0 + day.day)]
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"session": pd.ArrowDtype(pa.date32())})


class Feed:
    """A market data service that remembers what it was asked."""

    def __init__(self, *frames):
        self.table, self.asked = pd.concat(frames), []

    def __call__(self, symbols, start, end):
        self.asked.append((tuple(symbols), start, end))
        t = self.table
        return t[t["symbol"].isin(symbols) & (t["session"] >= start) & (t["session"] <= end)]


def top_up(known, feed, symbols=("SPY", "TLT"), sessions=SESSIONS):
    return update(known, feed, symbols=symbols, sessions=sessions, overlap=2, tolerance=1e-6)


def test_the_first_pull_takes_the_whole_history():
    feed = Feed(bars("SPY"), bars("TLT"))

    new = top_up(bars("SPY", []), feed)

    assert len(new) == 20
    assert feed.asked == [(("SPY", "TLT"), SESSIONS[0], SESSIONS[-1])]


def test_later_pulls_ask_for_the_missing_sessions_and_a_short_overlap_only():
    known = pd.concat([bars("SPY", SESSIONS[:7]), bars("TLT", SESSIONS[:7])])
    feed = Feed(bars("SPY"), bars("TLT"))

    new = top_up(known, feed)

    assert feed.asked == [(("SPY", "TLT"), SESSIONS[5], SESSIONS[-1])]
    assert sorted(set(new["session"])) == SESSIONS[7:]


def test_nothing_new_is_nothing_stored():
    known = pd.concat([bars("SPY"), bars("TLT")])

    assert top_up(known, Feed(known)).empty


def test_a_dividend_that_revises_the_past_refreshes_that_symbol_alone():
    known = pd.concat([bars("SPY", SESSIONS[:7]), bars("TLT", SESSIONS[:7])])
    feed = Feed(bars("SPY", scale=0.98), bars("TLT"))

    new = top_up(known, feed)

    assert feed.asked[1] == (("SPY",), SESSIONS[0], SESSIONS[-1])
    assert len(new[new["symbol"] == "SPY"]) == 10
    assert len(new[new["symbol"] == "TLT"]) == 3


def test_a_symbol_seen_for_the_first_time_is_pulled_whole():
    feed = Feed(bars("SPY"), bars("TLT"))

    new = top_up(bars("SPY"), feed)

    assert (("TLT",), SESSIONS[0], SESSIONS[-1]) in feed.asked
    assert set(new["symbol"]) == {"TLT"}


def test_rounding_is_no_revision():
    assert revised(bars("SPY"), bars("SPY", scale=1 + 1e-9), 1e-6) == set()
    assert revised(bars("SPY"), bars("SPY", scale=1 + 1e-4), 1e-6) == {"SPY"}


@pytest.mark.parametrize(
    ("frame", "said"),
    [(bars("SPY", SESSIONS[:9]), "newest bar 2015-06-09"), (bars("TLT"), "no bars at all")],
)
def test_scenario_43_coverage_is_checked_symbol_by_symbol(frame, said):
    with pytest.raises(DataError) as caught:
        require_coverage(frame, ["SPY"], SESSIONS[-1])

    assert said in caught.value.figures["SPY"]
