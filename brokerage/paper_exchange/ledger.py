"""Cash and shares rebuilt from what was recorded: the book must equal it at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from brokerage.paper_exchange.store import get_meta


class Entry(NamedTuple):
    """One change of cash (USD) and, when there is a symbol, of shares."""

    at: str
    symbol: str | None
    qty: Decimal
    cash: Decimal
    type: str


@dataclass
class Balance:
    """Cash and shares after some entries; nothing is held of symbols with no shares."""

    cash: Decimal
    shares: dict[str, Decimal] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Take one entry into account."""
        self.cash += entry.cash
        if entry.symbol is not None:
            self.shares[entry.symbol] = self.shares.get(entry.symbol, Decimal(0)) + entry.qty
            if not self.shares[entry.symbol]:
                del self.shares[entry.symbol]


def entries(book: sqlite3.Connection) -> list[Entry]:
    """Every fill and every other activity, oldest first."""
    return sorted([*_fills(book), *_activities(book)], key=lambda entry: entry.at)


def opening_balance(book: sqlite3.Connection) -> Balance:
    """The account as it was opened."""
    return Balance(Decimal(get_meta(book, "opening_cash") or 0))


def balance(book: sqlite3.Connection) -> Balance:
    """The account as its entries make it."""
    total = opening_balance(book)
    for entry in entries(book):
        total.add(entry)
    return total


def _fills(book: sqlite3.Connection) -> Iterator[Entry]:
    for row in book.execute("SELECT at, symbol, side, qty, cash FROM fill ORDER BY seq"):
        sign = 1 if row["side"] == "buy" else -1
        yield Entry(
            row["at"], row["symbol"], sign * Decimal(row["qty"]), -sign * Decimal(row["cash"]), "FILL"
        )


def _activities(book: sqlite3.Connection) -> Iterator[Entry]:
    for row in book.execute("SELECT at, type, symbol, qty, net_amount FROM activity ORDER BY seq"):
        # a dividend says for how many shares it is; only a split changes them
        split = row["type"] == "SPLIT"
        yield Entry(
            row["at"],
            row["symbol"] if split else None,
            Decimal(row["qty"]) if split else Decimal(0),
            Decimal(row["net_amount"]),
            row["type"],
        )
