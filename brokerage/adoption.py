"""Intents that earlier runs left open: looked up at the broker until every one of them has a known end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from brokerage.client import Broker
from brokerage.intents import Intent, IntentLog
from brokerage.models import Order
from schemas.errors import UnknownOutcome


def adopt(broker: Broker, intents: IntentLog, pending: Iterable[Intent], *, today: dt.date) -> list[Order]:
    """Find what became of ``pending``, whichever run wrote it, and note it.

    An intention that was never sent is over. One that may have been sent and stays missing at the broker, in
    several looks, is over on a later session: orders are for the day, so it cannot come through any more. Orders
    that are still open stay in the log.

    Args:
        broker: The account.
        intents: The log.
        pending: What to look up.
        today: The exchange's date.

    Returns:
        The orders found.

    Raises:
        UnknownOutcome: If one of today that may have been sent is missing: trading beside it could do it twice.
        TemporaryError: If the broker stayed unreachable.
    """
    found, missing = [], {}
    for intent in pending:
        name = intent.ticket.client_order_id
        order = broker.search(name) if intent.may_arrive else None
        if order is not None:
            found.append(order)
        elif intent.may_arrive and intent.session >= today:
            missing[name] = f"{intent.ticket.side} {intent.ticket.symbol}"
        else:
            intents.settle(name, "TERMINAL", "never arrived at the broker")
    intents.note(found)
    if missing:
        raise UnknownOutcome(
            "Orders of an earlier run of today may still come through",
            figures=missing,
            remedy="Nothing was sent. Run again on the next session: orders are for the day, so they are over then.",
        )
    return found
