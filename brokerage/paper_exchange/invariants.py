"""What must hold after every command, whatever was sent and whatever went wrong."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal

from brokerage.paper_exchange.account import read_account
from brokerage.paper_exchange.ledger import balance
from brokerage.paper_exchange.order import OPEN, open_orders
from brokerage.paper_exchange.refusal import plain
from brokerage.paper_exchange.store import get_meta
from brokerage.paper_exchange.tape import Tape
from schemas.errors import DataError

_LISTED = 3


def violations(book: sqlite3.Connection, tape: Tape, now: dt.datetime) -> list[str]:
    """Every invariant that does not hold, in words."""
    return [*_cash(book), *_shares(book), *_account(book, tape, now), *_orders(book), *_events(book)]


def require_invariants(book: sqlite3.Connection, tape: Tape, now: dt.datetime) -> None:
    """Refuse to go on with a book that does not balance.

    Raises:
        DataError: An invariant does not hold; the first few are named.
    """
    broken = violations(book, tape, now)
    if broken:
        raise DataError(
            "The loopback exchange undid a command that would have broken its book",
            figures={"broken": "; ".join(broken[:_LISTED])},
            remedy="Report this with the request log: GET /__sim/requests.",
        )


def _cash(book: sqlite3.Connection) -> Iterator[str]:
    cash, rebuilt = Decimal(get_meta(book, "cash") or 0), balance(book).cash
    if cash != rebuilt:
        yield f"cash is {cash}, its entries give {rebuilt}"
    if cash != cash.quantize(Decimal("0.01")):
        yield f"cash is {cash}, not whole cents"
    if cash < 0 and not get_meta(book, "unchecked"):
        yield f"cash is {cash} without margin"


def _shares(book: sqlite3.Connection) -> Iterator[str]:
    held = {row["symbol"]: Decimal(row["qty"]) for row in book.execute("SELECT * FROM position")}
    rebuilt = balance(book).shares
    for symbol in held.keys() | rebuilt.keys():
        if held.get(symbol) != rebuilt.get(symbol):
            yield f"{symbol}: {held.get(symbol)} shares held, its entries give {rebuilt.get(symbol)}"
    if get_meta(book, "unchecked"):
        return
    offered: dict[str, Decimal] = {}
    for order in open_orders(book):
        if order.side == "sell" and order.qty is not None:
            offered[order.symbol] = offered.get(order.symbol, Decimal(0)) + order.qty - order.filled_qty
    for symbol, qty in offered.items():
        if qty > held.get(symbol, Decimal(0)):
            yield f"{symbol}: {plain(qty)} shares offered of {plain(held.get(symbol, Decimal(0)))}"


def _account(book: sqlite3.Connection, tape: Tape, now: dt.datetime) -> Iterator[str]:
    account, rebuilt = read_account(book, tape, now), balance(book)
    quotes = {symbol: tape.quote(symbol, now) for symbol in rebuilt.shares}
    worth = rebuilt.cash
    for symbol, quote in quotes.items():
        worth += rebuilt.shares[symbol] * (quote.last if quote else 0)
    if abs(account.equity - worth) > Decimal("0.01"):
        yield f"equity is {account.equity}, cash and holdings are worth {worth:.2f}"


def _orders(book: sqlite3.Connection) -> Iterator[str]:
    filled: dict[str, Decimal] = {}
    for row in book.execute("SELECT order_id, qty FROM fill"):
        filled[row["order_id"]] = filled.get(row["order_id"], Decimal(0)) + Decimal(row["qty"])
    for row in book.execute("SELECT id, status, qty, notional, filled_qty, filled_value FROM orders"):
        quantity = Decimal(row["filled_qty"])
        if quantity != filled.get(row["id"], Decimal(0)):
            yield f"order {row['id']}: filled {plain(quantity)}, its fills give {plain(filled.get(row['id'], Decimal(0)))}"
        if row["qty"] is not None and quantity > Decimal(row["qty"]):
            yield f"order {row['id']}: filled {plain(quantity)} of {row['qty']}"
        if row["notional"] is not None and Decimal(row["filled_value"]) > Decimal(row["notional"]):
            yield f"order {row['id']}: {row['filled_value']} USD of {row['notional']}"
        if row["status"] == "filled" and not quantity:
            yield f"order {row['id']}: filled without a fill"


def _events(book: sqlite3.Connection) -> Iterator[str]:
    """The last event of an order is how it stands, and nothing follows a final one."""
    last: dict[str, str] = {}
    for row in book.execute("SELECT order_id, name, body FROM event ORDER BY seq"):
        before = last.get(row["order_id"])
        if before is not None and before not in (*OPEN, "pending_replace"):
            yield f"order {row['order_id']}: {row['name']} after {before}"
        last[row["order_id"]] = json.loads(row["body"])["status"]
    for row in book.execute("SELECT id, status FROM orders"):
        if last.get(row["id"]) != row["status"]:
            yield f"order {row['id']}: {row['status']}, its last event says {last.get(row['id'])}"
