"""Every refusal has Alpaca's status, code and words, and comes in Alpaca's order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.ticket import parse_json, parse_ticket

D = Decimal

MALFORMED = [
    ({"symbol": None}, "symbol is required"),
    ({"symbol": 5}, "symbol must be a string"),
    ({"side": "hold"}, "invalid side"),
    ({"type": "magic"}, "invalid order type"),
    ({"time_in_force": "never"}, "invalid time_in_force"),
    ({}, "qty or notional is required"),
    ({"qty": "1", "notional": "5"}, "only one of qty or notional is accepted"),
    ({"qty": D(0)}, "qty must be > 0"),
    ({"qty": D(-1)}, "qty must be > 0"),
    ({"notional": "-5"}, "notional must be > 0"),
    ({"qty": "lots"}, "invalid qty"),
    ({"qty": "nan"}, "invalid qty"),
    ({"qty": "1e300"}, "invalid qty"),
    ({"qty": True}, "invalid qty"),
    ({"qty": "1", "client_order_id": "x" * 129}, "client_order_id must be no more than 128 characters"),
    ({"qty": "1", "limit_price": "50"}, "market orders require no stop or limit price"),
    ({"qty": "1", "stop_price": "50"}, "market orders require no stop or limit price"),
    ({"qty": "1", "type": "limit"}, "limit orders require a limit price"),
    ({"qty": "1", "type": "limit", "limit_price": "0"}, "limit price must be > 0"),
    (
        {"qty": "1", "type": "limit", "limit_price": "9", "stop_price": "9"},
        "limit orders require only limit price",
    ),
    ({"qty": "1", "type": "stop"}, "stop orders require a stop price and no limit price"),
    (
        {"qty": "1", "type": "stop_limit", "stop_price": "9"},
        "stop limit orders require both stop and limit price",
    ),
    (
        {"qty": "1", "type": "trailing_stop", "trail_price": "1", "trail_percent": "1"},
        "trailing stop orders must specify one of trail_price or trail_percent",
    ),
    ({"qty": "1", "trail_price": "1"}, "trail_price and trail_percent are for trailing stop orders only"),
    ({"qty": "1", "order_class": "odd"}, "invalid order_class"),
    ({"qty": "1", "position_intent": "hope"}, "invalid position_intent"),
]

UNPROCESSABLE = [
    ({"qty": "1", "symbol": "ZZZZ"}, 'asset "ZZZZ" not found'),
    ({"qty": "1.5", "time_in_force": "gtc"}, "fractional orders must be DAY orders"),
    ({"notional": "5", "time_in_force": "gtc"}, "fractional orders must be DAY orders"),
    ({"qty": "1.5", "order_class": "bracket"}, "fractional orders must be simple orders"),
    ({"notional": "10.001"}, "notional value must be limited to 2 decimal places"),
    ({"qty": "0.1234567891"}, "qty must be limited to 9 decimal places"),
    ({"qty": D("0.30000000000000004")}, "qty must be limited to 9 decimal places"),
    (
        {"qty": "1", "type": "limit", "limit_price": "290.123"},
        "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
    ),
    ({"qty": "0.5", "side": "sell"}, "fractional orders cannot be sold short"),
    ({"qty": "1", "extended_hours": True}, "extended hours order must be DAY limit orders"),
    (
        {"qty": "1.5", "type": "trailing_stop", "trail_percent": "1"},
        "fractional orders must be market, limit, stop or stop limit orders",
    ),
    (
        {"qty": "1", "type": "trailing_stop", "trail_percent": "1", "time_in_force": "ioc"},
        "trailing stop orders must be DAY or GTC orders",
    ),
    (
        {"qty": "1", "type": "stop", "stop_price": "9", "time_in_force": "cls"},
        "cls orders must be market or limit orders",
    ),
    (
        {"qty": "1", "time_in_force": "opg"},
        "opg orders must be submitted after 7:00pm and before 9:28am",
    ),
    (
        {"qty": "1", "position_intent": "buy_to_close"},
        "position intent mismatch, inferred: buy_to_open, specified: buy_to_close",
    ),
    ({"qty": "1", "order_class": "oco"}, "order class oco is not supported by the loopback exchange"),
]


@pytest.mark.parametrize(("members", "message"), MALFORMED)
def test_a_malformed_request_is_422_40010001(send, book, members, message):
    with pytest.raises(Refusal) as refusal:
        send(**members)
    assert refusal.value.status == 422
    assert refusal.value.body == {"code": 40010001, "message": message}
    assert book.orders("all") == []


@pytest.mark.parametrize(("members", "message"), UNPROCESSABLE)
def test_a_broken_trading_rule_is_422_42210000(send, book, members, message):
    with pytest.raises(Refusal) as refusal:
        send(**members)
    assert refusal.value.status == 422
    assert refusal.value.body == {"code": 42210000, "message": message}
    assert book.orders("all") == []


def forbidden(send, **members) -> dict[str, str]:
    with pytest.raises(Refusal) as refusal:
        send(**members)
    assert refusal.value.status == 403
    assert refusal.value.body.pop("code") == 40310000
    return refusal.value.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'"text"',
        b"\xff",
        b'{"symbol": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"qty": 1e99999999999999999999}',
        b'{"qty": ' + b"[" * 100_000,
    ],
    ids=range(9),
)
def test_a_body_that_is_no_json_object_is_400(body):
    with pytest.raises(Refusal) as refusal:
        parse_json(body)
    assert refusal.value.status == 400
    assert refusal.value.body == {"code": 40010000, "message": "request body format is invalid"}


def test_numbers_are_read_to_their_last_digit():
    content = parse_json(b'{"qty": 0.30000000000000004, "x": 1e-7}')
    assert content == {"qty": D("0.30000000000000004"), "x": D("1e-7")}


def test_a_client_order_id_can_be_used_once_even_when_its_order_is_long_done(send):
    send(qty="1", client_order_id="once")
    with pytest.raises(Refusal) as refusal:
        send(qty="1", symbol="ZZZZ", client_order_id="once")
    assert refusal.value.status == 422
    assert refusal.value.body == {"code": 40010001, "message": "client_order_id must be unique"}


def test_an_inactive_or_untradable_asset(send, book):
    for column, value in (("tradable", 0), ("status", "inactive")):
        with book.store.transaction() as store:
            store.execute(f"UPDATE asset SET {column} = ? WHERE symbol = 'SPY'", (value,))
        with pytest.raises(Refusal, match='asset "SPY" is not tradable'):
            send(qty="1")


def test_a_fraction_of_an_asset_that_is_not_fractionable(send, book):
    with book.store.transaction() as store:
        store.execute("UPDATE asset SET fractionable = 0 WHERE symbol = 'SPY'")
    assert forbidden(send, qty="1.5") == {"message": 'asset "SPY" is not fractionable'}
    assert send(qty="1").status == "pending_new"


def test_suspended_trading_comes_before_the_account_is_looked_at(send, book):
    book.configure({"suspend_trade": True})
    assert forbidden(send, qty="99999") == {"message": "new orders are rejected by user request"}


def test_selling_more_than_is_held(send):
    send(qty="10")
    assert forbidden(send, side="sell", qty="12.5") == {
        "message": "insufficient qty available for order (requested: 12.5, available: 10)",
        "available": "10",
        "existing_qty": "10",
        "held_for_orders": "0",
        "symbol": "SPY",
    }


def test_shares_held_by_an_open_sale_cannot_be_sold_again(send):
    send(qty="10")
    send(side="sell", qty="8", fate="hold")
    body = forbidden(send, side="sell", qty="3")
    assert body["message"] == "insufficient qty available for order (requested: 3, available: 2)"
    assert (body["existing_qty"], body["held_for_orders"]) == ("10", "8")


def test_selling_what_is_not_held_at_all_is_no_short(send):
    assert forbidden(send, side="sell", qty="1")["available"] == "0"


def test_a_notional_sale_of_more_than_the_position_is_worth(send):
    send(notional="1000")
    assert "insufficient qty available" in forbidden(send, side="sell", notional="1001")["message"]


def test_an_open_opposite_order_is_a_potential_wash_trade(send):
    send(qty="10")
    existing = send(qty="1", fate="hold")
    assert forbidden(send, side="sell", qty="1") == {
        "message": "potential wash trade detected. use complex orders",
        "existing_order_id": existing.id,
        "reject_reason": "opposite side market order exists",
    }


def test_at_night_a_notional_buy_waits_for_the_sale_before_it(send, book):
    send(qty="10")
    book.advance("close")
    send(side="sell", qty="1")
    body = forbidden(send, notional="50")
    assert body == {"message": "unable to open new notional orders while having open closing position orders"}
    assert "wash trade" in forbidden(send, qty="1")["message"]


def test_a_stop_on_the_other_side_is_a_potential_wash_trade(send):
    send(qty="10")
    send(side="sell", type="stop", stop_price="100", qty="1")
    assert forbidden(send, qty="1")["reject_reason"] == "opposite side stop order exists"


def test_limits_wash_only_when_they_cross(send):
    send(qty="10")
    send(type="limit", limit_price="150", qty="1")
    assert send(side="sell", type="limit", limit_price="250", qty="1").status == "pending_new"
    body = forbidden(send, side="sell", type="limit", limit_price="150", qty="1")
    assert body["reject_reason"] == "opposite side limit order exists"


def test_an_order_worth_less_than_a_dollar(send):
    assert forbidden(send, notional="0.99") == {"message": "cost basis must be >= minimal amount of order 1"}
    assert send(notional="1").status == "pending_new"


def test_a_remainder_worth_less_than_a_dollar_can_be_sold(send, book):
    send(qty="0.01")
    send(side="sell", qty="0.009")
    send(side="sell", qty="0.001")
    assert book.account().holdings == ()


def test_more_than_the_cash_buys(send, book):
    assert forbidden(send, notional="100000.01") == {
        "message": "insufficient buying power",
        "buying_power": "100000",
        "cost_basis": "100000.01",
    }
    send(notional="100000")
    assert 0 <= book.account().cash < D("0.01")


def test_an_open_buy_reserves_its_cost(send, book):
    send(type="limit", limit_price="100", qty="900")
    assert book.account().buying_power == 10_000
    assert forbidden(send, symbol="TLT", notional="10000.01")["buying_power"] == "10000"


def test_fractions_can_be_switched_off(send, book):
    book.configure({"fractional_trading": False})
    assert "fractional trading" in forbidden(send, qty="1.5")["message"]


def test_of_several_things_wrong_the_first_in_alpacas_order_is_named(send, book):
    send(qty="1", client_order_id="taken")
    book.configure({"suspend_trade": True})
    wrong = {
        "type": "magic",
        "client_order_id": "taken",
        "symbol": "ZZZZ",
        "qty": "1.0123456789",
        "side": "sell",
    }
    repairs = {"type": "market", "client_order_id": "new", "symbol": "SPY", "qty": "2"}
    named = []
    for name, value in repairs.items():
        with pytest.raises(Refusal) as refusal:
            send(**wrong)
        named.append(refusal.value.body["message"])
        wrong[name] = value
    assert named == [
        "invalid order type",
        "client_order_id must be unique",
        'asset "ZZZZ" not found',
        "qty must be limited to 9 decimal places",
    ]
    assert "user request" in forbidden(send, **wrong)["message"]
    book.configure({"suspend_trade": False})
    assert "insufficient qty" in forbidden(send, **wrong)["message"]


def test_a_ticket_keeps_what_was_asked_for():
    ticket = parse_ticket(
        {"symbol": "spy", "side": "buy", "type": "market", "time_in_force": "day", "notional": D("10.50")}
    )
    assert (ticket.symbol, ticket.notional, ticket.fractional) == ("SPY", D("10.50"), True)
