"""Waiting for orders to end, by asking: a stream of events may be silent, late or twice, the book is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from brokerage.client import Broker
from brokerage.models import Order
from schemas.errors import UnknownOutcome


@dataclass(frozen=True)
class Pace:
    """How often to look and for how long, with the clock to do it by."""

    poll_seconds: float
    deadline_seconds: float
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]

    def looks(self) -> Iterator[None]:
        """One turn a look: the first at once, the last when the deadline is over."""
        ends = self.monotonic() + self.deadline_seconds
        yield
        while self.monotonic() < ends:
            self.sleep(self.poll_seconds)
            yield


def follow(broker: Broker, orders: Iterable[Order], pace: Pace) -> list[Order]:
    """Wait until every order is terminal; cancel at the deadline what is not.

    Terminal does not mean filled: a canceled order may have filled in part.

    Raises:
        UnknownOutcome: If an order is still open a deadline after its cancellation was asked for.
    """
    latest = _wait(broker, orders, pace)
    return latest if all(order.is_terminal for order in latest) else finish(broker, latest, pace)


def finish(broker: Broker, orders: Iterable[Order], pace: Pace) -> list[Order]:
    """Cancel what is open among ``orders`` and wait until it is; a fill that comes first counts.

    Raises:
        UnknownOutcome: If an order is still open at the deadline.
    """
    orders = list(orders)
    for order in orders:
        if not order.is_terminal:
            broker.cancel(order)
    latest = _wait(broker, orders, pace)
    stuck = {order.client_order_id: order.status for order in latest if not order.is_terminal}
    if stuck:
        raise UnknownOutcome(
            "Orders stay open although their cancellation was asked for",
            figures=stuck,
            remedy="Look at these orders at the broker; nothing more was sent. Run again when they have ended.",
        )
    return latest


def _wait(broker: Broker, orders: Iterable[Order], pace: Pace) -> list[Order]:
    latest = {order.client_order_id: order for order in orders}
    for _ in pace.looks():
        waiting = [order for order in latest.values() if not order.is_terminal]
        if not waiting:
            break
        # One call a look, whatever their number: the budget is 200 calls a minute.
        listed = {order.client_order_id: order for order in broker.open_orders()}
        for order in waiting:
            name = order.client_order_id
            latest[name] = listed.get(name) or broker.order(name) or order
    return list(latest.values())
