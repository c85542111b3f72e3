"""The order that a request becomes when it is accepted."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal

from brokerage.paper_exchange.ids import deterministic_id, next_seq
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.sessions import Sessions
from brokerage.paper_exchange.ticket import Ticket

_GOOD_TILL_CANCELED = dt.timedelta(days=90)


def new_order(
    book: sqlite3.Connection,
    sessions: Sessions,
    now: dt.datetime,
    ticket: Ticket,
    *,
    collar: Decimal | None = None,
    replaces: str | None = None,
) -> Order:
    """An order with the next id, pending in market hours and accepted for the next open outside; not saved."""
    seq = next_seq(book, "orders")
    is_open = sessions.is_extended(now) if ticket.extended_hours else sessions.is_open(now)
    return Order(
        seq=seq,
        id=deterministic_id(book, "order", seq),
        client_order_id=ticket.client_order_id or deterministic_id(book, "client", seq),
        symbol=ticket.symbol,
        side=ticket.side,
        type=ticket.type,
        time_in_force=ticket.time_in_force,
        qty=ticket.qty,
        notional=ticket.notional,
        limit_price=ticket.limit_price,
        stop_price=ticket.stop_price,
        trail_price=ticket.trail_price,
        trail_percent=ticket.trail_percent,
        extended_hours=ticket.extended_hours,
        collar=collar,
        status="pending_new" if is_open else "accepted",
        created_at=now,
        updated_at=now,
        expires_at=_expiry(sessions, now, ticket),
        replaces=replaces,
    )


def _expiry(sessions: Sessions, now: dt.datetime, ticket: Ticket) -> dt.datetime:
    if ticket.extended_hours:
        return sessions.next_extended_close(now)
    return sessions.next_close(now + _GOOD_TILL_CANCELED if ticket.time_in_force == "gtc" else now)
