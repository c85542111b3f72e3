"""Replacing an open order: what the request changes, and the order that takes its place."""

from __future__ import annotations

import dataclasses
from typing import Any

from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import invalid, unprocessable
from brokerage.paper_exchange.ticket import Ticket, check_values, number, text


def amended(order: Order, content: dict[str, Any]) -> Ticket:
    """The request for the order that replaces ``order``.

    Members that are absent or null stay as they are; without ``qty`` the successor takes the shares that
    are left.

    Raises:
        Refusal: The order cannot be replaced any more, or the change makes no sense.
    """
    _check_replaceable(order)
    before = _ticket(order)
    changes: dict[str, Any] = {
        name: figure
        for name in ("qty", "limit_price", "stop_price")
        if (figure := number(content, name)) is not None
    }
    trail = number(content, "trail")
    if trail is not None:
        if order.type != "trailing_stop":
            raise invalid("trail can only be changed on trailing stop orders")
        changes["trail_price" if order.trail_price is not None else "trail_percent"] = trail
    if text(content, "time_in_force"):
        changes["time_in_force"] = text(content, "time_in_force")
    after = dataclasses.replace(before, **changes)
    if after == before:
        raise unprocessable("order parameters are not changed")
    after = dataclasses.replace(after, client_order_id=text(content, "client_order_id") or None)
    check_values(after)
    return after


def _check_replaceable(order: Order) -> None:
    if not order.is_open:
        raise unprocessable(f'order is already in "{order.status}" state')
    if order.status not in ("new", "partially_filled"):
        raise unprocessable(f"cannot replace order in {order.status} status")
    if order.notional is not None:
        raise unprocessable("notional orders cannot be replaced")


def _ticket(order: Order) -> Ticket:
    return Ticket(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        qty=(order.qty or 0) - order.filled_qty,
        limit_price=order.limit_price,
        stop_price=None if order.type == "trailing_stop" else order.stop_price,
        trail_price=order.trail_price,
        trail_percent=order.trail_percent,
        extended_hours=order.extended_hours,
    )
