"""Stops, auctions, immediate orders, collars: when each kind of order trades and at which price."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.sessions import Sessions, at
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings

D = Decimal
MONDAY, TUESDAY = dt.date(2015, 6, 1), dt.date(2015, 6, 2)


@pytest.fixture
def hilly(tmp_path):
    """AAA opens at 100 each day, goes to 110, falls to 90 and closes at 100, or the other way round."""
    file = tmp_path / "hills.csv"
    days = ("2015-05-29", "2015-06-01", "2015-06-02", "2015-06-03", "2015-06-04")
    rows = [f"AAA,{day},100,110,90,100,1000\n" for day in days] + ["AAA,2015-06-05,150,150,150,150,1000\n"]
    file.write_text("symbol,session,open,high,low,close,volume\n" + "".join(rows))
    settings = ExchangeSettings(start=MONDAY, spread_bps=0, cash=D(50_000))
    book = open_book(tmp_path / "exchange.sqlite", settings, file)
    yield book
    book.store.close()


def send(book, **members):
    request = {"symbol": "AAA", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"} | members
    order = book.submit(parse_ticket(request))
    book.settle()
    return order


def test_a_stop_rests_until_the_price_reaches_it_and_then_trades_at_the_market(hilly):
    buy, far = (send(hilly, type="stop", stop_price=price) for price in ("108", "111"))
    assert [hilly.order(order.id).status for order in (buy, far)] == ["new", "new"]
    hilly.advance("close")
    assert hilly.order(buy.id).filled_avg_price == 108
    assert hilly.order(far.id).status == "expired"


def test_a_stop_that_the_open_has_passed_trades_at_the_open(hilly):
    order = send(hilly, type="stop", stop_price="120", time_in_force="gtc")
    hilly.advance("2015-06-05T10:00:00-04:00")
    assert hilly.order(order.id).filled_avg_price == 150
    assert hilly.order(order.id).filled_at == at(dt.date(2015, 6, 5), dt.time(9, 30))


def test_a_stop_limit_becomes_a_limit_when_the_stop_is_reached(hilly):
    within = send(hilly, type="stop_limit", stop_price="108", limit_price="109")
    beyond = send(hilly, type="stop_limit", stop_price="120", limit_price="121", time_in_force="gtc")
    hilly.advance("close")
    assert hilly.order(within.id).filled_avg_price == 108
    hilly.advance("2015-06-05T10:00:00-04:00")
    triggered = hilly.order(beyond.id)
    assert (triggered.triggered, triggered.status) == (True, "new")  # 150 is beyond its limit


@pytest.mark.parametrize(("trail", "paid"), [({"trail_price": "15"}, 95), ({"trail_percent": "10"}, 99)])
def test_a_trailing_stop_follows_the_best_price_at_its_distance(hilly, trail, paid):
    send(hilly)
    order = send(hilly, side="sell", type="trailing_stop", time_in_force="gtc", **trail)
    early = hilly.order(order.id)
    assert early.hwm == hilly.tape.quote("AAA", hilly.now).last
    assert early.stop_price == pytest.approx(
        early.hwm - 15 if "trail_price" in trail else early.hwm * D("0.9")
    )
    hilly.advance("2015-06-04T16:00:00-04:00")
    done = hilly.order(order.id)
    assert (done.status, done.hwm, done.stop_price, done.filled_avg_price) == ("filled", 110, paid, paid)


def test_opening_and_closing_auctions_trade_at_their_prices_and_at_no_other_time(hilly):
    closing = send(hilly, time_in_force="cls")
    assert hilly.order(closing.id).status == "new"
    hilly.advance("close")
    assert hilly.order(closing.id).filled_at == at(MONDAY, dt.time(16))
    hilly.advance("2015-06-01T20:00:00-04:00")
    opening = send(hilly, time_in_force="opg")
    missed = send(hilly, time_in_force="opg", type="limit", limit_price="99")
    hilly.advance("next_session")
    assert hilly.order(opening.id).filled_at == at(TUESDAY, dt.time(9, 30))
    assert hilly.order(opening.id).filled_avg_price == hilly.order(closing.id).filled_avg_price == 100
    assert hilly.order(missed.id).status == "canceled"


@pytest.mark.parametrize(
    ("time", "tif", "taken"),
    [
        ("09:27", "opg", True),
        ("09:28", "opg", False),
        ("18:59", "opg", False),
        ("19:00", "opg", True),
        ("15:49", "cls", True),
        ("15:50", "cls", False),
        ("19:00", "cls", True),
    ],
)
def test_auctions_take_orders_only_in_time(hilly, time, tif, taken):
    hilly.advance(f"2015-06-02T{time}:00-04:00")
    if taken:
        assert send(hilly, time_in_force=tif).status in ("accepted", "pending_new")
    else:
        with pytest.raises(Refusal, match=f"{tif} orders must be submitted"):
            send(hilly, time_in_force=tif)


def test_immediate_orders_trade_at_once_or_never(hilly):
    ticket = {"symbol": "AAA", "side": "buy", "type": "market", "qty": D(10)}
    filled, cut, killed = (
        hilly.submit(parse_ticket(ticket | {"time_in_force": tif}), fate)
        for tif, fate in (("ioc", ""), ("ioc", "partial:0.5:hold"), ("fok", "partial:0.5:hold"))
    )
    hilly.settle()
    resting = send(hilly, time_in_force="ioc", type="limit", limit_price="50")
    states = [
        (hilly.order(o.id).status, hilly.order(o.id).filled_qty) for o in (filled, cut, killed, resting)
    ]
    assert states == [("filled", 10), ("canceled", 5), ("canceled", 0), ("canceled", 0)]


def test_a_queued_market_order_never_pays_beyond_its_collar(hilly):
    hilly.advance("2015-06-04T17:00:00-04:00")
    order = send(hilly)
    hilly.advance("next_session")
    assert (hilly.order(order.id).status, hilly.order(order.id).collar) == ("new", 105)
    hilly.advance("close")
    assert hilly.order(order.id).status == "expired"
    assert hilly.account().cash == 50_000


def test_a_gtc_order_is_cancelled_after_ninety_days(tmp_path):
    days = Sessions().between(dt.date(2015, 6, 1), dt.date(2015, 9, 8))
    rows = "".join(f"AAA,{day},100\n" for day in days)
    (tmp_path / "flat.csv").write_text("symbol,session,close\n" + rows)
    book = open_book(tmp_path / "exchange.sqlite", ExchangeSettings(), tmp_path / "flat.csv")
    order = send(book, type="limit", limit_price="50", time_in_force="gtc")
    book.advance("2015-08-31T12:00:00-04:00")
    assert book.order(order.id).status == "new"
    book.advance("next_session")
    assert book.order(order.id).status == "canceled"
    assert book.order(order.id).canceled_at == at(dt.date(2015, 8, 31), dt.time(16))
