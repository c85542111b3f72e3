"""Orders under a name of ours that this state folder never wrote down: another folder trades the same account."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from pydantic import TypeAdapter

from brokerage.client import Broker
from brokerage.models import Order
from schemas.errors import TemporaryError

PAGE_SIZE = 500
MOST_PAGES = 20


def strangers(
    broker: Broker, known: Collection[str], strategies: Collection[str], since: dt.datetime
) -> list[str]:
    """Ids of orders after ``since`` that name one of ``strategies`` and a week, and are not ``known``, as intents are.

    Every order is an intent on disk before it is sent, so such an order came from elsewhere, also when both
    folders count their runs alike.

    Raises:
        TemporaryError: The list of orders does not come to an end.
    """
    ours = re.compile(rf"({'|'.join(map(re.escape, strategies))})-\d{{4}}-W\d{{2}}-")
    names = {order.client_order_id for order in orders_after(broker, since)}
    return sorted(name for name in names.difference(known) if ours.match(name))


def orders_after(broker: Broker, since: dt.datetime) -> list[Order]:
    """Every order submitted after ``since``, whatever became of it, oldest first.

    Raises:
        TemporaryError: The list does not come to an end.
    """
    found: list[Order] = []
    start: dict[str, object] = {"after": since.isoformat()}
    for _ in range(MOST_PAGES):
        fields = {"status": "all", "direction": "asc", "limit": PAGE_SIZE} | start
        page = _ORDERS.validate_python(broker.answer("/orders", **fields))
        found += page
        if len(page) < PAGE_SIZE:
            return found
        start = {"after_order_id": page[-1].id}
    raise TemporaryError(
        "The account's orders do not come to an end",
        figures={"orders read": len(found), "since": since},
        remedy="Run the same command again later.",
    )


_ORDERS = TypeAdapter(list[Order])
