"""Finding assets by symbol or id."""

from __future__ import annotations

import sqlite3

from brokerage.paper_exchange.book import Book


def find_asset(book: Book, name: str) -> sqlite3.Row | None:
    """The asset of a symbol or an id; None when there is none."""
    rows = book.store.rows("SELECT * FROM asset WHERE symbol = ? OR id = ?", name.upper(), name.lower())
    return rows[0] if rows else None


def asset_ids(book: Book) -> dict[str, str]:
    """The id of every symbol."""
    return {row["symbol"]: row["id"] for row in book.store.rows("SELECT symbol, id FROM asset")}


def is_quoted(book: Book, asset: sqlite3.Row) -> bool:
    """Whether the asset has a price today: an inactive or delisted one has none."""
    return asset["status"] == "active" and book.tape.listed(asset["symbol"], book.now)
