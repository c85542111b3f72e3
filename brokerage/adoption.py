"""Intents that earlier runs left open: looked up at the broker until every one of them has a known end."""

from __future__ import annotations

from collections.abc import Iterable

from brokerage.client import Broker
from brokerage.intents import Intent, IntentLog
from brokerage.models import Order


def adopt(broker: Broker, intents: IntentLog, pending: Iterable[Intent]) -> list[Order]:
    """Find what became of ``pending``, whichever run wrote it, and note it.

    An intention that was never sent is over. One that may have been sent and stays missing at the broker, in
    several looks, is over as well: its order never arrived. Orders that are still open stay in the log.

    Returns:
        The orders found.

    Raises:
        TemporaryError: If the broker stayed unreachable.
    """
    found = []
    for intent in pending:
        name = intent.ticket.client_order_id
        order = None if intent.state == "PLANNED" else broker.search(name)
        if order is None:
            intents.settle(name, "TERMINAL", "never arrived at the broker")
        else:
            found.append(order)
    intents.note(found)
    return found
