"""What a run has sent, what became of it, and what the account should hold because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from brokerage.client import Broker, same_trade, unresolved
from brokerage.intents import REFUSED, IntentLog
from brokerage.models import Order, OrderTicket
from brokerage.orders import NOTHING, PlannedOrder
from brokerage.preflight import require_own
from schemas.errors import BrokerRefusal, GuardRefusal, RiskParityError, UnknownOutcome
from schemas.identity import Run


@dataclass
class Ledger:
    """The trade list of one run beside its orders, by client order id; every change is noted in the intents."""

    run: Run
    plan: Sequence[PlannedOrder]
    intents: IntentLog
    orders: dict[str, Order] = field(default_factory=dict)
    refusals: dict[str, tuple[OrderTicket, str]] = field(default_factory=dict)
    """What the broker declined to make an order of, and its words."""
    doubts: dict[str, tuple[OrderTicket, UnknownOutcome]] = field(default_factory=dict)
    """What may or may not have reached the broker, this time or in an earlier try of this run."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Why a symbol's trade was not sent."""
    stopped: str = ""
    """Why nothing more is sent; empty while sending goes on."""
    cash: Decimal = NOTHING
    """Cash when the account was first read (USD)."""
    paid_before: Decimal = NOTHING

    @property
    def trades(self) -> list[PlannedOrder]:
        """The rows of the plan that send something."""
        return [row for row in self.plan if row.action != "hold"]

    @property
    def paid(self) -> Decimal:
        """Cash the fills brought, less what they cost (USD)."""
        return sum((-_sign(order) * order.filled_value for order in self.orders.values()), NOTHING)

    @property
    def cash_expected(self) -> Decimal:
        """Cash the account should have, if only fills moved it (USD)."""
        return self.cash + self.paid - self.paid_before

    def recall(self, broker: Broker) -> None:
        """Find every order of this run at the broker, by the ids of its plan and its intents, and adopt it.

        An order known to exist is searched for patiently; one that is only known as an intention is looked
        up once, for sending it again under its id cannot make it twice. Unless that is done it stays in doubt.

        Raises:
            GuardRefusal: An order under one of the ids is older than the run, or the intents cannot be read.
            UnknownOutcome: It is another trade.
        """
        intents = {intent.ticket.client_order_id: intent for intent in self.intents.of(self.run.run_id)}
        tickets = {ticket.client_order_id: ticket for ticket in (row.ticket() for row in self.trades)}
        for name, ticket in (tickets | {name: intent.ticket for name, intent in intents.items()}).items():
            intent = intents.get(name)
            if intent is not None and intent.status == REFUSED:
                self.refusals[name] = ticket, intent.message
                continue
            exists = intent is not None and intent.status is not None
            order = broker.search(name) if exists else broker.order(name)
            if order is not None:
                self.add([same_trade(require_own(self.run, order), ticket)])
            elif intent is not None and intent.may_arrive:
                self.doubts[name] = ticket, unresolved(ticket, {"intent": intent.state})

    def add(self, orders: Iterable[Order]) -> None:
        """What the broker says of these orders now."""
        orders = list(orders)
        for order in orders:
            self.orders[order.client_order_id] = order
            self.doubts.pop(order.client_order_id, None)
        self.intents.note(orders)

    def unsent(self, ticket: OrderTicket, error: RiskParityError) -> None:
        """Nothing of an order was posted, or what was posted provably made none.

        What an earlier try posted may still arrive all the same.
        """
        if ticket.client_order_id not in self.doubts:
            self.intents.settle(ticket.client_order_id, "PLANNED", error.what)

    def refuse(self, ticket: OrderTicket, refusal: BrokerRefusal) -> None:
        """The broker declined an order, for good."""
        message = refusal.figures.get("message", refusal.what)
        self.refusals[ticket.client_order_id] = ticket, message
        self.intents.settle(ticket.client_order_id, "TERMINAL", message, status=REFUSED)

    def doubt(self, ticket: OrderTicket, doubt: UnknownOutcome) -> None:
        """Nobody knows whether an order arrived; nothing more is sent beside it."""
        self.doubts[ticket.client_order_id] = ticket, doubt
        self.intents.settle(ticket.client_order_id, "AMBIGUOUS", doubt.what)
        self.stopped = doubt.what

    def permits(self, check: Callable[[], None]) -> bool:
        """Whether ``check`` lets orders be sent.

        Beside orders that are out already its refusal only ends the sending: they are followed and recorded.
        """
        if not self.stopped:
            try:
                check()
            except (GuardRefusal, BrokerRefusal) as refusal:
                self.stop(refusal)
        return not self.stopped

    def stop(self, error: RiskParityError) -> None:
        """Send nothing more, because of ``error``; it is raised when nothing is out at all."""
        if not self.orders:
            raise error
        self.stopped = error.what

    def attempts(self, symbol: str) -> int:
        """How often the trade of a symbol was tried."""
        names = [name for name, order in self.orders.items() if order.symbol == symbol]
        names += [name for name, (ticket, _) in self.refusals.items() if ticket.symbol == symbol]
        return len(names)

    def of(self, trade: PlannedOrder) -> list[Order]:
        """The orders a trade became, oldest first."""
        return [order for order in self.orders.values() if order.symbol == trade.symbol]

    def has(self, trade: PlannedOrder) -> bool:
        """Whether a trade was sent, or declined."""
        return self.attempts(trade.symbol) > 0

    def has_ended(self, trade: PlannedOrder) -> bool:
        """Whether nothing more can happen to a trade by itself."""
        return self.has(trade) and all(order.is_terminal for order in self.of(trade))

    def holdings(self) -> dict[str, Decimal]:
        """Shares each planned symbol should show: those of the plan and the fills since."""
        shares = {row.symbol: row.current_qty for row in self.plan}
        for order in self.orders.values():
            shares[order.symbol] += _sign(order) * order.filled_qty
        return shares


def _sign(order: Order) -> int:
    return 1 if order.side == "buy" else -1
