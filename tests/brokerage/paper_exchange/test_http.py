"""What only shows on the wire: credentials, paging, error bodies, faults and the request log."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal

import pytest
import requests

from schemas.errors import DataError

pytestmark = pytest.mark.integration

BUY = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


class Client:
    """Bare HTTP with the account's keys."""

    def __init__(self, address) -> None:
        self.url = address.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.keys = {"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key}

    def __call__(self, method: str, path: str, *, keys=None, **more) -> requests.Response:
        headers = self.keys if keys is None else keys
        return self.session.request(method, self.url + path, headers=headers, timeout=10, **more)


@pytest.fixture
def call(exchange) -> Client:
    return Client(exchange.address)


@pytest.fixture
def read(shared_exchange) -> Client:
    return Client(shared_exchange.address)


def test_without_the_right_keys_nothing_is_answered(read):
    wrong = {**read.keys, "APCA-API-SECRET-KEY": "guess"}
    for keys in ({}, wrong):
        trading, data = read("GET", "/v2/account", keys=keys), read("GET", "/v2/stocks/bars", keys=keys)
        assert (trading.status_code, data.status_code) == (401, 403)
        assert trading.json() == {"code": 40110000, "message": "request is not authorized"}
        assert data.json() == {"message": "forbidden."}
    # the client under test must not reach the admin API by accident
    assert read("POST", "/__sim/clock", json={"to": "close"}).status_code == 401
    assert read("GET", "/__sim/health", keys={}).json() == {"status": "ok"}


def test_every_answer_carries_its_own_request_id(read):
    ids = {read("GET", path).headers["X-Request-ID"] for path in ("/v2/clock", "/v2/clock", "/nowhere")}
    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/v2/watchlists", "/"])
def test_what_is_not_served_is_404(read, path):
    answer = read("GET", path)
    assert answer.status_code == 404
    assert answer.json() == {"code": 40410000, "message": "endpoint not found"}


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v2/orders"), ("POST", "/v2/positions")])
def test_a_method_that_a_path_does_not_know_is_405(read, method, path):
    answer = read(method, path)
    assert (answer.status_code, answer.json()) == (405, {"code": 40510000, "message": "method not allowed"})


def test_market_data_refuses_without_a_code(read):
    for method, path, status, said in (
        ("GET", "/v2/stocks/SPY/trades", 404, "endpoint not found"),
        ("GET", "/v1beta3/crypto/us/bars", 404, "endpoint not found"),
        ("POST", "/v2/stocks/bars", 405, "method not allowed"),
    ):
        answer = read(method, path)
        assert (answer.status_code, answer.json()) == (status, {"message": said})


def test_what_does_not_exist_is_404(read):
    nobody = str(uuid.uuid4())
    for path, message in {
        f"/v2/orders/{nobody}": f"order not found for {nobody}",
        "/v2/orders:by_client_order_id?client_order_id=x": "order not found for x",
        "/v2/positions/SPY": "position does not exist",
        "/v2/positions/ZZZZ": "symbol not found: ZZZZ",
        "/v2/assets/ZZZZ": "asset not found for ZZZZ",
    }.items():
        answer = read("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"code": 40410000, "message": message})


def test_parameters_that_make_no_sense_are_422_for_trading_and_400_for_data(read):
    for path in (
        "/v2/orders?limit=null",
        "/v2/orders?limit=501",
        "/v2/orders?status=maybe",
        "/v2/orders?after=soon",
        "/v2/orders/not-a-uuid",
        "/v2/calendar?start=never",
        "/v2/account/activities?page_size=0",
        "/v2/account/activities?activity_types=FILL,NOPE",
        "/v2/account/activities/NOPE",
    ):
        answer = read("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (422, 40010001), path
    for path in (
        "/v2/stocks/bars?timeframe=1Day",
        "/v2/stocks/bars?symbols=ZZZZ&timeframe=1Day",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Min",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&limit=0",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&start=0001-01-01",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&adjustment=some",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&feed=radio",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&page_token=x",
        "/v2/stocks/bars?symbols=SPY&timeframe=1Day&start=2015-05-02&end=2015-05-01",
    ):
        answer = read("GET", path)
        assert (answer.status_code, list(answer.json())) == (400, ["message"]), path
    assert read("GET", "/v2/stocks/bars?symbols=SPY,ZZZZ&timeframe=1Day").json() == {
        "message": "invalid symbol: ZZZZ"
    }


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_of_any_size_give_every_bar_once_and_in_order(read, limit, sort):
    query = "/v2/stocks/bars?symbols=TLT,SPY,EEM&timeframe=1Day&start=2015-05-20&end=2015-05-29"
    whole = read("GET", f"{query}&sort={sort}").json()
    assert whole["next_page_token"] is None
    token, seen = "", []
    while token is not None:
        page = read(
            "GET", f"{query}&sort={sort}&limit={limit}" + (f"&page_token={token}" if token else "")
        ).json()
        bars = [(symbol, bar["t"]) for symbol, bars in page["bars"].items() for bar in bars]
        assert len(bars) <= limit
        seen, token = seen + bars, page["next_page_token"]
    assert seen == [(symbol, bar["t"]) for symbol, bars in whole["bars"].items() for bar in bars]
    assert len(seen) == 3 * 7
    assert list(whole["bars"]) == ["EEM", "SPY", "TLT"]


def test_dates_and_instants_bound_bars_by_new_york_midnight(read):
    def days(start: str, end: str) -> list[str]:
        answer = read("GET", f"/v2/stocks/SPY/bars?timeframe=1Day&start={start}&end={end}").json()
        return [bar["t"] for bar in answer["bars"] or []]

    assert days("2015-03-06", "2015-03-09") == ["2015-03-06T05:00:00Z", "2015-03-09T04:00:00Z"]
    assert days("2015-03-06T05:00:00Z", "2015-03-09T03:59:59Z") == ["2015-03-06T05:00:00Z"]
    assert days("2015-03-06T05:00:01Z", "2015-03-09T04:00:00Z") == ["2015-03-09T04:00:00Z"]
    assert days("2015-03-07", "2015-03-08") == []


def test_todays_bar_is_partial_until_the_close(exchange, call):
    query = "/v2/stocks/SPY/bars?timeframe=1Day&start=2015-06-01"
    (partial,) = call("GET", query).json()["bars"]
    exchange.control.advance("close")
    (whole,) = call("GET", query).json()["bars"]
    assert partial["v"] < whole["v"]
    assert partial["o"] == whole["o"]
    assert whole["c"] == 211.57000732421875  # the real close
    assert partial["c"] != whole["c"]


def test_the_configuration_takes_what_alpaca_py_sends_and_refuses_the_rest(call):
    path = "/v2/account/configurations"
    changed = call("PATCH", path, json={"max_margin_multiplier": "4", "pdt_check": None}).json()
    assert changed["max_margin_multiplier"] == "4"
    assert call("GET", "/v2/account").json()["multiplier"] == "4"
    for change in (
        {"max_margin_multiplier": "3"},
        {"suspend_trade": "yes"},
        {"magic": True},
    ):
        assert call("PATCH", path, json=change).status_code == 422
    assert call("GET", path).json() == changed


def test_fills_are_activities_with_pages(call):
    for _ in range(3):
        call("POST", "/v2/orders", json=BUY)
    path = "/v2/account/activities/FILL"
    newest = call("GET", path).json()
    assert [fill["side"] for fill in newest] == ["buy"] * 3
    assert newest[0]["id"].startswith("20150601100000000::")
    oldest = call("GET", f"{path}?direction=asc&page_size=2").json()
    rest = call("GET", f"{path}?direction=asc&page_size=2&page_token={oldest[-1]['id']}").json()
    assert oldest + rest == newest[::-1]
    assert call("GET", "/v2/account/activities?activity_types=DIV").json() == []
    assert call("GET", f"{path}?date=2015-06-02").json() == []


def test_json_floats_are_taken_by_their_digits(call):
    answer = call("POST", "/v2/orders", data=json.dumps({**BUY, "qty": 0.1 + 0.2}))
    assert answer.json()["message"] == "qty must be limited to 9 decimal places"


def test_a_dropped_connection_before_processing_leaves_no_order(exchange, call):
    exchange.control.set_faults({"action": "drop_before", "method": "POST", "path": "^/v2/orders$"})
    with pytest.raises(requests.ConnectionError):
        call("POST", "/v2/orders", json={**BUY, "client_order_id": "lost"})
    assert call("GET", "/v2/orders?status=all").json() == []
    assert call("POST", "/v2/orders", json={**BUY, "client_order_id": "lost"}).ok


def test_a_dropped_connection_after_commit_leaves_exactly_one(exchange, call):
    exchange.control.set_faults({"action": "drop_after_commit", "method": "POST"})
    with pytest.raises(requests.ConnectionError):
        call("POST", "/v2/orders", json={**BUY, "client_order_id": "kept"})
    again = call("POST", "/v2/orders", json={**BUY, "client_order_id": "kept"})
    assert again.json() == {"code": 40010001, "message": "client_order_id must be unique"}
    (order,) = call("GET", "/v2/orders?status=all").json()
    assert (order["client_order_id"], order["status"]) == ("kept", "filled")


def test_a_rule_acts_from_its_nth_match_as_often_as_it_says(exchange, call):
    exchange.control.set_faults(
        {"action": "status", "path": "clock", "nth": 2, "times": 2, "status": 504, "answer": "<html>"}
    )
    answers = [call("GET", "/v2/clock") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 504, 504, 200]
    assert answers[1].text == "<html>"
    assert exchange.control.faults()[0]["matches"] == 4
    exchange.control.set_faults({"action": "status", "path": "clock", "answer": {"code": 50010000}})
    assert call("GET", "/v2/clock").json() == {"code": 50010000}
    exchange.control.set_faults()
    assert exchange.control.faults() == []


def test_a_rule_can_single_out_one_order_by_its_body(exchange, call):
    exchange.control.set_faults(
        {"action": "never_fill", "method": "POST", "body": '"TLT"', "times": None},
        {"action": "partial", "method": "POST", "body": '"EEM"', "fraction": "0.25"},
        {"action": "reject_async", "method": "POST", "body": '"IEF"'},
    )
    for symbol in ("SPY", "TLT", "EEM", "IEF"):
        assert call("POST", "/v2/orders", json={**BUY, "symbol": symbol, "qty": "8"}).json()["status"] == (
            "pending_new"
        )
    orders = call("GET", "/v2/orders?status=all&direction=asc").json()
    assert [(order["symbol"], order["status"], order["filled_qty"]) for order in orders] == [
        ("SPY", "filled", "8"),
        ("TLT", "new", "0"),
        ("EEM", "partially_filled", "2"),
        ("IEF", "rejected", "0"),
    ]


def test_a_delay_processes_later_and_holds_up_nobody_else(exchange, call):
    exchange.control.set_faults({"action": "delay", "path": "account", "seconds": 30})
    with pytest.raises(requests.ReadTimeout):
        call.session.get(call.url + "/v2/account", headers=call.keys, timeout=0.5)
    assert call("GET", "/v2/clock").ok


def test_a_fault_rule_that_makes_no_sense_is_refused(exchange):
    for rule in ({"action": "explode"}, {"action": "delay", "path": "("}, {"action": "delay", "wen": 1}):
        with pytest.raises(DataError, match="refused"):
            exchange.control.set_faults(rule)


def test_the_request_log_has_everything_but_the_keys(exchange, call):
    exchange.control.set_faults({"action": "drop_before", "path": "clock"})
    call("POST", "/v2/orders", json={**BUY, "client_order_id": "logged"})
    with pytest.raises(requests.ConnectionError):
        call("GET", "/v2/clock")
    call("GET", "/v2/orders?status=all")
    log = exchange.control.requests()
    assert [(line["method"], line["path"], line["status"], line["fault"]) for line in log] == [
        ("POST", "/v2/orders", 200, ""),
        ("GET", "/v2/clock", None, "drop_before"),
        ("GET", "/v2/orders", 200, ""),
    ]
    assert json.loads(log[0]["body"])["client_order_id"] == "logged"
    assert log[2]["query"] == "status=all"
    files = [path.read_bytes() for path in exchange.home.iterdir() if path.name != "exchange.json"]
    assert all(exchange.address.secret_key.encode() not in content for content in files)


def test_assets_can_be_frozen(exchange, call):
    exchange.control.set_asset("SPY", fractionable=False)
    assert call("GET", "/v2/assets/SPY").json()["fractionable"] is False
    refused = call("POST", "/v2/orders", json={**BUY, "qty": "0.5"})
    assert refused.json()["message"] == 'asset "SPY" is not fractionable'
    for symbol, change in (("SPY", {"status": "odd"}), ("ZZZZ", {"tradable": False})):
        with pytest.raises(DataError):
            exchange.control.set_asset(symbol, **change)


def test_the_clock_is_refused_where_the_prices_end(exchange):
    with pytest.raises(DataError, match="prices end on 2016-07-01"):
        exchange.control.advance("2016-07-05T10:00:00-04:00")
    assert exchange.control.advance("2016-07-01T10:00:00-04:00")["is_open"]
    with pytest.raises(DataError, match="prices end on 2016-07-01"):
        exchange.control.advance("next_week")


def test_a_year_of_weeks_keeps_the_books(exchange, call):
    for week in range(52):
        call("POST", "/v2/orders", json={**BUY, "qty": "1", "client_order_id": f"week-{week}"})
        exchange.control.advance("next_week")
    account, (position,) = call("GET", "/v2/account").json(), call("GET", "/v2/positions").json()
    assert position["qty"] == "52"
    assert Decimal(account["cash"]) + Decimal(account["long_market_value"]) == Decimal(account["equity"])
    assert exchange.control.state()["session"] == "2016-05-31"
