"""Ids and chances that depend on the seed alone: the same commands give the same book."""

from __future__ import annotations

import sqlite3
import uuid
from decimal import Decimal

from brokerage.paper_exchange.store import get_meta


def deterministic_id(book: sqlite3.Connection, kind: str, number: int) -> str:
    """The uuid of the ``number``-th thing of a kind: the same in every run with the same seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{get_meta(book, 'seed')}:{kind}:{number}"))


def draw(book: sqlite3.Connection, kind: str, number: int) -> Decimal:
    """A number from 0 to 1, without 1, as random as the hash behind the id."""
    return Decimal(int(deterministic_id(book, kind, number)[:8], 16)) / 2**32


def next_seq(book: sqlite3.Connection, table: str) -> int:
    """The number of the next row of ``table``."""
    return int(book.execute(f"SELECT COALESCE(MAX(seq), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608
