"""What the account notices of corporate actions: at the open of the day on which they are booked."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal

from brokerage.paper_exchange.activities import book_activity
from brokerage.paper_exchange.corporate_actions import CorporateAction
from brokerage.paper_exchange.events import record
from brokerage.paper_exchange.matching import position, set_position
from brokerage.paper_exchange.options import read_options
from brokerage.paper_exchange.order import open_orders
from brokerage.paper_exchange.tape import Tape


def read_actions(book: sqlite3.Connection) -> list[CorporateAction]:
    """All corporate actions, in the order in which they were added."""
    rows = book.execute("SELECT body FROM corp_action ORDER BY seq")
    return [CorporateAction.model_validate_json(row["body"]) for row in rows]


def book_actions(book: sqlite3.Connection, tape: Tape, now: dt.datetime) -> None:
    """Book what is due at the open at ``now``, before anything trades."""
    session, live_like = tape.sessions.latest(now), read_options(book).live_like
    for action in read_actions(book):
        if action.is_split and action.ex_date == session:
            _cancel_orders(book, now, action.symbol)
        if session != (action.booked_on or action.ex_date):
            continue
        if action.is_split:
            _split(book, tape, now, action)
        elif live_like:
            _distribute(book, now, action)


def _cancel_orders(book: sqlite3.Connection, now: dt.datetime, symbol: str) -> None:
    for order in open_orders(book, symbol):
        record(book, order.touched(now, status="canceled", canceled_at=now), "canceled")


def _split(book: sqlite3.Connection, tape: Tape, now: dt.datetime, action: CorporateAction) -> None:
    held, average = position(book, action.symbol)
    quote = tape.quote(action.symbol, now)
    if not held or quote is None:
        return
    asset = book.execute("SELECT fractionable FROM asset WHERE symbol = ?", (action.symbol,)).fetchone()
    unit = Decimal("1e-9") if asset["fractionable"] else Decimal(1)
    exact = held * action.ratio
    after = exact.quantize(unit, "ROUND_DOWN")
    set_position(book, action.symbol, after, (average / action.ratio).quantize(Decimal("1e-9")))
    book_activity(
        book,
        now,
        "SPLIT",
        (exact - after) * quote.last,
        sub_type="FSPLIT" if action.type == "forward_split" else "RSPLIT",
        symbol=action.symbol,
        qty=after - held,
    )


def _distribute(book: sqlite3.Connection, now: dt.datetime, action: CorporateAction) -> None:
    held, _ = position(book, action.symbol)
    if not held:
        return
    kind, sub_type = ("DIV", "CDIV") if action.type == "cash_dividend" else ("CGD", "LTCG")
    book_activity(
        book,
        now,
        kind,
        held * action.rate,
        sub_type=sub_type,
        symbol=action.symbol,
        qty=held,
        per_share=action.rate,
    )
