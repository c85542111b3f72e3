"""Whatever can go wrong between a client and Alpaca goes wrong here when a test says so, and only then."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
import requests
from pydantic import ValidationError

from brokerage.paper_exchange.fault_rule import Call, FaultRule
from brokerage.paper_exchange.faults import Faults
from brokerage.paper_exchange.incidents import strike
from brokerage.paper_exchange.lies import distort
from brokerage.paper_exchange.refusal import Refusal

BUY = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
NOON = dt.datetime(2015, 6, 1, 16, tzinfo=dt.UTC)


def call(method="GET", path="/v2/clock", *, symbols=(), client_order_id="", query="", at=NOON):
    return Call(method, path, query, "", frozenset(symbols), client_order_id, at)


def switchboard(*rules):
    faults = Faults()
    faults.set([FaultRule(**rule) for rule in rules])
    return faults


def acts(faults, times, **about):
    return [bool(faults.take(call(**about))) for _ in range(times)]


def test_a_rule_acts_from_its_nth_match_on_every_so_many_and_so_often():
    faults = switchboard({"action": "status", "nth": 2, "every": 3, "times": 2})
    assert acts(faults, 9) == [False, True, False, False, True, False, False, False, False]
    (state,) = faults.state()
    assert (state["matches"], state["acted"]) == (9, 2)


def test_chance_is_the_same_each_time_and_another_with_another_seed():
    once, again, other = (
        acts(switchboard({"action": "status", "prob": 0.3, "seed": seed, "times": None}), 200)
        for seed in (1, 1, 2)
    )
    assert once == again != other
    assert 30 < sum(once) < 90


def test_a_rule_singles_out_symbol_order_query_and_virtual_time():
    rule = {"action": "status", "times": None}
    assert acts(switchboard({**rule, "symbol": "SPY"}), 1, symbols=["TLT", "SPY"]) == [True]
    assert acts(switchboard({**rule, "symbol": "SPY"}), 1, symbols=["TLT"]) == [False]
    assert acts(switchboard({**rule, "client_order_id": "-S-"}), 1, client_order_id="w23-S-TLT") == [True]
    assert acts(switchboard({**rule, "client_order_id": "-S-"}), 1) == [False]
    assert acts(switchboard({**rule, "query": "page_token"}), 1, query="limit=1") == [False]
    assert acts(switchboard({**rule, "after_time": NOON}), 1) == [True]
    assert acts(switchboard({**rule, "after_time": NOON + dt.timedelta(seconds=1)}), 1) == [False]


def test_of_rules_of_one_kind_the_first_acts_and_the_others_wait():
    faults = switchboard(
        {"action": "status"}, {"action": "delay"}, {"action": "halt", "symbol": "SPY"}, {"action": "ws_drop"}
    )
    kinds = [{kind: rule.action for kind, rule in faults.take(call()).items()} for _ in range(3)]
    assert kinds == [{"answer": "status", "incident": "halt"}, {"answer": "delay"}, {}]
    assert {kind: rule.action for kind, rule in faults.take(call("WS", "/stream")).items()} == {
        "stream": "ws_drop"
    }


@pytest.mark.parametrize(
    ("rule", "fate"),
    [
        ({"action": "reject_async", "reason": "halted"}, "reject:halted"),
        ({"action": "never_fill"}, "hold"),
        ({"action": "partial", "fraction": "0.25", "then": "cancel"}, "partial:0.25:cancel"),
        ({"action": "stuck_pending_cancel"}, "stuck_pending_cancel"),
        ({"action": "fill_on_cancel"}, "fill_on_cancel"),
        ({"action": "slow", "seconds": 90}, "slow:90"),
    ],
)
def test_what_is_in_store_for_an_order_belongs_to_its_post_alone(rule, fate):
    faults = switchboard(rule)
    assert faults.take(call("DELETE", "/v2/orders")) == {}
    assert faults.take(call("POST", "/v2/orders"))["fate"].fate == fate


BARS = {"bars": {"SPY": [{"t": 1, "c": 10.0}, {"t": 2, "c": 20.0}], "TLT": [{"t": 2, "c": 5.0}]}}
SNAPSHOT = {
    "SPY": {"latestQuote": {"ap": 2, "bp": 1}, "dailyBar": {"c": 2.0, "v": 9}},
    "TLT": {"x": {"c": 1.0}},
}


@pytest.mark.parametrize(
    ("rule", "true", "told"),
    [
        (
            {"action": "unknown_enum", "field": "status", "value": "odd"},
            [{"status": "new"}],
            [{"status": "odd"}],
        ),
        ({"action": "missing_field", "field": "qty"}, [{"qty": "1", "id": "x"}], [{"id": "x"}]),
        ({"action": "extra_field", "field": "moon", "value": 1}, {"id": "x"}, {"id": "x", "moon": 1}),
        ({"action": "extra_field", "field": "moon", "value": 1}, {"bars": {}}, {"bars": {}}),
        ({"action": "empty_page_token"}, {"next_page_token": None}, {"next_page_token": ""}),
        ({"action": "symbol_missing", "symbol": "SPY"}, BARS, {"bars": {"TLT": [{"t": 2, "c": 5.0}]}}),
        (
            {"action": "symbol_missing", "symbol": "SPY"},
            [{"symbol": "SPY"}, {"symbol": "TLT"}],
            [{"symbol": "TLT"}],
        ),
        ({"action": "quote_zero"}, {"quote": {"ap": 2, "bp": 1}}, {"quote": {"ap": 0, "bp": 0}}),
        (
            {"action": "price_spike", "factor": 10, "symbol": "SPY"},
            SNAPSHOT,
            {
                "SPY": {"latestQuote": {"ap": 20, "bp": 10}, "dailyBar": {"c": 20.0, "v": 9}},
                "TLT": {"x": {"c": 1.0}},
            },
        ),
        (
            {"action": "price_spike", "factor": 10},
            BARS,
            {"bars": {"SPY": [{"t": 1, "c": 10.0}, {"t": 2, "c": 200.0}], "TLT": [{"t": 2, "c": 50.0}]}},
        ),
        (
            {"action": "stale_bars", "symbol": "SPY"},
            BARS,
            {"bars": {**BARS["bars"], "SPY": [{"t": 1, "c": 10.0}]}},
        ),
        ({"action": "stale_bars", "sessions": 2}, BARS, {"bars": {"SPY": [], "TLT": []}}),
        ({"action": "stale_bars"}, {"bars": None}, {"bars": None}),
        (
            {"action": "clock_skew", "skew": -60},
            {"timestamp": "2015-06-01T10:00:00-04:00"},
            {"timestamp": "2015-06-01T09:59:00-04:00"},
        ),
    ],
)
def test_a_lie_changes_what_it_says_and_nothing_else(rule, true, told):
    assert distort(FaultRule(**rule), json.loads(json.dumps(true))) == told


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"action": "missing_field"}, "missing_field needs field"),
        ({"action": "halt"}, "halt needs symbol"),
        ({"action": "explode"}, "action"),
        ({"action": "delay", "nht": 2}, "did you mean 'nth'"),
    ],
)
def test_a_rule_that_cannot_act_is_refused(rule, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        FaultRule(**rule)


@pytest.fixture(scope="module")
def wire(shared_exchange):
    """Bare HTTP with the account's keys and short patience; rules are set through ``wire.faults``."""
    session = requests.Session()
    session.trust_env = False
    address = shared_exchange.address
    session.headers.update({"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key})

    def send(method, path, **more):
        return session.request(method, address.url + path, timeout=0.7, allow_redirects=False, **more)

    send.faults = shared_exchange.control.set_faults
    send.log = shared_exchange.control.requests
    return send


def order(wire, name):
    return wire("POST", "/v2/orders", json={**BUY, "client_order_id": name})


def exists(wire, name):
    wire.faults()
    return wire("GET", f"/v2/orders:by_client_order_id?client_order_id={name}").status_code == 200


@pytest.mark.integration
@pytest.mark.parametrize(
    ("action", "error", "committed"),
    [
        ("drop_before", requests.ConnectionError, False),
        ("reset_before", requests.ConnectionError, False),
        ("hang", requests.ReadTimeout, False),
        ("drop_after_commit", requests.ConnectionError, True),
        ("reset_after_commit", requests.ConnectionError, True),
        ("hang_after_commit", requests.ReadTimeout, True),
        ("truncate_body", requests.exceptions.ChunkedEncodingError, True),
    ],
)
def test_without_a_whole_answer_the_order_is_there_or_not_as_the_action_says(wire, action, error, committed):
    wire.faults({"action": action, "method": "POST"})
    with pytest.raises(error) as caught:
        order(wire, action)
    assert ("reset by peer" in str(caught.value)) == action.startswith("reset")
    assert exists(wire, action) is committed
    (line,) = [line for line in wire.log() if line["fault"] == action]
    assert line["status"] == (200 if committed else None)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("rule", "status", "committed"),
    [
        ({"action": "status", "status": 503, "answer": "<html>"}, 503, False),
        ({"action": "redirect"}, 302, False),
        ({"action": "status_after_commit", "status": 504}, 504, True),
        ({"action": "bad_json"}, 200, True),
        ({"action": "empty_200"}, 200, True),
        ({"action": "delay", "seconds": 0.01}, 200, True),
    ],
)
def test_a_useless_answer_leaves_the_order_or_not_as_the_action_says(wire, rule, status, committed):
    name = f"useless-{rule['action']}"
    wire.faults({**rule, "method": "POST"})
    answer = order(wire, name)
    assert answer.status_code == status
    if rule["action"] in ("bad_json", "empty_200"):
        with pytest.raises(requests.JSONDecodeError):
            answer.json()
    assert exists(wire, name) is committed


@pytest.mark.integration
def test_a_status_comes_with_alpacas_body_and_the_headers_asked_for(wire):
    wire.faults({"action": "status", "status": 429, "headers": {"Retry-After": "7"}})
    answer = wire("GET", "/v2/account")
    assert answer.json() == {"code": 42910000, "message": "rate limit exceeded"}
    assert answer.headers["Retry-After"] == "7"


@pytest.mark.integration
def test_a_stale_answer_is_what_the_same_question_was_answered_first(wire):
    wire.faults({"action": "stale_response", "path": "positions", "times": 2})
    before = wire("GET", "/v2/positions").json()
    order(wire, "unseen")
    assert wire("GET", "/v2/positions").json() == before
    assert wire("GET", "/v2/positions").json() != before


@pytest.mark.integration
def test_only_later_pages_fail(wire):
    wire.faults({"action": "page_500", "times": None})
    query = "/v2/stocks/bars?symbols=SPY&timeframe=1Day&start=2015-05-01&limit=5"
    first = wire("GET", query)
    assert first.status_code == 200
    assert wire("GET", f"{query}&page_token={first.json()['next_page_token']}").status_code == 500


@pytest.mark.integration
def test_a_repeated_page_token_leads_back_to_the_first_page(wire):
    wire.faults({"action": "repeat_page_token", "times": None})
    query = "/v2/stocks/bars?symbols=SPY&timeframe=1Day&start=2015-05-01"
    first = wire("GET", query).json()
    assert wire("GET", f"{query}&page_token={first['next_page_token']}").json() == first


@pytest.mark.integration
def test_an_order_is_singled_out_by_what_its_id_stands_for(wire):
    wire.faults()
    made = order(wire, "singled-out").json()
    wire.faults({"action": "unknown_enum", "field": "status", "client_order_id": "singled", "method": "GET"})
    assert wire("GET", f"/v2/orders/{made['id']}").json()["status"] == "something_new"


@pytest.fixture
def struck(book, send):
    def strike_then_send(**rule):
        strike(book, FaultRule(**rule))
        return send(qty="1")

    return strike_then_send


def test_a_halted_symbol_takes_orders_and_fills_none(book, struck):
    assert book.order(struck(action="halt", symbol="SPY").id).status == "new"
    book.advance("close")
    assert book.orders("all")[0].status == "expired"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"action": "untradable", "symbol": "SPY"}, "is not tradable"),
        ({"action": "block_account", "field": "trading_blocked"}, "account is not authorized to trade"),
        ({"action": "block_account", "field": "account_blocked"}, "account is not authorized to trade"),
        (
            {"action": "block_account", "field": "status", "value": "ACCOUNT_CLOSED_PENDING"},
            "account is not authorized to trade",
        ),
    ],
)
def test_an_incident_lasts_and_orders_are_refused_with_alpacas_words(book, struck, rule, said):
    with pytest.raises(Refusal, match=said):
        struck(**rule)
    assert book.orders("all") == []


def test_a_symbol_that_lost_fractions_still_takes_whole_shares(struck, send):
    struck(action="lose_fractionable", symbol="SPY")
    with pytest.raises(Refusal, match="is not fractionable"):
        send(qty="0.5")


@pytest.mark.integration
def test_a_blocked_account_says_so(wire):
    wire.faults({"action": "block_account", "field": "trading_blocked", "path": "account"})
    assert wire("GET", "/v2/account").json()["trading_blocked"] is True
