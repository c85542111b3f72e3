"""Everything that ever happened to an order, in the order in which it happened.

A row is written in the transaction that changes the order, so the order stream can be sent from the
table, and the book can be rebuilt from it.
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import NamedTuple

from brokerage.paper_exchange.documents import order_document
from brokerage.paper_exchange.order import Order


class Execution(NamedTuple):
    """One fill: its id, shares, price, and the position after it."""

    id: str
    qty: Decimal
    price: Decimal
    position_qty: Decimal


def record(book: sqlite3.Connection, order: Order, name: str, execution: Execution | None = None) -> None:
    """Save ``order`` and append what happened to it, by Alpaca's name of the ``trade_updates`` event."""
    order.save(book)
    row = book.execute("SELECT id FROM asset WHERE symbol = ?", (order.symbol,)).fetchone()
    facts = (execution.id, *(f"{fact:f}" for fact in execution[1:])) if execution else (None,) * 4
    book.execute(
        "INSERT INTO event (at, name, order_id, execution_id, qty, price, position_qty, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order.updated_at.isoformat(),
            name,
            order.id,
            *facts,
            json.dumps(order_document(order, row["id"])),
        ),
    )
