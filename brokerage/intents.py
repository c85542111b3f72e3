"""What is about to be sent, on disk before it is sent: after any crash nothing is out that nobody knows of."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from brokerage.models import Order, OrderTicket
from schemas.errors import GuardRefusal
from schemas.identity import Run

IntentState = Literal["PLANNED", "SUBMITTING", "ACKED", "TERMINAL", "AMBIGUOUS"]
"""PLANNED: not sent. SUBMITTING: may be on its way. ACKED: the broker has it. TERMINAL: nothing more can happen.
AMBIGUOUS: the broker neither confirmed it nor can it be ruled out."""

REFUSED = "refused"
"""Status of an intent that the broker declined to make an order of."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS intent (
  client_order_id TEXT PRIMARY KEY, account TEXT NOT NULL, run_id TEXT NOT NULL, session TEXT NOT NULL,
  symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT, notional TEXT, limit_price TEXT, state TEXT NOT NULL,
  order_id TEXT, status TEXT, filled_qty TEXT NOT NULL DEFAULT '0', message TEXT NOT NULL DEFAULT '',
  changed_at TEXT NOT NULL)
"""


@dataclass(frozen=True)
class Intent:
    """An order that was meant, and how far it came."""

    ticket: OrderTicket
    run_id: str
    session: dt.date
    """On which it was to be sent, and at whose close it is over: every order is one for the day."""
    state: IntentState
    status: str | None
    filled_qty: Decimal
    message: str

    @property
    def may_arrive(self) -> bool:
        """Whether an order of it may be at the broker, or on its way there."""
        return self.state in {"SUBMITTING", "ACKED", "AMBIGUOUS"}


class IntentLog:
    """The intents of one account, in a SQLite file of the state folder.

    A write that must precede a POST is on disk (``synchronous=FULL``) when its method returns, or the method
    raises ``GuardRefusal``. What the broker answered can be asked again, so a failure to note it is passed over.

    Args:
        home: The state folder; made when missing.
        account: Venue and fingerprint of the account, as ``Run.account`` has it.
        patience: Longest wait for another process's lock (seconds).
    """

    def __init__(self, home: Path, account: str, *, patience: float = 5.0) -> None:
        self._path = home / "intents.sqlite"
        self._account = account
        self._patience = patience

    def plan(self, run: Run, tickets: Iterable[OrderTicket]) -> None:
        """Write down what a leg is made of, before any of it is sent; one known already stays as it is.

        Raises:
            GuardRefusal: If that cannot be made durable.
        """
        with self._durably() as book:
            for ticket in tickets:
                book.execute(
                    "INSERT OR IGNORE INTO intent (client_order_id, account, run_id, session, symbol, side, qty, "
                    "notional, limit_price, state, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'PLANNED', ?)",
                    (ticket.client_order_id, self._account, run.run_id, run.session.isoformat(),
                     ticket.symbol, ticket.side, *_sizes(ticket), _now()),
                )  # fmt: skip

    def submitting(self, ticket: OrderTicket) -> None:
        """Write down that ``ticket``, which was planned, goes out now, in the size it has now.

        Raises:
            GuardRefusal: If that cannot be made durable: then it must not go out.
        """
        with self._durably() as book:
            book.execute(
                "UPDATE intent SET state = 'SUBMITTING', qty = ?, notional = ?, limit_price = ?, changed_at = ? "
                "WHERE client_order_id = ?",
                (*_sizes(ticket), _now(), ticket.client_order_id),
            )

    def note(self, orders: Iterable[Order]) -> None:
        """What the broker says of these orders."""
        with suppress(GuardRefusal), self._durably() as book:
            for order in orders:
                state = "TERMINAL" if order.is_terminal else "ACKED"
                book.execute(
                    "UPDATE intent SET state = ?, order_id = ?, status = ?, filled_qty = ?, changed_at = ? "
                    "WHERE client_order_id = ?",
                    (state, order.id, order.status, f"{order.filled_qty:f}", _now(), order.client_order_id),
                )

    def settle(
        self, client_order_id: str, state: IntentState, message: str = "", *, status: str | None = None
    ) -> None:
        """How an intent stands that became no order, as far as anybody knows."""
        with suppress(GuardRefusal), self._durably() as book:
            book.execute(
                "UPDATE intent SET state = ?, status = ?, message = ?, changed_at = ? WHERE client_order_id = ?",
                (state, status, message, _now(), client_order_id),
            )

    def of(self, run_id: str) -> list[Intent]:
        """Every intent of a run, in the order they were written."""
        return self._read("run_id = ?", run_id)

    def names(self) -> set[str]:
        """Client order ids of every intent of the account, whichever run wrote it."""
        return {intent.ticket.client_order_id for intent in self._read("account = ?", self._account)}

    def pending(self) -> list[Intent]:
        """Every intent of the account, whichever run wrote it, of which more may be heard."""
        return self._read("account = ? AND state != 'TERMINAL'", self._account)

    def _read(self, where: str, argument: str) -> list[Intent]:
        with self._durably() as book:
            rows = book.execute(
                f"SELECT * FROM intent WHERE {where} ORDER BY rowid",  # noqa: S608 - our own words
                (argument,),
            ).fetchall()
        return [_intent(row) for row in rows]

    @contextmanager
    def _durably(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=self._patience)) as book:
                book.row_factory = sqlite3.Row
                book.execute("PRAGMA journal_mode=WAL")
                book.execute("PRAGMA synchronous=FULL")
                with book:
                    book.execute(_SCHEMA)
                    yield book
        except (sqlite3.Error, OSError) as error:
            raise GuardRefusal(
                "The intention to send an order cannot be written down, so nothing more is sent",
                figures={"file": self._path.name, "reason": str(error)},
                remedy="Free the disk or end what holds the file, then run again: the same run goes on.",
            ) from None


def _intent(row: sqlite3.Row) -> Intent:
    ticket = OrderTicket(
        row["client_order_id"],
        row["symbol"],
        row["side"],
        qty=_decimal(row["qty"]),
        notional=_decimal(row["notional"]),
        limit_price=_decimal(row["limit_price"]),
    )
    return Intent(
        ticket,
        row["run_id"],
        dt.date.fromisoformat(row["session"]),
        row["state"],
        row["status"],
        Decimal(row["filled_qty"]),
        row["message"],
    )


def _sizes(ticket: OrderTicket) -> list[str | None]:
    return [
        None if size is None else f"{size:f}" for size in (ticket.qty, ticket.notional, ticket.limit_price)
    ]


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
