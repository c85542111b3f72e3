"""Account activities: every fill, and whatever else changes cash or shares."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal
from typing import Any, NamedTuple

from brokerage.paper_exchange.documents import fill_document, instant
from brokerage.paper_exchange.ids import deterministic_id, next_seq
from brokerage.paper_exchange.order import cents
from brokerage.paper_exchange.refusal import invalid, plain
from brokerage.paper_exchange.sessions import NEW_YORK
from brokerage.paper_exchange.store import get_meta, set_meta

_TYPES = frozenset(
    [
        "FILL",
        "TRANS",
        "MISC",
        "ACATC",
        "ACATS",
        "CFEE",
        "CGD",
        "CSD",
        "CSW",
        "DIV",
        "DIVCGL",
        "DIVCGS",
        "DIVFEE",
        "DIVFT",
        "DIVNRA",
        "DIVROC",
        "DIVTW",
        "DIVTXEX",
        "FEE",
        "INT",
        "INTNRA",
        "INTTW",
        "JNL",
        "JNLC",
        "JNLS",
        "MA",
        "NC",
        "OPASN",
        "OPCA",
        "OPCSH",
        "OPEXC",
        "OPEXP",
        "OPTRD",
        "PTC",
        "PTR",
        "REO",
        "REORG",
        "SPIN",
        "SPLIT",
        "FOPT",
        "OCT",
    ]
)
_TRANSFERS = frozenset({"CSD", "CSW"})
_GROUPS = {
    "TRANS": _TRANSFERS,
    "MISC": frozenset(one for one in _TYPES - _TRANSFERS - {"FILL"} if not one.startswith("DIV")),
}


class Happening(NamedTuple):
    """One activity: when, its type, the order it belongs to, its document."""

    at: dt.datetime
    type: str
    order_id: str | None
    document: dict[str, Any]


def read_types(text: str) -> set[str]:
    """The types of activity that a list with commas names, groups resolved.

    Raises:
        Refusal: 422 for a type that Alpaca does not know.
    """
    wanted: set[str] = set()
    for name in text.split(","):
        if name not in _TYPES:
            raise invalid(f"invalid activity type: {name}")
        wanted |= _GROUPS.get(name, {name})
    return wanted


def book_activity(
    book: sqlite3.Connection,
    now: dt.datetime,
    kind: str,
    amount: Decimal,
    *,
    sub_type: str = "",
    symbol: str | None = None,
    qty: Decimal | None = None,
    per_share: Decimal | None = None,
) -> None:
    """Add ``amount`` to the cash, and record why; a change of shares is booked by the caller."""
    net, seq = cents(amount), next_seq(book, "activity")
    set_meta(book, "cash", Decimal(get_meta(book, "cash") or 0) + net)
    figures = [None if figure is None else f"{figure:f}" for figure in (qty, per_share, net)]
    book.execute(
        "INSERT INTO activity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq, deterministic_id(book, "activity", seq), kind, sub_type, now.isoformat(), symbol, *figures),
    )


def happenings(book: sqlite3.Connection) -> list[Happening]:
    """All activities, oldest first."""
    found = [
        Happening(dt.datetime.fromisoformat(row["at"]), "FILL", row["order_id"], fill_document(row))
        for row in book.execute("SELECT * FROM fill ORDER BY seq")
    ]
    found += [
        Happening(dt.datetime.fromisoformat(row["at"]), row["type"], None, _document(row))
        for row in book.execute("SELECT * FROM activity ORDER BY seq")
    ]
    return sorted(found, key=lambda happening: happening.at)


def _document(row: sqlite3.Row) -> dict[str, Any]:
    when = dt.datetime.fromisoformat(row["at"])
    day = when.astimezone(NEW_YORK).date()
    document = {
        "id": f"{day:%Y%m%d}000000000::{row['id']}",
        "activity_type": row["type"],
        "date": day.isoformat(),
        "created_at": instant(when),
        "net_amount": plain(Decimal(row["net_amount"])),
        "currency": "USD",
        "status": "executed",
    }
    if row["sub_type"]:
        document["activity_sub_type"] = row["sub_type"]
    if row["symbol"]:
        document["symbol"] = row["symbol"]
    for name in ("qty", "per_share_amount"):
        if row[name] is not None:
            document[name] = plain(Decimal(row[name]))
    return document
