"""Waiting for orders to end, by asking: a stream of events may be silent, late or twice, the book is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from brokerage.client import Broker
from brokerage.models import Order
from schemas.errors import UnknownOutcome

SLOWER = 1.5
"""Each pause between two looks is longer than the one before by this factor ..."""
SLOWEST = 5.0
"""... up to this many times the first."""


@dataclass(frozen=True)
class Pace:
    """How often to look and for how long, with the clock to do it by."""

    poll_seconds: float
    deadline_seconds: float
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def looks(self) -> Iterator[None]:
        """One turn a look, ever slower: the first at once, the last when the deadline is over."""
        ends, pause = self.monotonic() + self.deadline_seconds, self.poll_seconds
        yield
        while self.monotonic() < ends:
            self.sleep(pause)
            yield
            pause = min(pause * SLOWER, self.poll_seconds * SLOWEST)


def wait(broker: Broker, orders: Iterable[Order], pace: Pace) -> list[Order]:
    """Look until every order is terminal or the deadline is over; what an order was replaced by counts too.

    Terminal does not mean filled: a canceled order may have filled in part.
    """
    latest = {order.client_order_id: order for order in orders}
    for _ in pace.looks():
        _add_successors(broker, latest)
        waiting = [order for order in latest.values() if not order.is_terminal]
        if not waiting:
            break
        # One call a look, whatever their number: the budget is 200 calls a minute.
        listed = {order.client_order_id: order for order in broker.open_orders()}
        for order in waiting:
            name = order.client_order_id
            latest[name] = listed.get(name) or broker.order(name) or order
    _add_successors(broker, latest)
    return list(latest.values())


def cancel(broker: Broker, orders: Iterable[Order], pace: Pace) -> list[Order]:
    """Cancel what is open among ``orders`` and wait until it has ended; a fill that comes first counts."""
    orders = list(orders)
    for order in orders:
        if not order.is_terminal:
            broker.cancel(order)
    return wait(broker, orders, pace)


def require_ended(orders: Iterable[Order]) -> None:
    """Refuse to go on beside orders that may still change.

    Raises:
        UnknownOutcome: If one is open: a person must look.
    """
    stuck = {order.client_order_id: order.status for order in orders if not order.is_terminal}
    if stuck:
        raise UnknownOutcome(
            "Orders stay open although their cancellation was asked for",
            figures=stuck,
            remedy="Look at these orders at the broker; nothing more was sent. Go on when they have ended.",
        )


def _add_successors(broker: Broker, latest: dict[str, Order]) -> None:
    known = {order.id for order in latest.values()}
    due = [order.replaced_by for order in latest.values() if order.status == "replaced"]
    while due:
        successor_id = due.pop()
        if successor_id and successor_id not in known:
            successor = broker.order_by_id(successor_id)
            latest[successor.client_order_id] = successor
            known.add(successor_id)
            due.append(successor.replaced_by)
