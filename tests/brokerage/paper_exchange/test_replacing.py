"""Replacing an order: a new one in its place, or everything stays as it was."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from brokerage.paper_exchange.refusal import Refusal

D = Decimal


@pytest.fixture
def resting(send):
    """A buy of 100 SPY at 150 that does not fill."""
    return send(type="limit", limit_price="150", qty="100", client_order_id="first")


def test_the_successor_keeps_what_was_not_changed_and_both_name_each_other(book, resting):
    answered = book.replace(resting.id, {"limit_price": "160", "qty": "80", "client_order_id": "second"})
    book.settle()
    old, new = book.order(resting.id), book.order("second", "client_order_id")
    assert (old.status, old.replaced_by, new.replaces, new.id) == ("replaced", new.id, old.id, answered.id)
    assert old.replaced_at == new.created_at
    assert (new.status, new.limit_price, new.qty, new.type, new.time_in_force) == (
        "new",
        160,
        80,
        "limit",
        "day",
    )
    assert book.account().reserved == 80 * 160
    names = [row["name"] for row in book.store.rows("SELECT name FROM event ORDER BY seq")]
    assert names == ["pending_new", "new", "pending_replace", "pending_new", "replaced", "new"]


def test_a_successor_that_reaches_the_market_fills(book, resting):
    successor = book.replace(resting.id, {"limit_price": "300"})
    book.settle()
    assert book.order(successor.id).filled_qty == 100


def test_without_a_size_the_successor_takes_what_is_left(book, send):
    order = send(type="limit", limit_price="300", qty="100", fate="partial:0.4:hold")
    successor = book.replace(order.id, {"limit_price": "301"})
    book.settle()
    assert (book.order(order.id).status, book.order(order.id).filled_qty) == ("replaced", 40)
    assert book.order(successor.id).filled_qty == 60
    assert book.account().holding("SPY").qty == 100


def test_money_that_the_old_order_reserved_is_there_for_the_new_one(book, send):
    order = send(type="limit", limit_price="100", qty="900")
    book.replace(order.id, {"qty": "999"})
    book.settle()
    with pytest.raises(Refusal, match="insufficient buying power"):
        book.replace(book.orders("open")[0].id, {"qty": "1001"})
    (still,) = book.orders("open")
    assert (still.qty, still.status) == (999, "new")


def test_a_refused_change_leaves_no_trace(book, resting):
    before = [tuple(row) for row in book.store.rows("SELECT * FROM event")]
    for change in (
        {"qty": "0"},
        {"limit_price": "150.123"},
        {"trail": "5"},
        {"time_in_force": "sometimes"},
        {"client_order_id": "first"},
        {},
        {"limit_price": "150"},
    ):
        with pytest.raises(Refusal) as refusal:
            book.replace(resting.id, change)
        assert refusal.value.status == 422, change
    assert [tuple(row) for row in book.store.rows("SELECT * FROM event")] == before
    assert book.order(resting.id) == book.orders("open")[0]


def test_a_trail_is_changed_in_its_own_unit(book, send):
    send(qty="10")
    order = send(side="sell", qty="10", type="trailing_stop", trail_percent="5", time_in_force="gtc")
    successor = book.replace(order.id, {"trail": "3"})
    assert (successor.trail_percent, successor.trail_price) == (3, None)


def test_what_is_notional_queued_or_done_cannot_be_replaced(book, send):
    done, notional = send(qty="1"), send(notional="100", fate="hold")
    book.advance("close")
    queued = send(qty="1")
    for order, words in (
        (done, 'order is already in "filled" state'),
        (queued, "cannot replace order in accepted status"),
    ):
        with pytest.raises(Refusal, match=words):
            book.replace(order.id, {"qty": "2"})
    with pytest.raises(Refusal, match="already in"):
        book.replace(notional.id, {"qty": "2"})


def test_a_notional_order_cannot_be_replaced(book, send):
    order = send(notional="100", fate="hold")
    with pytest.raises(Refusal, match="notional orders cannot be replaced"):
        book.replace(order.id, {"qty": "2"})


def test_the_record_shows_the_order_as_it_is_served(book, resting):
    successor = book.replace(resting.id, {"qty": "10"})
    body = json.loads(book.store.rows("SELECT body FROM event WHERE name = 'replaced'")[0]["body"])
    assert (body["status"], body["replaced_by"], D(body["qty"])) == ("replaced", successor.id, 100)
