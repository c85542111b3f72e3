"""The exchange's one SQLite file: every fact of the book, one transaction a command."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS price (
  symbol TEXT, session TEXT, open REAL, high REAL, low REAL, close REAL NOT NULL, volume REAL,
  PRIMARY KEY (symbol, session)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asset (
  symbol TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL,
  tradable INTEGER NOT NULL, fractionable INTEGER NOT NULL, halted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS position (
  symbol TEXT PRIMARY KEY, qty TEXT NOT NULL, avg_entry_price TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client_order_id TEXT NOT NULL UNIQUE,
  symbol TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL,
  qty TEXT, notional TEXT, limit_price TEXT, stop_price TEXT, trail_price TEXT, trail_percent TEXT,
  extended_hours INTEGER NOT NULL, collar TEXT, status TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, expires_at TEXT NOT NULL, filled_at TEXT, expired_at TEXT, canceled_at TEXT,
  failed_at TEXT, replaced_at TEXT, replaced_by TEXT, replaces TEXT, hwm TEXT,
  triggered INTEGER NOT NULL, filled_qty TEXT NOT NULL, filled_value TEXT NOT NULL, fate TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_status ON orders (status);
CREATE TABLE IF NOT EXISTS fill (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL REFERENCES orders (id),
  symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL, price TEXT NOT NULL, cash TEXT NOT NULL,
  at TEXT NOT NULL, cum_qty TEXT NOT NULL, leaves_qty TEXT NOT NULL, order_status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fill_by_time ON fill (at);
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, name TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id), execution_id TEXT, qty TEXT, price TEXT,
  position_qty TEXT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS activity (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, sub_type TEXT NOT NULL,
  at TEXT NOT NULL, symbol TEXT, qty TEXT, per_share_amount TEXT, net_amount TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS corp_action (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL, ex_date TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS day_end (
  session TEXT PRIMARY KEY, equity TEXT NOT NULL, maintenance_margin TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  body TEXT NOT NULL, status INTEGER, fault TEXT NOT NULL);
"""


class Store:
    """Durable state of one exchange.

    A command is one transaction, on disk (``synchronous=FULL``) before it is answered: a killed
    process leaves the book as it was after some whole command.
    """

    def __init__(self, path: Path) -> None:
        self.book = _connect(path, "FULL")
        self.book.executescript(_SCHEMA)
        # the request log is no part of the book: losing its last lines in a power cut costs nothing
        self._log = _connect(path, "NORMAL")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, or nothing does."""
        self.book.execute("BEGIN IMMEDIATE")
        try:
            yield self.book
        except BaseException:
            self.book.execute("ROLLBACK")
            raise
        self.book.execute("COMMIT")

    def rows(self, query: str, *arguments: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.book.execute(query, arguments).fetchall()

    def log(self, *, method: str, path: str, query: str, body: str, status: int | None, fault: str) -> None:
        """Append a line to the request log, at real time; headers, and so the keys, are never part of it."""
        self._log.execute(
            "INSERT INTO request (at, method, path, query, body, status, fault) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (dt.datetime.now(dt.UTC).isoformat(), method, path, query, body, status, fault),
        )

    def close(self) -> None:
        """Close the file."""
        self.book.close()
        self._log.close()


def get_meta(book: sqlite3.Connection, key: str) -> str | None:
    """One fact about the exchange itself, by name."""
    row = book.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def set_meta(book: sqlite3.Connection, key: str, value: object) -> None:
    """Record one fact about the exchange itself."""
    book.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value)))


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection
