"""Opening an exchange: a new one from its settings, an old one from its SQLite file."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from pathlib import Path

from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.order import cents
from brokerage.paper_exchange.prices import BUNDLED, DailyPrice, fingerprint, names, read_prices
from brokerage.paper_exchange.refusal import plain
from brokerage.paper_exchange.sessions import Sessions, at
from brokerage.paper_exchange.store import Store, get_meta, set_meta
from brokerage.paper_exchange.tape import Tape
from schemas.errors import ConfigError, DataError, RiskParityError
from schemas.settings import ExchangeSettings

_OPENING = dt.time(10, 0)
_BUNDLED_START = dt.date(2015, 6, 1)
_HISTORY = 320
"""Sessions before the start that a strategy by default looks back at, with room for cleaning."""
_SHOWN = 5
"""Rows an error names."""
_NAMES = {"start": "start", "opening_cash": "opening cash", "seed": "seed", "prices": "file of prices"}
_CONFIGURATION = {
    "fractional_trading": True,
    "max_margin_multiplier": "1",
    "max_options_trading_level": 0,
    "no_shorting": True,
    "ptp_no_exception_entry": False,
    "suspend_trade": False,
    "trade_confirm_email": "all",
    "disable_overnight_trading": False,
}


def open_book(path: Path, settings: ExchangeSettings, bars: Path | None = None) -> Book:
    """The book in the SQLite file at ``path``; a missing one is created.

    Args:
        path: The exchange's file.
        settings: Start, cash and seed hold for ever; the spread may change from one start to the next.
        bars: Parquet or CSV of daily bars; left out, those it was opened with, and the bundled closes
            for a new one.

    Raises:
        ConfigError: The file belongs to an exchange with another start, cash, seed or price file, or
            the start is no session with prices.
        DataError: The prices cannot be used, or the bundled ones were altered. Nothing is left behind.
    """
    is_new, sessions, store = not path.exists(), Sessions(), Store(path)
    try:
        with store.transaction() as book:
            if get_meta(book, "seed") is None:
                _create(book, bars or BUNDLED, settings, sessions)
            else:
                _check_identity(book, settings, bars)
    except RiskParityError:
        store.close()
        if is_new:
            path.unlink()
        raise
    rows = store.rows("SELECT symbol, session, open, high, low, close, volume FROM price")
    prices = (DailyPrice(row[0], dt.date.fromisoformat(row[1]), *row[2:]) for row in rows)
    return Book(store, Tape(prices, sessions, seed=settings.seed, spread_bps=settings.spread_bps))


def _check_identity(book: sqlite3.Connection, settings: ExchangeSettings, bars: Path | None) -> None:
    """One exchange is not taken for another; what was not asked for may be anything."""
    wanted = _facts(settings)
    if settings.start:
        wanted["start"] = settings.start.isoformat()
    if bars:
        wanted["prices"] = fingerprint(bars)
    for name, value in wanted.items():
        if (found := get_meta(book, name)) != value:
            raise ConfigError(
                f"The exchange in this state folder was opened with another {_NAMES[name]}",
                figures={"opened with": found, "asked for": value},
                remedy="Leave that setting away to go on with this exchange, or set RISKPARITY_HOME to another "
                "folder for another one.",
            )


def _facts(settings: ExchangeSettings) -> dict[str, str]:
    """What an exchange keeps for ever, by the names under which it is stored."""
    return {"opening_cash": plain(cents(settings.cash)), "seed": str(settings.seed)}


def _create(
    book: sqlite3.Connection,
    bars: Path,
    settings: ExchangeSettings,
    sessions: Sessions,
) -> None:
    digest, prices = fingerprint(bars), list(read_prices(bars))
    usable = _usable_sessions(prices, sessions, bars)
    start = settings.start or _default_start(bars, usable)
    _check_start(start, usable)
    book.executemany(
        "INSERT INTO price VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((price.symbol, price.session.isoformat(), *price[2:]) for price in prices),
    )
    full_names = names()
    book.executemany(
        "INSERT INTO asset VALUES (?, ?, ?, 'active', 1, 1, 0)",
        (
            (symbol, str(uuid.uuid5(uuid.NAMESPACE_OID, f"asset:{symbol}")), full_names.get(symbol, symbol))
            for symbol in sorted({price.symbol for price in prices})
        ),
    )
    facts = {**_facts(settings), "start": start.isoformat(), "prices": digest}
    for key, value in facts.items():
        set_meta(book, key, value)
    set_meta(book, "cash", facts["opening_cash"])
    for key in ("opened_at", "clock"):
        set_meta(book, key, at(start, _OPENING).isoformat())
    set_meta(book, "configuration", json.dumps(_CONFIGURATION))


def _usable_sessions(prices: list[DailyPrice], sessions: Sessions, bars: Path) -> list[dt.date]:
    """Every session with prices, oldest first; a price of any other day would belong to no trading."""
    days = {price.session for price in prices}
    closed = {day for day in days if not sessions.between(day, day)}
    if closed or not days:
        rows = [f"{price.symbol} {price.session:%a %Y-%m-%d}" for price in prices if price.session in closed]
        raise DataError(
            f"The price file {bars.name} has prices of days without trading"
            if rows
            else f"{bars.name} has no prices",
            figures={"rows": f"{len(rows):,}", "the first of them": ", ".join(rows[:_SHOWN])},
            remedy="Take them out: prices may stand on sessions of the New York Stock Exchange only.",
        )
    return sorted(days)


def _default_start(bars: Path, usable: list[dt.date]) -> dt.date:
    if bars == BUNDLED:
        return _BUNDLED_START
    return usable[_HISTORY] if len(usable) > _HISTORY else usable[0]


def _check_start(start: dt.date, usable: list[dt.date]) -> None:
    if start not in usable:
        raise ConfigError(
            f"The exchange cannot open on {start}: that is no trading session with prices",
            figures={"first session": usable[0], "last session": usable[-1]},
            remedy="Choose a session with prices (--start, or exchange.start in the configuration), for example "
            f"{min(usable, key=lambda day: abs(day - start))}.",
        )
