"""Filling orders: market at the far side of the quote, limits when the price gets there."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from decimal import Decimal

from brokerage.paper_exchange.account import read_configuration
from brokerage.paper_exchange.events import Execution, record
from brokerage.paper_exchange.fates import Fate, read_fate
from brokerage.paper_exchange.order import Order, cents, open_orders
from brokerage.paper_exchange.store import get_meta, set_meta
from brokerage.paper_exchange.tape import Tape

Window = tuple[dt.datetime, dt.datetime]
"""Trading time that passed since the book was last settled."""


def settle(book: sqlite3.Connection, tape: Tape, now: dt.datetime, window: Window | None = None) -> None:
    """Carry every open order as far as the market at ``now`` allows.

    Off hours nothing moves: cancels stay pending and new orders stay queued, as at Alpaca. Within a
    ``window`` a resting limit order whose price was touched fills at its limit.
    """
    if not (tape.sessions.is_open(now) or window):
        return
    for order in open_orders(book):
        _step(book, tape, now, order, window)


def deterministic_id(book: sqlite3.Connection, kind: str, number: int) -> str:
    """The uuid of the ``number``-th thing of a kind: the same in every run with the same seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{get_meta(book, 'seed')}:{kind}:{number}"))


def _step(
    book: sqlite3.Connection, tape: Tape, now: dt.datetime, order: Order, window: Window | None
) -> None:
    fate = read_fate(order.fate)
    if order.status == "pending_cancel":
        _cancel(book, tape, now, order, fate)
        return
    if fate.kind == "reject":
        record(book, order.touched(now, status="rejected", failed_at=now), "rejected")
        return
    if order.status in ("accepted", "pending_new"):
        order = order.touched(now, status="new")
        record(book, order, "new")
    if not fate.fills or fate.delays(order.created_at, now):
        return
    price = None if _halted(book, order.symbol) else _price(tape, now, order, window)
    if price is not None:
        _fill(book, now, order, price, fate)


def _cancel(book: sqlite3.Connection, tape: Tape, now: dt.datetime, order: Order, fate: Fate) -> None:
    if fate.kind == "stuck_pending_cancel":
        return
    price = _price(tape, now, order, None) if fate.kind == "fill_on_cancel" else None
    if price is None:
        record(book, order.touched(now, status="canceled", canceled_at=now), "canceled")
    else:
        _fill(book, now, order, price, fate)


def _halted(book: sqlite3.Connection, symbol: str) -> bool:
    return bool(book.execute("SELECT halted FROM asset WHERE symbol = ?", (symbol,)).fetchone()["halted"])


def _price(tape: Tape, now: dt.datetime, order: Order, window: Window | None) -> Decimal | None:
    quote = tape.quote(order.symbol, now)
    if quote is None or not tape.trades_on(order.symbol, tape.sessions.latest(now)):
        return None
    buying, limit = order.side == "buy", order.limit_price
    if window and limit is not None:
        lowest_ask, highest_bid = tape.reach(order.symbol, *window)
        return limit if (lowest_ask <= limit if buying else highest_bid >= limit) else None
    far_side = quote.ask if buying else quote.bid
    if limit is None or (far_side <= limit if buying else far_side >= limit):
        return far_side
    return None


def _fill(book: sqlite3.Connection, now: dt.datetime, order: Order, price: Decimal, fate: Fate) -> None:
    held, average = _position(book, order.symbol)
    wanted = order.remaining(price)
    whole = min(wanted, held) if order.side == "sell" else wanted
    qty = (whole * fate.fraction).quantize(Decimal("1e-9"), "ROUND_DOWN")
    if qty == 0:
        return
    cash, value = Decimal(get_meta(book, "cash") or 0), cents(qty * price)
    buying = order.side == "buy"
    if buying and value > cash and read_configuration(book)["max_margin_multiplier"] == "1":
        # queued overnight, and the opening price is more than the account can pay
        record(book, order.touched(now, status="rejected", failed_at=now), "rejected")
        return
    if buying:
        average = ((held * average + qty * price) / (held + qty)).quantize(Decimal("1e-9"))
    set_meta(book, "cash", cash - value if buying else cash + value)
    _set_position(book, order.symbol, held + qty if buying else held - qty, average)
    complete = qty == whole and (order.notional is not None or whole == wanted)
    done = order.touched(
        now,
        status="filled" if complete else "partially_filled",
        filled_at=now,
        filled_qty=order.filled_qty + qty,
        filled_value=order.filled_value + qty * price,
        fate="hold" if fate.then == "hold" else "",
    )
    _record(book, done, qty, price, value)
    if fate.then == "cancel":
        record(book, done.touched(now, status="canceled", canceled_at=now), "canceled")


def _position(book: sqlite3.Connection, symbol: str) -> tuple[Decimal, Decimal]:
    row = book.execute("SELECT * FROM position WHERE symbol = ?", (symbol,)).fetchone()
    return (Decimal(row["qty"]), Decimal(row["avg_entry_price"])) if row else (Decimal(0), Decimal(0))


def _set_position(book: sqlite3.Connection, symbol: str, qty: Decimal, average: Decimal) -> None:
    book.execute("DELETE FROM position WHERE symbol = ?", (symbol,))
    if qty:
        book.execute("INSERT INTO position VALUES (?, ?, ?)", (symbol, f"{qty:f}", f"{average:f}"))


def _record(book: sqlite3.Connection, order: Order, qty: Decimal, price: Decimal, value: Decimal) -> None:
    seq = book.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM fill").fetchone()[0]
    execution = Execution(
        deterministic_id(book, "fill", seq), qty, price, position_qty=_position(book, order.symbol)[0]
    )
    record(book, order, "partial_fill" if order.is_open else "fill", execution)
    leaves = order.remaining(price) if order.is_open else Decimal(0)
    book.execute(
        "INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            execution.id,
            order.id,
            order.symbol,
            order.side,
            f"{qty:f}",
            f"{price:f}",
            f"{value:f}",
            order.updated_at.isoformat(),
            f"{order.filled_qty:f}",
            f"{leaves:f}",
            order.status,
        ),
    )
