"""Market data over the wire: one symbol or many, plans, adjustments, corporate actions, and what is refused."""

from __future__ import annotations

import pytest
import requests

pytestmark = pytest.mark.integration


def reader(exchange):
    session = requests.Session()
    session.trust_env = False
    address = exchange.address
    session.headers.update({"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key})

    def get(path, **query):
        return session.get(address.url + path, params=query, timeout=10)

    return get


@pytest.fixture(scope="module")
def get(shared_exchange):
    return reader(shared_exchange)


@pytest.mark.parametrize(
    ("many", "one", "group", "member"),
    [
        ("/v2/stocks/quotes/latest", "/v2/stocks/SPY/quotes/latest", "quotes", "quote"),
        ("/v2/stocks/trades/latest", "/v2/stocks/SPY/trades/latest", "trades", "trade"),
        ("/v2/stocks/bars/latest", "/v2/stocks/SPY/bars/latest", "bars", "bar"),
    ],
)
def test_one_symbol_is_answered_like_many(get, many, one, group, member):
    both = get(many, symbols="TLT,SPY").json()
    assert list(both[group]) == ["SPY", "TLT"]
    assert get(one).json() == {"symbol": "SPY", member: both[group]["SPY"]}


def test_a_snapshot_of_one_has_its_symbol_beside_the_rest(get):
    assert get("/v2/stocks/SPY/snapshot").json() == {
        "symbol": "SPY",
        **get("/v2/stocks/snapshots", symbols="SPY").json()["SPY"],
    }


def test_the_currency_is_told_when_asked_for(get):
    bars = {"symbols": "SPY", "timeframe": "1Day", "start": "2015-05-29", "currency": "USD"}
    assert get("/v2/stocks/bars", **bars).json()["currency"] == "USD"
    assert get("/v2/stocks/SPY/quotes/latest", currency="USD").json()["currency"] == "USD"


def test_iex_sees_the_same_prices_and_a_fortieth_of_the_volume(get):
    bars = {"timeframe": "1Day", "start": "2015-05-29", "end": "2015-05-29"}
    (sip,), (iex,) = (get("/v2/stocks/SPY/bars", **bars, feed=feed).json()["bars"] for feed in ("sip", "iex"))
    assert iex["v"] == pytest.approx(sip["v"] / 40, abs=1)
    assert (iex["o"], iex["c"]) == (sip["o"], sip["c"])


@pytest.mark.parametrize(
    ("timeframe", "begins", "days"),
    [
        # a week is stamped with its Monday, though Memorial Day is no session
        ("1Week", "2015-05-25T04:00:00Z", ("2015-05-26", "2015-05-29")),
        ("1Month", "2015-04-01T04:00:00Z", ("2015-04-01", "2015-04-30")),
        ("3M", "2015-01-01T05:00:00Z", ("2015-01-02", "2015-03-31")),
    ],
)
def test_weeks_and_months_are_their_days_in_one_bar(get, timeframe, begins, days):
    (whole,) = get("/v2/stocks/SPY/bars", timeframe=timeframe, start=begins, end=begins).json()["bars"]
    parts = get("/v2/stocks/SPY/bars", timeframe="1Day", start=days[0], end=days[1]).json()["bars"]
    assert (whole["t"], whole["o"], whole["c"]) == (begins, parts[0]["o"], parts[-1]["c"])
    assert whole["h"] == max(part["h"] for part in parts)
    assert whole["l"] == min(part["l"] for part in parts)
    assert whole["v"] == sum(part["v"] for part in parts)


def test_weeks_come_in_pages_and_the_running_one_is_partial(get):
    query = {"timeframe": "1Week", "start": "2015-05-13", "limit": 1}
    begins, token = [], None
    while not begins or token:
        page = get("/v2/stocks/SPY/bars", **query, page_token=token).json()
        begins += [bar["t"][:10] for bar in page["bars"]]
        token = page["next_page_token"]
    # the week in which the start lies began before it
    assert begins == ["2015-05-18", "2015-05-25", "2015-06-01"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            {"timeframe": "1Min"},
            "invalid timeframe: 1Min (the loopback exchange has no bars finer than a day)",
        ),
        ({"timeframe": "61Min"}, "invalid timeframe: 61Min"),
        ({"asof": "soon"}, "invalid asof: soon"),
        ({"currency": "EUR"}, "invalid currency: EUR (the loopback exchange has USD)"),
        ({"sort": "up"}, "invalid sort: up"),
        ({"limit": "10001"}, "invalid limit: must be between 1 and 10000"),
        ({"page_token": "bm9uZQ=="}, "invalid page_token"),
        ({"feed": "overnight"}, "invalid feed: overnight"),
        ({"symbols": "SPY,$$$"}, "invalid symbol: $$$"),
    ],
)
def test_a_bad_parameter_is_named_and_has_no_code(get, query, said):
    answer = get("/v2/stocks/bars", **{"symbols": "SPY", "timeframe": "1Day"} | query)
    assert (answer.status_code, answer.json()) == (400, {"message": said})


def test_a_symbol_of_which_there_is_no_price_is_refused_or_empty(get):
    assert get("/v2/stocks/ZZZZ/quotes/latest").json() == {"message": "invalid symbol: ZZZZ"}
    saturday = {"start": "2015-05-30", "end": "2015-05-31"}
    assert get("/v2/stocks/SPY/bars", timeframe="1D", asof="-", **saturday).json()["bars"] is None


def test_the_free_plan_has_no_recent_consolidated_prices(exchange):
    get = reader(exchange)
    exchange.control.set_options(recent_sip=False)
    bars = {"symbols": "SPY", "timeframe": "1Day", "start": "2015-05-29"}
    refused = get("/v2/stocks/bars", **bars, feed="sip")
    assert refused.status_code == 403
    assert refused.json() == {"message": "subscription does not permit querying recent SIP data"}
    assert get("/v2/stocks/SPY/snapshot", feed="sip").status_code == 403
    # the default is then IEX, and a quarter of an hour ago everybody may see everything
    assert get("/v2/stocks/SPY/snapshot").ok
    older = get("/v2/stocks/bars", **bars, feed="sip", end="2015-06-01T13:44:00Z")
    assert [bar["t"] for bar in older.json()["bars"]["SPY"]] == [
        "2015-05-29T04:00:00Z",
        "2015-06-01T04:00:00Z",
    ]


def test_splits_and_dividends_are_listed_and_adjusted_bars_agree_with_them(exchange):
    get = reader(exchange)
    add = exchange.control.add_corporate_action
    split = add(type="forward_split", symbol="SPY", ex_date="2015-06-03", old_rate="1", new_rate="4")
    dividend = add(type="cash_dividend", symbol="TLT", ex_date="2015-06-02", rate="0.25")

    listed = get("/v1/corporate-actions", symbols="SPY,TLT", start="2015-06-01", end="2015-06-30").json()
    assert [action["id"] for action in listed["corporate_actions"]["forward_splits"]] == [split]
    assert [action["rate"] for action in listed["corporate_actions"]["cash_dividends"]] == [0.25]
    assert get("/v1/corporate-actions", ids=dividend).json()["corporate_actions"].keys() == {"cash_dividends"}
    only = get("/v1/corporate-actions", types="reverse_split", end="2015-06-30").json()
    assert only == {"corporate_actions": {}, "next_page_token": None}

    pages, token = [], None
    while not pages or token:
        query = {"start": "2015-06-01", "end": "2015-06-30", "limit": 1, "page_token": token}
        page = get("/v1/corporate-actions", **query).json()
        pages.append(next(iter(page["corporate_actions"])))
        token = page["next_page_token"]
    assert pages == ["cash_dividends", "forward_splits"]

    exchange.control.advance("2015-06-03T15:00:00-04:00")
    bars = {"timeframe": "1Day", "start": "2015-06-01", "end": "2015-06-03"}
    raw, adjusted, dividends = (
        [bar["c"] for bar in get("/v2/stocks/SPY/bars", **bars, adjustment=kind).json()["bars"]]
        for kind in ("raw", "split", "dividend")
    )
    assert raw[2] / raw[1] == pytest.approx(0.25, rel=0.02)
    assert adjusted[2] / adjusted[1] == pytest.approx(1, rel=0.02)
    assert dividends == raw


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"types": "merger"}, "invalid type: merger"),
        ({"ids": "x"}, "invalid ids: must be UUIDs"),
        ({"start": "2015-06-02", "end": "2015-06-01"}, "end should not be before start"),
        ({"limit": "0"}, "invalid limit: must be between 1 and 1000"),
    ],
)
def test_what_makes_no_sense_about_corporate_actions_is_refused(get, query, said):
    answer = get("/v1/corporate-actions", **query)
    assert (answer.status_code, answer.json()) == (400, {"message": said})
