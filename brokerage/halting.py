"""Stopping on all levels: no order after this, none of ours left open, and the broker takes no more."""

from __future__ import annotations

import re
import time
from collections.abc import Collection

from brokerage.client import Broker
from brokerage.following import Pace, cancel
from brokerage.models import Order

PATIENCE = 15.0
"""How long to wait for cancellations to take effect (seconds); while the market is closed none does."""


def cancel_own(broker: Broker, strategies: Collection[str]) -> list[Order]:
    """Cancel every open order that one of ``strategies`` sent, whatever its run; returns how they stand."""
    ours = re.compile(rf"({'|'.join(map(re.escape, strategies))})-\d{{4}}-W\d{{2}}-")
    own = [order for order in broker.open_orders() if ours.match(order.client_order_id)]
    return cancel(broker, own, Pace(0.5, PATIENCE, time.sleep, time.monotonic))


def suspend(broker: Broker, *, suspended: bool) -> None:
    """Have the broker refuse every new order of the account, or take them again; cancellations still work."""
    broker.configure({"suspend_trade": suspended})
