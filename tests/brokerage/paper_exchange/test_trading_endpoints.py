"""The trading endpoints as any client sees them: parameters, statuses, bodies."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
import requests

pytestmark = pytest.mark.integration

BUY = {"symbol": "SPY", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
REST = BUY | {"type": "limit", "limit_price": "100"}


def caller(address):
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key})

    def call(method: str, path: str, **more) -> requests.Response:
        return session.request(method, address.url + path, timeout=10, **more)

    return call


@pytest.fixture
def call(exchange):
    return caller(exchange.address)


@pytest.fixture
def read(shared_exchange):
    return caller(shared_exchange.address)


def test_an_order_is_replaced_by_another_one(call):
    first = call("POST", "/v2/orders", json=REST).json()
    second = call("PATCH", f"/v2/orders/{first['id']}", json={"limit_price": "300", "qty": None})
    assert (second.status_code, second.json()["replaces"], second.json()["qty"]) == (200, first["id"], "10")
    old, new = (call("GET", f"/v2/orders/{each['id']}").json() for each in (first, second.json()))
    assert (old["status"], old["replaced_by"], new["status"]) == ("replaced", new["id"], "filled")
    refused = call("PATCH", f"/v2/orders/{first['id']}", json={"qty": "1"})
    assert (refused.status_code, refused.json()["code"]) == (422, 42210000)
    assert call("PATCH", f"/v2/orders/{uuid.uuid4()}", json={"qty": "1"}).status_code == 404
    assert call("PATCH", "/v2/orders/what", json={"qty": "1"}).json()["message"] == "order_id is missing"


def test_orders_are_listed_by_every_parameter(call):
    ids = [
        call("POST", "/v2/orders", json=REST | {"symbol": symbol}).json()["id"]
        for symbol in ("SPY", "TLT", "SPY")
    ]
    call("DELETE", f"/v2/orders/{ids[0]}")

    def listed(query: str) -> list[int]:
        return [ids.index(order["id"]) for order in call("GET", f"/v2/orders?{query}").json()]

    assert listed("") == [2, 1]
    assert listed("status=all&direction=asc") == [0, 1, 2]
    assert listed("status=closed") == [0]
    assert listed("status=all&limit=1") == [2]
    assert listed("status=all&symbols=tlt,EEM") == [1]
    assert listed("status=all&side=sell") == []
    assert listed("status=all&asset_class=us_option,crypto") == []
    assert listed("status=all&asset_class=us_equity&nested=True&side=buy") == [2, 1, 0]
    assert listed(f"status=all&after_order_id={ids[0]}") == [2, 1]
    assert listed(f"status=all&before_order_id={ids[1]}") == [0]
    assert listed("status=all&after=2015-06-01T14:00:01Z") == []
    assert listed("status=all&until=2015-06-02&after=2015-05-31") == [2, 1, 0]
    for wrong in (
        "side=hold",
        "nested=perhaps",
        f"after_order_id={ids[0]}&before_order_id={ids[1]}",
        f"after_order_id={ids[0]}&until=2015-06-02",
    ):
        assert call("GET", f"/v2/orders?{wrong}").status_code == 422


def test_orders_sent_while_the_clock_stands_are_paged_through_by_time_and_none_is_lost(call):
    ids = [call("POST", "/v2/orders", json=REST).json()["id"] for _ in range(5)]
    found: list[str] = []
    page = call("GET", "/v2/orders?limit=2").json()
    while page:
        found += [order["id"] for order in page]
        page = call("GET", f"/v2/orders?limit=2&until={page[-1]['submitted_at']}").json()
    assert found == ids[::-1]


def test_a_position_is_closed_in_part_in_percent_or_whole(call):
    call("POST", "/v2/orders", json=BUY)
    for query, sold in (("qty=2.5", "2.5"), ("percentage=50", "3.75"), ("", "3.75")):
        answer = call("DELETE", f"/v2/positions/SPY?{query}")
        assert (answer.status_code, answer.json()["side"], answer.json()["qty"]) == (200, "sell", sold)
    assert call("GET", "/v2/positions").json() == []
    gone = call("DELETE", "/v2/positions/SPY")
    assert (gone.status_code, gone.json()) == (404, {"code": 40410000, "message": "position does not exist"})


def test_half_of_whole_shares_is_whole_shares(call):
    call("POST", "/v2/orders", json=BUY | {"qty": "5"})
    assert call("DELETE", "/v2/positions/SPY?percentage=50").json()["qty"] == "2"
    for query, message in (
        ("qty=1&percentage=1", "only one of qty or percentage is accepted"),
        ("percentage=101", "percentage must be between 0 and 100"),
        ("percentage=1", "qty must be > 0"),
        ("qty=x", "invalid qty"),
    ):
        answer = call("DELETE", f"/v2/positions/SPY?{query}")
        assert (answer.status_code, answer.json()) == (422, {"code": 40010001, "message": message})


def test_closing_everything_answers_for_each_position(call):
    for symbol in ("SPY", "TLT"):
        call("POST", "/v2/orders", json=BUY | {"symbol": symbol})
    call("POST", "/v2/orders", json=BUY | {"side": "sell", "type": "limit", "limit_price": "900", "qty": "4"})
    held = call("DELETE", "/v2/positions")
    assert held.status_code == 207
    spy, tlt = held.json()
    assert (spy["symbol"], spy["status"], spy["body"]["held_for_orders"]) == ("SPY", 403, "4")
    assert (tlt["symbol"], tlt["status"], tlt["body"]["side"]) == ("TLT", 200, "sell")
    (answer,) = call("DELETE", "/v2/positions?cancel_orders=True").json()
    assert (answer["status"], answer["body"]["qty"]) == (200, "10")
    assert (call("GET", "/v2/positions").json(), call("GET", "/v2/orders").json()) == ([], [])


def test_a_position_whose_asset_is_gone_has_no_price(exchange, call):
    call("POST", "/v2/orders", json=BUY)
    exchange.control.set_asset("SPY", status="inactive")
    position = call("GET", "/v2/positions/SPY").json()
    assert (position["qty"], position["current_price"], position["market_value"]) == ("10", None, None)
    assert position["cost_basis"] is not None


def test_activities_of_all_kinds_are_filtered_and_paged(exchange, call):
    order = call("POST", "/v2/orders", json=BUY).json()
    exchange.control.advance("next_session")
    call("POST", "/v2/orders", json=BUY)

    def kinds(query: str, path: str = "") -> list[str]:
        return [row["activity_type"] for row in call("GET", f"/v2/account/activities{path}?{query}").json()]

    assert kinds("") == ["FILL", "FILL"]
    assert kinds("activity_types=FILL,DIV") == ["FILL", "FILL"]
    assert kinds("category=trade_activity&direction=asc&page_size=1") == ["FILL"]
    assert kinds("category=non_trade_activity") == kinds("", "/DIV") == []
    assert (
        kinds(f"order_id={order['id']}") == kinds("date=2015-06-01") == kinds("until=2015-06-02") == ["FILL"]
    )
    assert kinds("after=2015-06-02") == ["FILL"]
    for wrong in (
        "category=all",
        "category=trade_activity&activity_types=FILL",
        "after=then",
        "page_token=x",
    ):
        assert call("GET", f"/v2/account/activities?{wrong}").status_code == 422
    exchange.control.transfer(Decimal(5))
    assert (kinds("", "/TRANS"), kinds("", "/MISC")) == (["CSD"], [])


def test_the_portfolio_history_is_the_equity_at_each_close_and_now(exchange, call):
    call("POST", "/v2/orders", json=BUY | {"qty": "400"})
    exchange.control.advance("2015-06-04T12:00:00-04:00")
    history = call("GET", "/v2/account/portfolio/history?timeframe=1D&period=1W&cashflow_types=ALL").json()
    equity = float(call("GET", "/v2/account").json()["equity"])
    assert (len(history["timestamp"]), history["equity"][-1], history["base_value"]) == (4, equity, 100_000)
    assert history["profit_loss"] == pytest.approx([value - 100_000 for value in history["equity"]])
    assert history["profit_loss_pct"] == pytest.approx(
        [gain / 1e5 for gain in history["profit_loss"]], abs=1e-6
    )
    assert (history["timeframe"], history["cashflow"]) == ("1D", {})
    last = float(call("GET", "/v2/account").json()["last_equity"])
    assert history["equity"][-2] == last


def test_within_the_day_equity_is_rebuilt_and_gains_start_again_each_day(exchange, call):
    call("POST", "/v2/orders", json=BUY | {"qty": "400"})
    exchange.control.advance("2015-06-02T12:00:00-04:00")
    history = call("GET", "/v2/account/portfolio/history?timeframe=1H&period=2D").json()
    assert [stamp % 86400 // 3600 for stamp in history["timestamp"]] == [14, 15, 16, 17, 18, 19, 13, 14, 15]
    assert 0 < abs(history["equity"][0] - 100_000) < 500  # half an hour after the purchase
    last = float(call("GET", "/v2/account").json()["last_equity"])
    assert history["equity"][6] - history["profit_loss"][6] == pytest.approx(history["equity"][5])
    assert abs(history["equity"][5] - last) < 1000
    whole = call("GET", "/v2/account/portfolio/history?timeframe=1H&period=2D&pnl_reset=no_reset").json()
    assert whole["profit_loss"][-1] == pytest.approx(whole["equity"][-1] - 100_000)


@pytest.mark.parametrize(
    "query",
    [
        "period=1X",
        "period=0D",
        "timeframe=2Min",
        "timeframe=1Min&period=1A",
        "pnl_reset=never",
        "intraday_reporting=loud",
        "period=1D&start=2015-05-01&end=2015-05-02",
    ],
)
def test_a_history_that_makes_no_sense_is_refused(read, query):
    assert read("GET", f"/v2/account/portfolio/history?{query}").status_code == 422


def test_the_account_has_no_field_that_alpaca_removed(read):
    account = read("GET", "/v2/account").json()
    assert not {"pattern_day_trader", "daytrade_count", "daytrading_buying_power"} & set(account)
    assert not {"pdt_check", "dtbp_check"} & set(read("GET", "/v2/account/configurations").json())


def test_assets_are_filtered(read):
    every = read("GET", "/v2/assets").json()
    assert read("GET", "/v2/assets?status=active&asset_class=us_equity&exchange=ARCA").json() == every
    for query in ("status=inactive", "asset_class=crypto", "exchange=NYSE", "attributes=has_options,ipo"):
        assert read("GET", f"/v2/assets?{query}").json() == []


def test_the_calendar_can_be_asked_by_settlement_date(read):
    (day,) = read("GET", "/v2/calendar?start=2015-07-06&end=2015-07-06&date_type=SETTLEMENT").json()
    assert (day["date"], day["settlement_date"]) == ("2015-07-02", "2015-07-06")
    assert read("GET", "/v2/calendar?date_type=BIRTH").status_code == 422


@pytest.mark.parametrize(
    ("time", "phase", "until", "market_day"),
    [
        ("2015-06-01T03:59:59-04:00", "closed", "2015-06-01T04:00:00-04:00", True),
        ("2015-06-01T04:00:00-04:00", "pre", "2015-06-01T09:30:00-04:00", True),
        ("2015-06-01T12:00:00-04:00", "core", "2015-06-01T16:00:00-04:00", True),
        ("2015-11-27T13:00:00-05:00", "post", "2015-11-27T17:00:00-05:00", True),
        ("2015-06-05T20:00:00-04:00", "closed", "2015-06-08T04:00:00-04:00", True),
        ("2015-06-06T12:00:00-04:00", "closed", "2015-06-08T04:00:00-04:00", False),
    ],
)
def test_the_market_clock_knows_the_phases_of_the_day(read, time, phase, until, market_day):
    answer = read("GET", "/v3/clock", params={"markets": "NYSE,XNAS", "time": time}).json()
    nyse, nasdaq = answer["clocks"]
    assert (nyse["phase"], nyse["phase_until"], nyse["is_market_day"]) == (phase, until, market_day)
    assert (nyse["market"]["acronym"], nasdaq["market"]["mic"]) == ("NYSE", "XNAS")


def test_the_market_calendar_has_the_phases_of_each_session(read):
    answer = read("GET", "/v3/calendar/NYSE?start=2015-11-25&end=2015-11-28").json()
    full, early = answer["calendar"]
    assert (full["core_end"], early["core_end"]) == ("2015-11-25T16:00:00-05:00", "2015-11-27T13:00:00-05:00")
    assert (full["post_end"], early["pre_start"]) == (
        "2015-11-25T20:00:00-05:00",
        "2015-11-27T04:00:00-05:00",
    )
    assert len(read("GET", "/v3/calendar/XNYS").json()["calendar"]) == 6
    utc = read("GET", "/v3/calendar/IEX?start=2015-06-01&end=2015-06-01&timezone=UTC").json()["calendar"]
    assert utc[0]["core_start"] == "2015-06-01T13:30:00+00:00"
    for wrong in (
        "/v3/calendar/LSE",
        "/v3/clock?markets=MOON",
        "/v3/clock?time=0001-01-01",
        "/v3/calendar/NYSE?timezone=CET",
    ):
        assert read("GET", wrong).status_code == 400
