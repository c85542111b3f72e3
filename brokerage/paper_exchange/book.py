"""The book: orders, cash and holdings, and the only commands that change them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from brokerage.paper_exchange import clockwork
from brokerage.paper_exchange.acceptance import new_order
from brokerage.paper_exchange.account import Account, read_account, read_configuration
from brokerage.paper_exchange.action_day import book_actions, read_actions
from brokerage.paper_exchange.activities import book_activity
from brokerage.paper_exchange.amendment import amended
from brokerage.paper_exchange.checks import check
from brokerage.paper_exchange.corporate_actions import CorporateAction
from brokerage.paper_exchange.events import record
from brokerage.paper_exchange.fates import begin
from brokerage.paper_exchange.ids import deterministic_id, next_seq
from brokerage.paper_exchange.invariants import require_invariants, violations
from brokerage.paper_exchange.matching import execute, settle
from brokerage.paper_exchange.options import ExchangeOptions, fate_by_chance, read_options
from brokerage.paper_exchange.order import Order, open_orders
from brokerage.paper_exchange.refusal import not_found, unprocessable
from brokerage.paper_exchange.store import Store, get_meta, set_meta
from brokerage.paper_exchange.tape import Tape
from brokerage.paper_exchange.ticket import Ticket

_RESOLUTION = dt.timedelta(microseconds=1)
"""By so much two orders are apart at least, though the clock stands still between them."""


class Book:
    """Commands on one exchange; each is one transaction, and queries see only whole commands."""

    def __init__(self, store: Store, tape: Tape) -> None:
        self.store = store
        self.tape = tape
        self.sessions = tape.sessions
        tape.set_actions(read_actions(store.book))
        self.settle()

    @property
    def now(self) -> dt.datetime:
        """The virtual clock, UTC."""
        return _now(self.store.book)

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
        with self._command() as book:
            return self._accept(book, ticket, fate)

    def replace(self, order_id: str, content: dict[str, Any], fate: str = "") -> Order:
        """Put another order in the place of an open one; returns the successor as it is answered.

        Raises:
            Refusal: 404 when it is unknown, 422 when it cannot be replaced, or whatever ``submit`` says to
                the successor; the order stays as it is.
        """
        with self._command() as book:
            order = self.order(order_id)
            ticket, now = amended(order, content), _now(book)
            pending = order.touched(now, status="pending_replace")
            record(book, pending, "pending_replace")
            successor = self._accept(book, ticket, fate, replaces=order.id)
            replaced = pending.touched(now, status="replaced", replaced_at=now, replaced_by=successor.id)
            record(book, replaced, "replaced")
            return successor

    def settle(self) -> None:
        """Carry open orders as far as the market allows at this instant."""
        with self._command() as book:
            settle(book, self.tape, _now(book))

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
        with self._command() as book:
            record(book, order.touched(_now(book), status="pending_cancel"), "pending_cancel")

    def cancel_all(self) -> list[Order]:
        """Request the cancellation of every open order; returns those it was requested for."""
        with self._command() as book:
            orders = [order for order in open_orders(book) if order.status != "pending_cancel"]
            for order in orders:
                record(book, order.touched(_now(book), status="pending_cancel"), "pending_cancel")
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
        if status == "open":
            return open_orders(self.store.book)
        rows = map(Order.from_row, self.store.rows("SELECT * FROM orders ORDER BY seq"))
        return [order for order in rows if status == "all" or not order.is_open]

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the account's configuration; returns the new one."""
        with self._command() as book:
            configuration = read_configuration(book) | changes
            set_meta(book, "configuration", json.dumps(configuration))
            if configuration["max_margin_multiplier"] != "1":
                _unchecked(book)
        return configuration

    def set_options(self, options: ExchangeOptions) -> None:
        """How real the exchange feels from now on."""
        with self._command() as book:
            set_meta(book, "options", options.model_dump_json())

    def transfer(self, amount: Decimal) -> None:
        """Deposit cash, or withdraw it when ``amount`` is negative, even more than there is."""
        with self._command() as book:
            book_activity(book, _now(book), "CSD" if amount > 0 else "CSW", amount)
            if amount < 0:
                _unchecked(book)

    def trade_by_hand(self, symbol: str, side: str, qty: Decimal) -> Order:
        """A trade by somebody else in the same account, unchecked and at once, at the last quote.

        Selling more than is held leaves a short position.

        Raises:
            Refusal: 422 when the symbol has no price.
        """
        with self._command() as book:
            now = _now(book)
            quote = self.tape.quote(symbol, now) if symbol in self.tape.symbols else None
            if quote is None:
                raise unprocessable(f'asset "{symbol}" not found')
            order = new_order(book, self.sessions, now, Ticket(symbol, side, "market", "day", qty))
            price = quote.ask if side == "buy" else quote.bid
            record(book, order, order.status)
            order = execute(book, order, qty, price, complete=True)
            _unchecked(book)
        return order

    def add_corporate_action(self, action: CorporateAction) -> str:
        """Announce a split or a distribution of a coming session; returns its id.

        Raises:
            Refusal: 422 when the symbol is unknown or the ex-date is no coming session.
        """
        with self._command() as book:
            latest = self.sessions.latest(_now(book))
            known = self.sessions.between(action.ex_date, action.ex_date) and action.ex_date > latest
            if action.symbol not in self.tape.symbols or not known:
                raise unprocessable(
                    "give a symbol that is traded here and an ex_date that is a coming session"
                )
            seq = next_seq(book, "corp_action")
            action_id = deterministic_id(book, "action", seq)
            book.execute(
                "INSERT INTO corp_action VALUES (?, ?, ?, ?, ?)",
                (seq, action_id, action.symbol, action.ex_date.isoformat(), action.model_dump_json()),
            )
        self.tape.set_actions(read_actions(self.store.book))
        return action_id

    def check(self) -> list[str]:
        """Every invariant that does not hold, in words; empty when the book is sound."""
        return violations(self.store.book, self.tape, self.now)

    def advance(self, to: str) -> dt.datetime:
        """Move the clock forward and let happen what happens on the way.

        Args:
            to: ``open``, ``close``, ``next_session`` or ``next_week`` (10:00 New York), or an ISO instant.

        Raises:
            Refusal: 409 when the prices end before, 422 when ``to`` is no later instant.
        """
        with self._command() as book:
            now = _now(book)
            target = clockwork.target(to, now, self.sessions, self.tape.span()[1])
            for instant in clockwork.stops(now, target, self.sessions):
                self._move(book, now, instant)
                now = instant
        return now

    @contextlib.contextmanager
    def _command(self) -> Iterator[sqlite3.Connection]:
        with self.store.transaction() as book:
            yield book
            if read_options(book).check_invariants:
                require_invariants(book, self.tape, _now(book))

    def _accept(
        self, book: sqlite3.Connection, ticket: Ticket, fate: str, replaces: str | None = None
    ) -> Order:
        now, options = _now(book), read_options(book)
        price = check(book, self.tape, now, ticket)
        sign = 1 if ticket.side == "buy" else -1
        collar = price * (1 + sign * options.collar) if ticket.type == "market" else None
        order = new_order(book, self.sessions, now, ticket, collar=collar, replaces=replaces)
        order = order.touched(now, fate=begin(fate or fate_by_chance(book, options, order.seq)))
        record(book, order, order.status)
        self._tick(book, now)
        return order

    def _tick(self, book: sqlite3.Connection, now: dt.datetime) -> None:
        """No two orders are submitted at one instant: clients page through them by time."""
        after = now + _RESOLUTION
        if after < min(self.sessions.next_open(now), self.sessions.next_close(now)):
            set_meta(book, "clock", after.isoformat())

    def _move(self, book: sqlite3.Connection, now: dt.datetime, instant: dt.datetime) -> None:
        """From one stop of the clock to the next; both lie in one session, or between two."""
        session = self.sessions.latest(instant)
        hours = self.sessions.hours(session)
        set_meta(book, "clock", instant.isoformat())
        self._expire(book, instant - _RESOLUTION)
        if instant == hours.open:
            book_actions(book, self.tape, instant)
        traded = session == self.sessions.latest(now) and self.sessions.is_open(now)
        settle(book, self.tape, instant, (now, instant) if traded else None)
        if instant == hours.close:
            self._end_day(book, instant)

    def _expire(self, book: sqlite3.Connection, now: dt.datetime) -> None:
        """End what has expired by ``now``, as of the instant at which it did."""
        for order in open_orders(book):
            end = order.expires_at
            if end > now:
                continue
            if order.time_in_force == "gtc":
                record(book, order.touched(end, status="canceled", canceled_at=end), "canceled")
            else:
                record(book, order.touched(end, status="expired", expired_at=end), "expired")

    def _end_day(self, book: sqlite3.Connection, now: dt.datetime) -> None:
        self._expire(book, now)
        account = read_account(book, self.tape, now)
        book.execute(
            "INSERT INTO day_end VALUES (?, ?, ?)",
            (self.sessions.latest(now).isoformat(), f"{account.equity:f}", f"{account.maintenance_margin:f}"),
        )


def _now(book: sqlite3.Connection) -> dt.datetime:
    return dt.datetime.fromisoformat(get_meta(book, "clock") or "")


def _unchecked(book: sqlite3.Connection) -> None:
    """From now on cash may be negative, and more shares offered than held: nobody was asked."""
    set_meta(book, "unchecked", 1)
