"""One side of a trade list: sent, followed to its end, and its rest tried again within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN

from brokerage.client import Broker, same_trade
from brokerage.collar import Quote, within_collar
from brokerage.failures import lacks_money
from brokerage.following import Pace, cancel, require_ended, wait
from brokerage.ledger import Ledger
from brokerage.models import OrderTicket
from brokerage.orders import CENT, NOTHING, PlannedOrder, cash_buffer, scale_buys
from brokerage.preflight import require_hours
from schemas.errors import BrokerRefusal, GuardRefusal, TemporaryError, UnknownOutcome
from schemas.parameters import ExecutionParameters

ENDED_EARLY = frozenset({"canceled", "expired"})
"""How the broker ends an order of which the rest may be tried again; one it rejected is not tried blindly."""

Quotes = Callable[[Sequence[str]], Mapping[str, Quote]]


@dataclass(frozen=True)
class Desk:
    """Everything that sending needs."""

    broker: Broker
    ledger: Ledger
    params: ExecutionParameters
    pace: Pace
    gate: Callable[[], None]
    """Asked right before every POST; raises ``GuardRefusal`` to stop."""
    quotes: Quotes


def send_side(desk: Desk, trades: Sequence[PlannedOrder]) -> None:
    """Send ``trades``, follow everything of this run to its end, and try again what may be.

    Raises:
        GuardRefusal: Sending was stopped and nothing of this run is out.
        TemporaryError: The broker is unwell and nothing is out, or cannot be followed.
        UnknownOutcome: An order stays open although its cancellation was asked for.
    """
    wave = list(trades)
    while True:
        _send(desk, wave)
        _follow(desk)
        wave = _rest(desk, wave)
        if not wave:
            return


def fitted_buys(desk: Desk, buys: Sequence[PlannedOrder]) -> list[PlannedOrder]:
    """Buys shrunk by one factor to the cash that is really there, less the share no target claims."""
    ledger = desk.ledger
    budget = desk.broker.account().spendable - cash_buffer(ledger.plan)
    fitted = scale_buys(buys, budget, desk.params.min_trade)
    ledger.skipped |= {row.symbol: row.reason for row in fitted if row.action == "hold"}
    return [row for row in fitted if row.action == "buy"]


def _send(desk: Desk, wave: Sequence[PlannedOrder]) -> None:
    ledger = desk.ledger
    if not wave or not ledger.permits(lambda: _plan(desk, wave)):
        return
    for ticket in _priced(desk, wave):
        _send_one(desk, ticket)
        if ledger.stopped:
            break


def _plan(desk: Desk, wave: Sequence[PlannedOrder]) -> None:
    require_hours(desk.broker.clock(), desk.pace, sides=1)
    desk.ledger.intents.plan(desk.ledger.run.run_id, [trade.ticket() for trade in wave])


def _priced(desk: Desk, wave: Sequence[PlannedOrder]) -> list[OrderTicket]:
    tickets = [trade.ticket() for trade in wave]
    if desk.params.order_type == "market":
        return tickets
    quotes = desk.quotes([ticket.symbol for ticket in tickets])
    blind = [ticket.symbol for ticket in tickets if ticket.symbol not in quotes]
    desk.ledger.skipped |= dict.fromkeys(blind, "no sane quote to set a limit by")
    return [
        within_collar(ticket, quotes[ticket.symbol], desk.params.collar)
        for ticket in tickets
        if ticket.symbol in quotes
    ]


def _send_one(desk: Desk, ticket: OrderTicket) -> None:
    ledger = desk.ledger
    try:
        desk.gate()
        ledger.intents.submitting(ticket)
        order = desk.broker.submit(ticket)
    except (GuardRefusal, TemporaryError) as stop:
        # either nothing was posted, or what was posted provably made no order
        ledger.intents.settle(ticket.client_order_id, "PLANNED", stop.what)
        ledger.stop(stop)
    except UnknownOutcome as doubt:
        ledger.doubt(ticket, doubt)
    except BrokerRefusal as refusal:
        ledger.refuse(ticket, refusal)
    else:
        ledger.add([order])


def _follow(desk: Desk) -> None:
    """Wait until everything has ended: at the deadline, or at once when sending was stopped, by cancelling it."""
    ledger, broker, pace = desk.ledger, desk.broker, desk.pace
    if not ledger.stopped:
        ledger.add(wait(broker, ledger.orders.values(), pace))
    late = [order for order in ledger.orders.values() if not order.is_terminal]
    if late:
        ledger.cut_short |= {order.client_order_id for order in late}
        ledger.add(cancel(broker, late, pace))
        require_ended(ledger.orders.values())


def look_for_doubtful(desk: Desk) -> None:
    """Look once more for orders that may have arrived after all, and follow those that did.

    Raises:
        UnknownOutcome: One cannot even be looked for, or is another trade.
    """
    ledger = desk.ledger
    for name, (ticket, doubt) in list(ledger.doubts.items()):
        try:
            order = desk.broker.order(name)
        except TemporaryError:
            raise doubt from None
        if order is not None:
            ledger.add([same_trade(order, ticket)])
            del ledger.doubts[name]
            _follow(desk)


def _rest(desk: Desk, wave: Sequence[PlannedOrder]) -> list[PlannedOrder]:
    """What is left of ``wave`` and may be tried again, under the next ids."""
    again = [left for trade in wave if (left := _left_of(desk, trade)) is not None]
    if not again or desk.ledger.stopped or not _has_time(desk):
        return []
    sells = [trade for trade in again if trade.action == "sell"]
    buys = [trade for trade in again if trade.action == "buy"]
    return sells + (fitted_buys(desk, buys) if buys else [])


def _left_of(desk: Desk, trade: PlannedOrder) -> PlannedOrder | None:
    ledger, name = desk.ledger, trade.ticket().client_order_id
    tried = ledger.attempts(trade.symbol)
    if tried > desk.params.reattempts:
        return None
    anew = replace(trade, client_order_id=ledger.run.client_order_id(trade.action, trade.symbol, tried + 1))
    if name in ledger.refusals:
        return anew if lacks_money(ledger.refusals[name][1]) else None
    order = ledger.orders.get(name)
    if order is None or order.status not in ENDED_EARLY or name in ledger.cut_short:
        return None
    left = replace(
        anew,
        qty=None if trade.qty is None else trade.qty - order.filled_qty,
        notional=None
        if trade.notional is None
        else (trade.notional - order.filled_value).quantize(CENT, ROUND_DOWN),
    )
    return left if left.value >= desk.params.min_trade and left.value > NOTHING else None


def _has_time(desk: Desk) -> bool:
    try:
        require_hours(desk.broker.clock(), desk.pace, sides=1)
    except GuardRefusal:
        return False
    return True
