"""The book: orders, cash and holdings, and the only commands that change them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from brokerage.paper_exchange.account import Account, read_account, read_configuration
from brokerage.paper_exchange.checks import check
from brokerage.paper_exchange.events import record
from brokerage.paper_exchange.fates import begin
from brokerage.paper_exchange.matching import deterministic_id, settle
from brokerage.paper_exchange.order import Order, open_orders
from brokerage.paper_exchange.refusal import Refusal, invalid, not_found, unprocessable
from brokerage.paper_exchange.sessions import NEW_YORK, at
from brokerage.paper_exchange.store import Store, get_meta, set_meta
from brokerage.paper_exchange.tape import Tape
from brokerage.paper_exchange.ticket import Ticket

_ARRIVAL = dt.time(10, 0)
"""New York time of day at which the clock arrives in a new session."""

_GOOD_TILL_CANCELED = dt.timedelta(days=90)


class Book:
    """Commands on one exchange; each is one transaction, and queries see only whole commands."""

    def __init__(self, store: Store, tape: Tape) -> None:
        self.store = store
        self.tape = tape
        self.sessions = tape.sessions
        self.settle()

    @property
    def now(self) -> dt.datetime:
        """The virtual clock, UTC."""
        return self._now(self.store.book)

    @property
    def is_open(self) -> bool:
        """Whether the market is open now."""
        return self.sessions.is_open(self.now)

    def account(self) -> Account:
        """The account, valued now."""
        return read_account(self.store.book, self.tape, self.now)

    def submit(self, ticket: Ticket, fate: str = "") -> Order:
        """Accept an order and return it as it is answered: not filled yet.

        It is on disk before the answer; ``settle`` fills it afterwards, in a transaction of its own.

        Raises:
            Refusal: A check said no; nothing was recorded.
        """
        with self.store.transaction() as book:
            now = self._now(book)
            check(book, self.tape, now, ticket)
            seq = book.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM orders").fetchone()[0]
            order = Order(
                seq=seq,
                id=deterministic_id(book, "order", seq),
                client_order_id=ticket.client_order_id or deterministic_id(book, "client", seq),
                symbol=ticket.symbol,
                side=ticket.side,
                type=ticket.type,
                time_in_force=ticket.time_in_force,
                qty=ticket.qty,
                notional=ticket.notional,
                limit_price=ticket.limit_price,
                status="pending_new" if self.sessions.is_open(now) else "accepted",
                created_at=now,
                updated_at=now,
                expires_at=self._expiry(ticket, now),
                fate=begin(fate),
            )
            record(book, order, order.status)
        return order

    def settle(self) -> None:
        """Carry open orders as far as the market allows at this instant."""
        with self.store.transaction() as book:
            settle(book, self.tape, self._now(book))

    def cancel(self, order_id: str) -> None:
        """Request the cancellation of one order; ``settle`` completes it when the market is open.

        Raises:
            Refusal: 404 when unknown, 422 when it can no longer be cancelled.
        """
        order = self.order(order_id)
        if not order.is_open:
            raise unprocessable(f'order is already in "{order.status}" state')
        if order.status == "pending_cancel":
            raise unprocessable("order is not cancelable")
        with self.store.transaction() as book:
            record(book, order.touched(self._now(book), status="pending_cancel"), "pending_cancel")

    def cancel_all(self) -> list[Order]:
        """Request the cancellation of every open order; returns those it was requested for."""
        with self.store.transaction() as book:
            orders = [order for order in open_orders(book) if order.status != "pending_cancel"]
            for order in orders:
                record(book, order.touched(self._now(book), status="pending_cancel"), "pending_cancel")
        return orders

    def order(self, order_id: str, column: str = "id") -> Order:
        """One order by ``id`` or ``client_order_id``.

        Raises:
            Refusal: 404 when there is none.
        """
        rows = self.store.rows(f"SELECT * FROM orders WHERE {column} = ?", order_id)  # noqa: S608
        if not rows:
            raise not_found(f"order not found for {order_id}")
        return Order.from_row(rows[0])

    def orders(self, status: str) -> list[Order]:
        """All orders, or those that are ``open`` or ``closed``, oldest first."""
        rows = map(Order.from_row, self.store.rows("SELECT * FROM orders ORDER BY seq"))
        return [order for order in rows if status == "all" or order.is_open == (status == "open")]

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the account's configuration; returns the new one."""
        with self.store.transaction() as book:
            configuration = read_configuration(book) | changes
            set_meta(book, "configuration", json.dumps(configuration))
        return configuration

    def advance(self, to: str) -> dt.datetime:
        """Move the clock forward and let happen what happens on the way.

        Args:
            to: ``next_session`` or ``next_week`` (10:00 New York), ``close``, or an ISO instant.

        Raises:
            Refusal: 409 when the prices end before, 422 when ``to`` is no later instant.
        """
        with self.store.transaction() as book:
            now = self._now(book)
            target = self._target(to, now)
            for instant in self._events(now, target):
                set_meta(book, "clock", instant.isoformat())
                traded = self.sessions.latest(instant) == self.sessions.latest(now)
                window = (now, instant) if traded and self.sessions.is_open(now) else None
                settle(book, self.tape, instant, window)
                if instant == self.sessions.hours(self.sessions.latest(instant)).close:
                    self._end_day(book, instant)
                now = instant
        return now

    def _now(self, book: sqlite3.Connection) -> dt.datetime:
        return dt.datetime.fromisoformat(get_meta(book, "clock") or "")

    def _expiry(self, ticket: Ticket, now: dt.datetime) -> dt.datetime:
        return self.sessions.next_close(now if ticket.time_in_force == "day" else now + _GOOD_TILL_CANCELED)

    def _target(self, to: str, now: dt.datetime) -> dt.datetime:
        today = now.astimezone(NEW_YORK).date()
        if to == "close":
            target = self.sessions.next_close(now)
        elif to == "next_session":
            target = at(self.sessions.following(today), _ARRIVAL)
        elif to == "next_week":
            target = at(self.sessions.following(today + dt.timedelta(days=6 - today.weekday())), _ARRIVAL)
        else:
            target = _instant(to)
        if target <= now:
            raise invalid(f"the clock only moves forward: it is {now.isoformat()}")
        _, last = self.tape.span()
        if self.sessions.latest(target) > last:
            raise Refusal(
                409, 40910000, f"prices end on {last}: the clock cannot move to {target.isoformat()}"
            )
        return target

    def _events(self, now: dt.datetime, target: dt.datetime) -> Iterator[dt.datetime]:
        for session in self.sessions.between(now.date(), target.date()):
            for instant in self.sessions.hours(session):
                if now < instant < target:
                    yield instant
        yield target

    def _end_day(self, book: sqlite3.Connection, now: dt.datetime) -> None:
        for order in open_orders(book):
            if order.expires_at <= now:
                record(book, order.touched(now, status="expired", expired_at=now), "expired")
        account = read_account(book, self.tape, now)
        book.execute(
            "INSERT INTO day_end VALUES (?, ?, ?)",
            (self.sessions.latest(now).isoformat(), f"{account.equity:f}", f"{account.maintenance_margin:f}"),
        )


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise invalid("to must be next_session, next_week, close or an ISO instant with its UTC offset")
    return instant.astimezone(dt.UTC)
