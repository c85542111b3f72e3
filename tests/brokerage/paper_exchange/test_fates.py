"""What can be in store for an order, and the record that is kept of everything that happened to it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from brokerage.paper_exchange.fates import Fate, begin, read_fate

D = Decimal


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("", Fate()),
        ("hold", Fate(kind="hold")),
        ("reject:halted: news pending", Fate(kind="reject", reason="halted: news pending")),
        ("partial:0.25:cancel", Fate(kind="partial", fraction=D("0.25"), then="cancel")),
        ("slow:2.5", Fate(kind="slow", seconds=2.5)),
    ],
)
def test_a_fate_is_read_from_its_text(text, fate):
    assert read_fate(text) == fate


@pytest.mark.parametrize(
    "text",
    [
        "luck",
        "reject",
        "reject:",
        "partial:0.5",
        "partial:1:hold",
        "partial:x:hold",
        "partial:nan:hold",
        "partial:0.5:later",
        "slow:soon",
        "slow:-1",
        "slow:inf",
    ],
)
def test_a_text_that_spells_no_fate_is_refused(text):
    with pytest.raises(ValueError, match=r"fate|fraction|time|float"):
        begin(text)


def events(book, order) -> list[str]:
    rows = book.store.rows("SELECT name FROM event WHERE order_id = ? ORDER BY seq", order.id)
    return [row["name"] for row in rows]


def test_a_rejection_may_come_after_the_order_was_taken(book, send):
    order = send(qty="1", fate="reject:venue closed")
    assert (order.status, book.order(order.id).status) == ("pending_new", "rejected")
    assert book.account().cash == 100_000
    assert events(book, order) == ["pending_new", "rejected"]


def test_a_partial_fill_holds_the_rest_until_it_is_cancelled(book, send):
    order = send(qty="10", fate="partial:0.4:hold")
    partial = book.order(order.id)
    assert (partial.status, partial.filled_qty) == ("partially_filled", 4)
    assert book.account().holding("SPY").qty == 4
    assert book.account().reserved == (6 * book.tape.quote("SPY", book.now).ask).quantize(D("0.01"))
    book.cancel(order.id)
    book.settle()
    assert (book.order(order.id).status, book.order(order.id).filled_qty) == ("canceled", 4)
    assert events(book, order) == ["pending_new", "new", "partial_fill", "pending_cancel", "canceled"]


def test_the_rest_of_a_partial_fill_may_be_cancelled_by_the_exchange_or_follow_later(book, send):
    cut, continued = (send(qty="10", fate=f"partial:0.4:{then}") for then in ("cancel", "continue"))
    assert (book.order(cut.id).status, book.order(cut.id).filled_qty) == ("canceled", 4)
    assert events(book, continued) == ["pending_new", "new", "partial_fill"]
    book.settle()
    assert (book.order(continued.id).status, book.order(continued.id).filled_qty) == ("filled", 10)
    assert events(book, continued)[-2:] == ["partial_fill", "fill"]


def test_a_cancel_may_stay_pending_for_ever(book, send):
    order = send(qty="1", fate="stuck_pending_cancel")
    assert book.order(order.id).status == "new"
    book.cancel(order.id)
    for _ in range(3):
        book.settle()
    assert book.order(order.id).status == "pending_cancel"
    book.advance("close")
    assert book.order(order.id).status == "expired"


def test_a_cancel_may_race_with_the_fill_and_lose(book, send):
    order = send(qty="1", fate="fill_on_cancel")
    assert book.order(order.id).status == "new"
    book.cancel(order.id)
    book.settle()
    assert book.order(order.id).status == "filled"
    assert events(book, order) == ["pending_new", "new", "pending_cancel", "fill"]


def test_a_slow_order_fills_when_either_clock_has_passed_its_time(book, send):
    slow, quick = send(qty="1", fate="slow:3600"), send(qty="1", fate="slow:0")
    assert (book.order(slow.id).status, book.order(quick.id).status) == ("new", "filled")
    book.advance("2015-06-01T11:00:00-04:00")
    assert book.order(slow.id).status == "filled"


def test_an_event_carries_the_order_as_it_was_and_the_position_after_its_fill(book, send):
    send(qty="2")
    order = send(qty="10", fate="partial:0.4:hold")
    rows = book.store.rows("SELECT * FROM event WHERE order_id = ? ORDER BY seq", order.id)
    bodies = [json.loads(row["body"]) for row in rows]
    assert [body["status"] for body in bodies] == ["pending_new", "new", "partially_filled"]
    assert [body["filled_qty"] for body in bodies] == ["0", "0", "4"]
    fill = rows[-1]
    assert (D(fill["qty"]), D(fill["position_qty"])) == (4, 6)
    assert D(fill["price"]) == book.tape.quote("SPY", book.now).ask
    assert fill["execution_id"] == book.store.rows("SELECT id FROM fill ORDER BY seq")[-1]["id"]
    assert [row["execution_id"] for row in rows[:-1]] == [None, None]
