"""One side of a trade list: sent, followed to its end, and its rest tried again within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from brokerage.client import Broker, same_trade
from brokerage.collar import Quote, within_collar
from brokerage.failures import lacks_money
from brokerage.following import Pace, cancel, require_ended, wait
from brokerage.ledger import Ledger
from brokerage.models import OrderTicket
from brokerage.orders import PlannedOrder, cash_buffer, scale_buys
from brokerage.preflight import require_hours, require_own
from schemas.errors import BrokerRefusal, ConfigError, GuardRefusal, TemporaryError, UnknownOutcome
from schemas.parameters import ExecutionParameters

Quotes = Callable[[Sequence[str]], Mapping[str, Quote]]


@dataclass(frozen=True)
class Desk:
    """Everything that sending needs."""

    broker: Broker
    ledger: Ledger
    params: ExecutionParameters
    pace: Pace
    before_wave: Callable[[], None]
    """Asked before orders go out together; raises ``GuardRefusal`` to stop."""
    before_each: Callable[[], None]
    """Asked right before every POST, likewise."""
    quotes: Quotes


def send_side(desk: Desk, trades: Sequence[PlannedOrder]) -> None:
    """Send ``trades``, follow everything of this run to its end, and try again what the account could not pay for.

    What somebody canceled is not tried again: whoever did it meant it.

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
    _ask(lambda: _require_hours(desk), desk.before_wave)
    desk.ledger.intents.plan(desk.ledger.run, [trade.ticket() for trade in wave])


def _ask(*questions: Callable[[], None]) -> None:
    try:
        for question in questions:
            question()
    except (GuardRefusal, TemporaryError, ConfigError):
        raise
    except Exception as error:  # noqa: BLE001 - a question that breaks is a no: what is out must still be followed
        raise GuardRefusal(
            "Whether orders may be sent could not be told, so nothing more is sent",
            figures={"reason": error},
            remedy="Settle the reason, then run again.",
        ) from None


def _require_hours(desk: Desk) -> None:
    require_hours(desk.ledger.run, desk.broker.clock(), desk.pace, sides=1)


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

    def permit() -> None:
        _ask(lambda: _require_hours(desk), desk.before_each)
        ledger.intents.submitting(ticket)

    try:
        order = require_own(ledger.run, desk.broker.submit(ticket, permit))
    except ConfigError as shut_out:
        ledger.unsent(ticket, shut_out)
        raise
    except (GuardRefusal, TemporaryError) as stop:
        ledger.unsent(ticket, stop)
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
        ledger.add(cancel(broker, late, pace))
        require_ended(ledger.orders.values())


def look_for_doubtful(desk: Desk) -> None:
    """Look once more for orders that may have arrived after all, and follow those that did.

    Raises:
        UnknownOutcome: One cannot even be looked for, or is another trade, or not of this run.
    """
    ledger = desk.ledger
    for name, (ticket, doubt) in list(ledger.doubts.items()):
        try:
            order = desk.broker.order(name)
            if order is not None:
                ledger.add([same_trade(require_own(ledger.run, order), ticket)])
        except (TemporaryError, GuardRefusal):
            raise doubt from None
        if order is not None:
            _follow(desk)


def _rest(desk: Desk, wave: Sequence[PlannedOrder]) -> list[PlannedOrder]:
    """The buys of ``wave`` that the account could not pay for, under the next ids and for what there is."""
    again = [anew for trade in wave if (anew := _anew(desk, trade)) is not None]
    if not again or desk.ledger.stopped or not _has_time(desk):
        return []
    return fitted_buys(desk, again)


def _anew(desk: Desk, trade: PlannedOrder) -> PlannedOrder | None:
    ledger = desk.ledger
    _, message = ledger.refusals.get(trade.ticket().client_order_id, (None, ""))
    tried = ledger.attempts(trade.symbol)
    if trade.action != "buy" or not lacks_money(message) or tried > desk.params.reattempts:
        return None
    return replace(trade, client_order_id=ledger.run.client_order_id("buy", trade.symbol, tried + 1))


def _has_time(desk: Desk) -> bool:
    try:
        _require_hours(desk)
    except GuardRefusal:
        return False
    return True
