"""Every answer is what Alpaca's own OpenAPI documents say, for sensible requests and for nonsense."""

from __future__ import annotations

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.conformance.official import schema

pytestmark = pytest.mark.integration

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
REFUSALS = {400, 401, 403, 404, 422, 429}
"""Statuses of a refusal; the trading document names few of them, the error catalogue all."""
EXAMPLES = 12
KNOWN = {
    "symbol": "SPY",
    "symbols": "SPY,IEF",
    "symbol_or_asset_id": "SPY",
    "timeframe": "1Day",
    "market": "NYSE",
}
"""Values without which a random request gets no further than the first check."""

BUY = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"}
LIMIT = {**BUY, "symbol": "TLT", "type": "limit", "limit_price": "50", "qty": "1"}
BARS = {"timeframe": "1Day", "start": "2015-05-01T00:00:00Z"}


class Exchange:
    """Calls by operation of the documents, each checked against what the documents say of it."""

    def __init__(self, running) -> None:
        address = running.address
        self.url = address.url
        self.keys = {"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key}
        self.session = requests.Session()
        self.session.trust_env = False
        self.documents = {name: schema(name) for name in ("trading-api", "market-data-api")}

    def __call__(self, method: str, path: str, *, query=None, body=None, **names):
        document = self.documents[
            "market-data-api" if path.startswith(("/v1/", "/v2/stocks/")) else "trading-api"
        ]
        more = {} if body is None else {"body": body, "media_type": "application/json"}
        case = document[path][method].Case(path_parameters=names, query=query or {}, **more)
        return self.check(case)

    def check(self, case):
        answer = case.call(base_url=self.url, headers=self.keys, session=self.session)
        if answer.status_code not in REFUSALS:
            case.validate_response(answer, checks=CHECKS, headers=self.keys)
        return answer


def busy(running) -> Exchange:
    """Calls on an account in which something of every kind has happened."""
    call, control = Exchange(running), running.control
    control.set_options(live_like=True)
    control.add_corporate_action(type="cash_dividend", symbol="SPY", ex_date="2015-06-02", rate="0.5")
    control.add_corporate_action(type="forward_split", symbol="IEF", ex_date="2015-06-02", new_rate=2)
    for order in (
        {**BUY, "qty": "3"},
        {**BUY, "symbol": "IEF", "notional": "500"},
        LIMIT,
        {**LIMIT, "time_in_force": "gtc"},
    ):
        assert call("POST", "/v2/orders", body=order).status_code == 200
    control.advance("next_session")
    return call


@pytest.fixture(scope="module")
def call(shared_exchange) -> Exchange:
    return busy(shared_exchange)


def test_an_orders_life_is_as_documented(call):
    order = call("POST", "/v2/orders", body={**LIMIT, "client_order_id": "documented"}).json()
    assert call("GET", "/v2/orders/{order_id}", order_id=order["id"]).status_code == 200
    assert (
        call("GET", "/v2/orders:by_client_order_id", query={"client_order_id": "documented"}).status_code
        == 200
    )
    replaced = call("PATCH", "/v2/orders/{order_id}", order_id=order["id"], body={"limit_price": "51"}).json()
    assert replaced["replaces"] == order["id"]
    assert call("DELETE", "/v2/orders/{order_id}", order_id=replaced["id"]).status_code == 204
    assert {order["status"] for order in call("GET", "/v2/orders", query={"status": "all"}).json()} >= {
        "replaced",
        "canceled",
    }


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        ("/v2/account", {}, {}),
        ("/v2/account/configurations", {}, {}),
        ("/v2/account/activities", {}, {}),
        ("/v2/account/activities", {"category": "trade_activity", "direction": "asc"}, {}),
        ("/v2/account/activities/{activity_type}", {}, {"activity_type": "FILL"}),
        ("/v2/account/activities/{activity_type}", {}, {"activity_type": "DIV"}),
        ("/v2/account/portfolio/history", {"period": "1W", "timeframe": "1D"}, {}),
        ("/v2/clock", {}, {}),
        ("/v2/calendar", {"start": "2015-11-25T00:00:00Z", "end": "2015-11-28T00:00:00Z"}, {}),
        ("/v2/assets", {"status": "active"}, {}),
        ("/v2/assets/{symbol_or_asset_id}", {}, {"symbol_or_asset_id": "SPY"}),
        ("/v2/orders", {"status": "open", "symbols": "TLT"}, {}),
        ("/v2/positions", {}, {}),
        ("/v2/positions/{symbol_or_asset_id}", {}, {"symbol_or_asset_id": "SPY"}),
        ("/v3/clock", {"markets": "NYSE"}, {}),
        ("/v3/calendar/{market}", {"start": "2015-11-25", "end": "2015-11-28"}, {"market": "NYSE"}),
        ("/v2/stocks/bars", {**BARS, "symbols": "SPY,IEF", "limit": 5, "adjustment": "all"}, {}),
        ("/v2/stocks/{symbol}/bars", BARS, {"symbol": "SPY"}),
        ("/v2/stocks/quotes/latest", {"symbols": "SPY,IEF", "currency": "USD"}, {}),
        ("/v2/stocks/trades/latest", {"symbols": "SPY,IEF"}, {}),
        ("/v2/stocks/bars/latest", {"symbols": "SPY,IEF"}, {}),
        ("/v2/stocks/snapshots", {"symbols": "SPY,IEF"}, {}),
        ("/v2/stocks/{symbol}/quotes/latest", {}, {"symbol": "SPY"}),
        ("/v2/stocks/{symbol}/trades/latest", {}, {"symbol": "SPY"}),
        ("/v2/stocks/{symbol}/bars/latest", {}, {"symbol": "SPY"}),
        ("/v2/stocks/{symbol}/snapshot", {}, {"symbol": "SPY"}),
        ("/v1/corporate-actions", {"start": "2015-06-01", "end": "2015-06-30"}, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_asked_sensibly_is_answered_as_documented(call, path, query, names):
    answer = call("GET", path, query=query, **names)
    assert answer.status_code == 200, answer.content
    assert answer.json()


def test_whatever_is_asked_is_answered_as_documented_or_refused(exchange):
    call = busy(exchange)
    for document in call.documents.values():
        for found in document.get_all_operations():

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
            @given(case=found.ok().as_strategy(), known=booleans())
            def ask(case, known):
                case.headers.pop("Authorization", None)
                for names in (case.path_parameters, case.query) if known else ():
                    names.update({name: KNOWN[name] for name in names.keys() & KNOWN.keys()})
                call.check(case)

            ask()
    assert exchange.control.violations() == []


def test_positions_are_closed_as_documented(exchange):
    call = busy(exchange)
    assert call("DELETE", "/v2/orders").status_code == 207
    one = call("DELETE", "/v2/positions/{symbol_or_asset_id}", query={"qty": "1"}, symbol_or_asset_id="SPY")
    assert one.json()["qty"] == "1"
    assert call("DELETE", "/v2/positions", query={"cancel_orders": "true"}).status_code == 207
