"""Carrying orders along: routed, filled, cancelled, rejected, whichever the market and their fate say."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal

from brokerage.paper_exchange.account import read_configuration
from brokerage.paper_exchange.events import Execution, record
from brokerage.paper_exchange.fates import Fate, read_fate
from brokerage.paper_exchange.ids import deterministic_id, next_seq
from brokerage.paper_exchange.options import read_options
from brokerage.paper_exchange.order import Order, cents, open_orders
from brokerage.paper_exchange.pricing import Window, price_now
from brokerage.paper_exchange.store import get_meta, set_meta
from brokerage.paper_exchange.tape import Tape


def settle(book: sqlite3.Connection, tape: Tape, now: dt.datetime, window: Window | None = None) -> None:
    """Carry every open order as far as the market at ``now`` allows.

    Off hours nothing moves: cancels stay pending and new orders stay queued, as at Alpaca. In extended hours only
    orders that were sent for them move, at the quotes that the regular session left.

    Args:
        book: Connection within a transaction.
        tape: The market.
        now: The virtual clock.
        window: Trading time since the last settling, in which stops and limits may have been touched.
    """
    trading, extended = tape.sessions.is_open(now) or window is not None, tape.sessions.is_extended(now)
    if not (trading or extended):
        return
    slippage = read_options(book).slippage_bps
    for order in open_orders(book):
        if trading or order.extended_hours:
            _step(book, tape, now, order, window=window, slippage=slippage)


def execute(book: sqlite3.Connection, order: Order, qty: Decimal, price: Decimal, *, complete: bool) -> Order:
    """Trade ``qty`` shares of an order at ``price``: cash, position, order, event and fill together."""
    held, average = position(book, order.symbol)
    value, sign = cents(qty * price), 1 if order.side == "buy" else -1
    after = held + sign * qty
    if sign * held >= 0:
        average = ((abs(held) * average + qty * price) / abs(after)).quantize(Decimal("1e-9"))
    elif sign * after > 0:
        average = price
    set_meta(book, "cash", Decimal(get_meta(book, "cash") or 0) - sign * value)
    set_position(book, order.symbol, after, average)
    done = order.touched(
        order.updated_at,
        status="filled" if complete else "partially_filled",
        filled_at=order.updated_at,
        filled_qty=order.filled_qty + qty,
        filled_value=order.filled_value + qty * price,
    )
    _record_fill(book, done, Execution(_next_fill_id(book), qty, price, after), value)
    return done


def position(book: sqlite3.Connection, symbol: str) -> tuple[Decimal, Decimal]:
    """Shares held and their average entry price."""
    row = book.execute("SELECT * FROM position WHERE symbol = ?", (symbol,)).fetchone()
    return (Decimal(row["qty"]), Decimal(row["avg_entry_price"])) if row else (Decimal(0), Decimal(0))


def set_position(book: sqlite3.Connection, symbol: str, qty: Decimal, average: Decimal) -> None:
    """Hold ``qty`` shares; none is no position."""
    book.execute("DELETE FROM position WHERE symbol = ?", (symbol,))
    if qty:
        book.execute("INSERT INTO position VALUES (?, ?, ?)", (symbol, f"{qty:f}", f"{average:f}"))


def _step(
    book: sqlite3.Connection,
    tape: Tape,
    now: dt.datetime,
    order: Order,
    *,
    window: Window | None,
    slippage: Decimal,
) -> None:
    fate = read_fate(order.fate)
    if order.status == "pending_cancel" and fate.kind == "stuck_pending_cancel":
        return
    if fate.kind == "reject" and order.status != "pending_cancel":
        record(book, order.touched(now, status="rejected", failed_at=now), "rejected")
        return
    if order.status in ("accepted", "pending_new"):
        order = order.touched(now, status="new")
        record(book, order, "new")
    halted = book.execute("SELECT halted FROM asset WHERE symbol = ?", (order.symbol,)).fetchone()["halted"]
    followed, price = price_now(tape, now, order, window, slippage)
    if followed != order and order.status != "pending_cancel":
        followed.save(book)
        order = followed
    cancelling, delayed = order.status == "pending_cancel", fate.delays(order.created_at, now)
    may_fill = fate.kind == "fill_on_cancel" if cancelling else fate.fills and not delayed
    if price is not None and may_fill and not halted:
        order = _fill(book, now, order, price, fate)
    if order.is_open and (cancelling or (_ends_unfilled(tape, now, order) and not delayed)):
        record(book, order.touched(now, status="canceled", canceled_at=now), "canceled")


def _ends_unfilled(tape: Tape, now: dt.datetime, order: Order) -> bool:
    """Whether what is left of the order is cancelled because of its time in force."""
    opening, closing = tape.sessions.hours(tape.sessions.latest(now))
    if order.time_in_force == "cls":
        return now >= closing
    return order.time_in_force in ("ioc", "fok", "opg") and now >= opening


def _fill(book: sqlite3.Connection, now: dt.datetime, order: Order, price: Decimal, fate: Fate) -> Order:
    wanted = order.remaining(price)
    # a queued notional sale may have become more shares than there are
    whole = min(wanted, position(book, order.symbol)[0]) if order.side == "sell" else wanted
    qty = (whole * fate.fraction).quantize(Decimal("1e-9"), "ROUND_DOWN")
    if qty <= 0 or (order.time_in_force == "fok" and qty < wanted):
        return order
    order = order.touched(now, fate="hold" if fate.then == "hold" else "")
    if order.side == "buy" and not _can_pay(book, cents(qty * price)):
        # queued overnight, and the opening price is more than the account can pay
        order = order.touched(now, status="rejected", failed_at=now)
        record(book, order, "rejected")
        return order
    complete = qty == whole and (order.notional is not None or whole == wanted)
    order = execute(book, order, qty, price, complete=complete)
    if fate.then == "cancel":
        order = order.touched(now, status="canceled", canceled_at=now)
        record(book, order, "canceled")
    return order


def _can_pay(book: sqlite3.Connection, value: Decimal) -> bool:
    margin = read_configuration(book)["max_margin_multiplier"] != "1"
    return margin or value <= Decimal(get_meta(book, "cash") or 0)


def _next_fill_id(book: sqlite3.Connection) -> str:
    return deterministic_id(book, "fill", next_seq(book, "fill"))


def _record_fill(book: sqlite3.Connection, order: Order, execution: Execution, value: Decimal) -> None:
    record(book, order, "partial_fill" if order.is_open else "fill", execution)
    leaves = order.remaining(execution.price) if order.is_open else Decimal(0)
    book.execute(
        "INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            next_seq(book, "fill"),
            execution.id,
            order.id,
            order.symbol,
            order.side,
            f"{execution.qty:f}",
            f"{execution.price:f}",
            f"{value:f}",
            order.updated_at.isoformat(),
            f"{order.filled_qty:f}",
            f"{leaves:f}",
            order.status,
        ),
    )
