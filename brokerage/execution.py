"""Sends a trade list: sells, then buys from the cash that is really there, each order at most once.

Interrupted at any point, the same call with the same plan goes on where it stopped: every id is looked
up before it is sent, and what exists is adopted.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from brokerage.client import Broker, same_trade
from brokerage.following import Pace, follow
from brokerage.models import Account, Order, Position
from brokerage.orders import NOTHING, PlannedOrder, cash_buffer, scale_buys
from brokerage.preflight import (
    clear_leftovers,
    differences,
    require_free_account,
    require_holdings,
    require_hours,
    require_own,
)
from brokerage.records import Execution, fill_row, order_row, outcome_of, position_rows
from schemas.errors import BrokerRefusal, GuardRefusal, UnknownOutcome
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

CASH_TOLERANCE = Decimal("0.0005")
"""Fees and roundings by which cash may differ from what the fills say (fraction of the value traded)."""


def execute(
    broker: Broker,
    run: Run,
    plan: Sequence[PlannedOrder],
    params: ExecutionParameters,
    *,
    before_sending: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Execution:
    """Carry out ``plan``: sells first, then buys scaled by one factor to the cash the sells brought.

    Orders the broker refuses or does not fill are reported in the rows and leave the outcome
    ``adjusted``; so do trades that came too late to be sent beside those sent before. Every other
    failure is raised, and calling again continues.

    Args:
        broker: The account.
        run: Whose orders these are.
        plan: The trade list; holds are reported, not sent.
        params: Least trade, pace and deadline.
        before_sending: Called once, right before the first order this call sends; not at all when there
            is none to send. It may raise ``GuardRefusal``.
        sleep: How to wait.
        monotonic: The clock of the waits (seconds).

    Raises:
        GuardRefusal: If the market is closed or closes too soon or ``before_sending`` refuses, unless
            orders of this run exist already; if an order under one of its ids is older than the run; if
            orders of somebody else are open; or if holdings are no longer those of the plan. Nothing was
            sent by this call.
        BrokerRefusal: If the account may not trade.
        UnknownOutcome: If an order can be neither confirmed nor ruled out, or fills and holdings do not
            come to agree: a person must look.
        TemporaryError: If the broker stayed unreachable.
    """
    pace = Pace(params.poll_seconds, params.deadline_seconds, sleep, monotonic)
    trades = [row for row in plan if row.action != "hold"]
    book = _Book()
    for trade in trades:
        order = broker.order(trade.ticket().client_order_id)
        if order is not None:
            book.add(same_trade(require_own(run, order), trade.ticket()))
    if all(book.has_ended(trade) for trade in trades):
        return _report(plan, book, broker.positions(), broker.account(), params)
    _preflight(broker, run, plan, book, pace)
    ask = functools.cache(before_sending)
    book.cash, book.paid_before = broker.account().cash, book.paid

    _send(broker, [trade for trade in trades if trade.action == "sell"], book, pace, ask)
    account, _ = _settle(broker, plan, book, pace)
    unsent = [trade for trade in trades if trade.action == "buy" and not book.has(trade)]
    fitted = scale_buys(unsent, account.spendable - cash_buffer(plan), params.min_trade)
    book.skipped = {row.symbol: row.reason for row in fitted if row.action == "hold"}
    _send(broker, [row for row in fitted if row.action == "buy"], book, pace, ask)
    account, positions = _settle(broker, plan, book, pace)
    return _report(plan, book, positions, account, params)


@dataclass
class _Book:
    """Orders of this run by id, and what their fills did to cash since the account was first read."""

    orders: dict[str, Order] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    """Why nothing more is sent, although orders of this run exist; empty while sending goes on."""
    cash: Decimal = NOTHING
    paid_before: Decimal = NOTHING

    def add(self, order: Order) -> None:
        self.orders[order.client_order_id] = order

    def has(self, trade: PlannedOrder) -> bool:
        return trade.client_order_id in self.orders

    def has_ended(self, trade: PlannedOrder) -> bool:
        return self.has(trade) and self.orders[trade.ticket().client_order_id].is_terminal

    @property
    def paid(self) -> Decimal:
        """Cash the fills brought, less what they cost (USD)."""
        return sum((-_sign(order) * order.filled_value for order in self.orders.values()), NOTHING)

    def holdings(self, plan: Iterable[PlannedOrder]) -> dict[str, Decimal]:
        """Shares each planned symbol should show: those of the plan and the fills since."""
        shares = {row.symbol: row.current_qty for row in plan}
        for order in self.orders.values():
            shares[order.symbol] += _sign(order) * order.filled_qty
        return shares


def _preflight(broker: Broker, run: Run, plan: Sequence[PlannedOrder], book: _Book, pace: Pace) -> None:
    """Everything that must hold before the first order."""
    require_free_account(broker.account())
    if _permits(lambda: require_hours(broker.clock(), pace), book):
        clear_leftovers(broker, run, book.orders, pace)
        # Only after fills of our own can holdings lag behind; else a difference is one.
        require_holdings(broker, book.holdings(plan), pace.looks() if book.orders else [None])


def _permits(check: Callable[[], None], book: _Book) -> bool:
    """Whether ``check`` lets orders be sent.

    Beside orders that exist already its refusal only ends the sending: they are followed and recorded.
    """
    if not book.stopped:
        try:
            check()
        except GuardRefusal as refusal:
            if not book.orders:
                raise
            book.stopped = refusal.what
    return not book.stopped


def _send(
    broker: Broker, trades: Iterable[PlannedOrder], book: _Book, pace: Pace, ask: Callable[[], None]
) -> None:
    """Send what was not sent before, if ``ask`` lets it; then follow everything of this run to its end."""
    unsent = [trade for trade in trades if not book.has(trade)]
    for trade in unsent if unsent and _permits(ask, book) else []:
        try:
            book.add(broker.submit(trade.ticket()))
        except BrokerRefusal as refusal:
            book.refusals[trade.symbol] = refusal.figures.get("message", refusal.what)
    for order in follow(broker, book.orders.values(), pace):
        book.add(order)


def _settle(
    broker: Broker, plan: Sequence[PlannedOrder], book: _Book, pace: Pace
) -> tuple[Account, list[Position]]:
    """Read account and positions until they show the fills: both lag behind the orders by seconds.

    Cash that does not come to agree is taken as it is, since money may have been paid in or out.
    """
    expected = book.holdings(plan)
    traded = sum((order.filled_value for order in book.orders.values()), NOTHING)
    cash = book.cash + book.paid - book.paid_before
    for _ in pace.looks():
        account, positions = broker.account(), broker.positions()
        apart = differences(expected, positions)
        if not apart and abs(account.cash - cash) <= CASH_TOLERANCE * traded:
            break
    if apart:
        raise UnknownOutcome(
            "Holdings and fills do not come to agree",
            figures=apart,
            remedy="Look at positions and fills at the broker; nothing more was sent.",
        )
    return account, positions


def _sign(order: Order) -> int:
    return 1 if order.side == "buy" else -1


def _report(
    plan: Sequence[PlannedOrder],
    book: _Book,
    positions: Iterable[Position],
    account: Account,
    params: ExecutionParameters,
) -> Execution:
    trades = [row for row in plan if row.action != "hold"]
    rows = [
        order_row(
            trade,
            book.orders.get(trade.ticket().client_order_id),
            book.refusals.get(trade.symbol),
            book.stopped or book.skipped.get(trade.symbol),
        )
        for trade in trades
    ]
    filled = [
        fill_row(trade, book.orders[name])
        for trade in trades
        if (name := trade.client_order_id) in book.orders
    ]
    return Execution(
        orders=tuple(rows),
        fills=tuple(row for row in filled if row is not None),
        positions=position_rows(plan, positions, account),
        outcome=outcome_of(plan, book.orders, params.min_trade),
    )
