"""What must hold before an order may be sent: the account, the hour, and nobody else at work."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.following import Pace, cancel, require_ended
from brokerage.models import Account, Clock, Order, Position
from brokerage.orders import NOTHING, PlannedOrder
from schemas.errors import BrokerRefusal, GuardRefusal
from schemas.identity import Run

DEADLINES_A_SIDE = 2
"""A side's orders are followed to a deadline, and once more after their cancellation."""
LEAST_BEFORE_CLOSE = dt.timedelta(minutes=5)
"""No order goes out later than this before a close, however short the deadlines are."""
SAME_SHARES = Decimal("0.00000001")


def require_own(run: Run, order: Order) -> Order:
    """Tell an order of this run from one that a run of the same name sent elsewhere, before it.

    Raises:
        GuardRefusal: If ``order`` was submitted before the run was decided.
    """
    if order.submitted_at is not None and order.submitted_at < run.decided_at:
        raise GuardRefusal(
            "The broker already has an order under this id that this run did not send",
            figures={
                "client_order_id": order.client_order_id,
                "submitted_at": order.submitted_at,
                "decided_at": run.decided_at,
            },
            remedy="This state folder does not know that order: use the folder that sent it, or wait for next "
            "week. Nothing was sent.",
        )
    return order


def require_free_account(account: Account) -> None:
    """Refuse an account that may not trade.

    Raises:
        BrokerRefusal: With what stands in the way.
    """
    if account.obstacles:
        raise BrokerRefusal(
            "The account may not trade",
            figures={"because": ", ".join(account.obstacles)},
            remedy="Settle it at the broker, then run again: nothing was sent.",
        )


def require_hours(run: Run, clock: Clock, pace: Pace, *, sides: int) -> None:
    """Refuse when the orders could not be followed to their end on the run's own day while the market is open.

    Args:
        run: Whose orders these are.
        clock: The exchange's, which alone decides, also on the days it closes early.
        pace: How long each side may take.
        sides: How many of sells and buys are still to come.

    Raises:
        GuardRefusal: If the day of the run is over, or the market is closed or closes too soon.
    """
    needed = max(dt.timedelta(seconds=sides * DEADLINES_A_SIDE * pace.deadline_seconds), LEAST_BEFORE_CLOSE)
    if (today := clock.timestamp.astimezone(NEW_YORK).date()) != run.session:
        raise GuardRefusal(
            "This run began on another day and goes no further",
            figures={"began on": run.session, "exchange's date": today},
            remedy="Start a new run, which plans from today's holdings.",
        )
    if not clock.is_open:
        raise GuardRefusal(
            "The market is closed, and orders are never queued for the next open",
            figures={"exchange time": clock.timestamp, "next open": clock.next_open},
            remedy="Run again while the market is open.",
        )
    if clock.timestamp + needed > clock.next_close:
        raise GuardRefusal(
            "The market closes too soon to follow the orders to their end",
            figures={"exchange time": clock.timestamp, "close": clock.next_close, "needed": needed},
            remedy="Run again on the next session, earlier in the day.",
        )


def clear_leftovers(broker: Broker, run: Run, own: Collection[str], pace: Pace) -> None:
    """Cancel what earlier runs of this strategy left open; refuse to trade beside anybody else's orders.

    Args:
        broker: The account.
        run: The run that is about to send.
        own: Ids of the orders it has sent already, which stay open.
        pace: How long a cancellation may take.

    Raises:
        GuardRefusal: If orders of somebody else are open, or one of the strategy's filled after all.
        UnknownOutcome: If an order stays open although its cancellation was asked for.
    """
    mine = re.compile(rf"{re.escape(run.strategy)}-\d{{4}}-W\d{{2}}-")
    others = [order for order in broker.open_orders() if order.client_order_id not in own]
    foreign = {o.client_order_id: f"{o.side} {o.symbol}" for o in others if not mine.match(o.client_order_id)}
    if foreign:
        raise GuardRefusal(
            "The account has open orders that are not this strategy's",
            figures=foreign,
            remedy="Cancel them or let them fill, then run again: nothing was sent.",
        )
    seen = {order.client_order_id: order.filled_qty for order in others}
    ended = cancel(broker, others, pace)
    require_ended(ended)
    filled = {
        order.client_order_id: f"filled {order.filled_qty} instead of {before}"
        for order in ended
        if order.filled_qty > (before := seen.get(order.client_order_id, NOTHING))
    }
    if filled:
        # Positions may show these fills only seconds later, so a look at them proves nothing.
        raise GuardRefusal(
            "Orders of an earlier run filled while they were being canceled",
            figures=filled,
            remedy="Run again to plan afresh: nothing more was sent.",
        )


def require_holdings(
    broker: Broker, expected: Mapping[str, Decimal], sells: Iterable[PlannedOrder], looks: Iterable[None]
) -> None:
    """Refuse when the account does not come to hold ``expected`` shares of each symbol within ``looks``.

    Neither may an order nobody lists hold the shares that ``sells`` are to sell.

    Raises:
        GuardRefusal: With every symbol that differs.
    """
    for _ in looks:
        positions = broker.positions()
        changed = differences(expected, positions)
        if not changed:
            require_available(positions, sells)
            return
    raise GuardRefusal(
        "The holdings are no longer those the plan was made for",
        figures=changed,
        remedy="Run again to plan afresh: nothing more was sent.",
    )


def require_available(positions: Sequence[Position], sells: Iterable[PlannedOrder]) -> None:
    """Refuse to sell shares that something else at the broker holds on to: it would only say no.

    Raises:
        GuardRefusal: With every symbol of which too few are free.
    """
    free = {p.symbol: p.qty if p.qty_available is None else p.qty_available for p in positions}
    held = {
        row.symbol: f"{free[row.symbol]} of {row.current_qty} available, {row.qty} to sell"
        for row in sells
        if row.qty is not None and row.qty > free.get(row.symbol, NOTHING)
    }
    if held:
        raise GuardRefusal(
            "Shares that are to be sold are held for other orders",
            figures=held,
            remedy="Cancel what holds them at the broker, then run again: nothing more was sent.",
        )


def differences(expected: Mapping[str, Decimal], positions: Iterable[Position]) -> dict[str, str]:
    """Symbols whose shares are not those ``expected``, in words."""
    held = {p.symbol: p.qty for p in positions}
    pairs = {symbol: (held.get(symbol, NOTHING), shares) for symbol, shares in expected.items()}
    return {
        symbol: f"holds {held} instead of {shares}"
        for symbol, (held, shares) in pairs.items()
        if abs(held - shares) > SAME_SHARES
    }
