"""Opening an exchange: a new one from its settings, an old one from its SQLite file."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path

from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.order import cents
from brokerage.paper_exchange.prices import BUNDLED, DailyPrice, fingerprint, names, read_prices
from brokerage.paper_exchange.refusal import plain
from brokerage.paper_exchange.sessions import Sessions, at
from brokerage.paper_exchange.store import Store, get_meta, set_meta
from brokerage.paper_exchange.tape import Tape
from schemas.errors import ConfigError
from schemas.settings import ExchangeSettings

_OPENING = dt.time(10, 0)
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
        bars: Parquet or CSV of daily bars to serve instead of the bundled closes.

    Raises:
        ConfigError: The file belongs to an exchange with another start, cash, seed or price file, or
            the start is no session with prices.
        DataError: The prices cannot be read, or the bundled ones were altered.
    """
    prices_file = bars or BUNDLED
    wanted = identity(settings) | {"prices": fingerprint(prices_file)}
    sessions, store = Sessions(), Store(path)
    with store.transaction() as book:
        if get_meta(book, "seed") is None:
            _create(book, prices_file, settings, wanted, sessions)
        check_identity({name: get_meta(book, name) for name in wanted}, wanted)
    rows = store.rows("SELECT symbol, session, open, high, low, close, volume FROM price")
    prices = (DailyPrice(row[0], dt.date.fromisoformat(row[1]), *row[2:]) for row in rows)
    return Book(store, Tape(prices, sessions, seed=settings.seed, spread_bps=settings.spread_bps))


def identity(settings: ExchangeSettings) -> dict[str, str]:
    """What an exchange keeps for ever, by the names under which it is stored."""
    return {
        "start": settings.start.isoformat(),
        "opening_cash": plain(cents(settings.cash)),
        "seed": str(settings.seed),
    }


def check_identity(found: Mapping[str, object], wanted: Mapping[str, str]) -> None:
    """Refuse to take one exchange for another.

    Raises:
        ConfigError: A fact in ``wanted`` differs from the one found.
    """
    for name, value in wanted.items():
        if found[name] != value:
            raise ConfigError(
                f"The exchange of this home was opened with another {name.replace('_', ' ')}",
                figures={"opened with": found[name], "asked for": value},
                remedy="Use the settings it was opened with, or another home for another exchange.",
            )


def _create(
    book: sqlite3.Connection,
    bars: Path,
    settings: ExchangeSettings,
    facts: Mapping[str, str],
    sessions: Sessions,
) -> None:
    prices = list(read_prices(bars))
    _check_start(settings.start, {price.session for price in prices}, sessions)
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
    for key, value in facts.items():
        set_meta(book, key, value)
    set_meta(book, "cash", facts["opening_cash"])
    for key in ("opened_at", "clock"):
        set_meta(book, key, at(settings.start, _OPENING).isoformat())
    set_meta(book, "configuration", json.dumps(_CONFIGURATION))


def _check_start(start: dt.date, priced: set[dt.date], sessions: Sessions) -> None:
    if start in priced and sessions.between(start, start):
        return
    usable = sorted(day for day in priced if sessions.between(day, day))
    nearest = min(usable, key=lambda day: abs(day - start), default=None)
    raise ConfigError(
        f"The exchange cannot open on {start}: that is no trading session with prices",
        figures={
            "first session": usable[0] if usable else None,
            "last session": usable[-1] if usable else None,
        },
        remedy=f"Set exchange.start to a session with prices, for example {nearest}.",
    )
