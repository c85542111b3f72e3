"""Sends a trade list: sells, then buys from the cash that is really there, each order at most once.

Interrupted at any point, the same call with the same plan goes on where it stopped: every order is an
intention on disk before it is sent, each is looked up by its id, and what exists is adopted.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from brokerage.client import Broker
from brokerage.collar import Quote
from brokerage.following import Pace
from brokerage.intents import IntentLog
from brokerage.ledger import Ledger
from brokerage.models import Account, Position
from brokerage.orders import CENT, NOTHING, PlannedOrder
from brokerage.preflight import (
    clear_leftovers,
    differences,
    require_free_account,
    require_holdings,
    require_hours,
)
from brokerage.records import Execution, fill_rows, order_rows, outcome_of, position_rows
from brokerage.sending import Desk, Quotes, fitted_buys, look_for_doubtful, send_side
from schemas.errors import ConfigError, RiskParityError, UnknownOutcome
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

CASH_TOLERANCE = Decimal("0.0005")
"""Fees by which cash may differ from what the fills say (fraction of the value traded), beside a cent an order."""


def no_quotes(_: Sequence[str]) -> Mapping[str, Quote]:
    """What market orders need to know of quotes."""
    return {}


def execute(
    broker: Broker,
    run: Run,
    plan: Sequence[PlannedOrder],
    params: ExecutionParameters,
    *,
    intents: IntentLog,
    before_sending: Callable[[], None],
    before_wave: Callable[[], None],
    before_each: Callable[[], None],
    quotes: Quotes = no_quotes,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Execution:
    """Carry out ``plan``: sells first, then buys scaled by one factor to the cash the sells brought.

    Orders the broker refuses or does not fill are reported in the rows and leave the outcome ``adjusted``.
    When something stops the sending beside orders that are out (a guard, an account or a broker that takes no
    more), what is open is canceled and followed to its end, and the outcome is ``aborted``. When orders, fills and
    holdings do not come to tell one story it is ``needs_human``. Every other failure is raised, and calling again
    continues.

    Args:
        broker: The account.
        run: Whose orders these are.
        plan: The trade list; holds are reported, not sent.
        params: Kind of order, least trade, pace, deadline and further attempts.
        intents: Where each order is written down before it is sent.
        before_sending: Called once, before the first order this call sends; not at all when there is none to
            send. It may raise ``GuardRefusal``, as the next two may.
        before_wave: Called each time before orders go out together: the sells, the buys, what is tried again.
        before_each: Called before each of these, and right before every POST.
        quotes: Both sides of the market of some symbols, for marketable limits.
        sleep: How to wait.
        monotonic: The clock of the waits (seconds).

    Raises:
        GuardRefusal: If something stops the sending before anything of this run is out, or an order under one of
            its ids is older than the run.
        BrokerRefusal: If the account may not trade.
        UnknownOutcome: If a person must look, and the account cannot even be read, or no longer accepts the keys.
        TemporaryError: If the broker stayed unreachable.
    """
    once = functools.cache(before_sending)

    def ask() -> None:
        before_each()
        once()
        before_wave()

    pace = Pace(params.poll_seconds, params.deadline_seconds, sleep, monotonic)
    desk = Desk(broker, Ledger(run, plan, intents), params, pace, ask, before_each, quotes)
    try:
        return _carry_out(desk)
    except UnknownOutcome as doubt:
        return _for_a_person(desk, doubt)
    except ConfigError as error:
        if not desk.ledger.orders:
            raise
        raise _shut_out(desk.ledger, error) from None


def _carry_out(desk: Desk) -> Execution:
    broker, ledger = desk.broker, desk.ledger
    ledger.recall(broker)
    if not (ledger.trades or ledger.orders):
        return _report(desk, broker.positions(), broker.account())
    if not all(ledger.has_ended(trade) for trade in ledger.trades):
        ledger.permits(lambda: _preflight(desk))
    ledger.cash, ledger.paid_before = broker.account().cash, ledger.paid

    send_side(desk, _unsent(ledger, "sell"))
    _, _, moved = _settle(desk)
    send_side(desk, fitted_buys(desk, buys) if (buys := _unsent(ledger, "buy")) else [])
    account, positions, moved_later = _settle(desk)
    return _report(desk, positions, account, moved + moved_later)


def _preflight(desk: Desk) -> None:
    """Everything that must hold before the first order."""
    broker, ledger, pace = desk.broker, desk.ledger, desk.pace
    require_free_account(broker.account())
    require_hours(ledger.run, broker.clock(), pace, sides=2)
    clear_leftovers(broker, ledger.run, ledger.orders, pace)
    # Only after fills of our own can holdings lag behind; else a difference is one.
    looks = pace.looks() if ledger.orders else [None]
    require_holdings(broker, ledger.holdings(), _unsent(ledger, "sell"), looks)


def _unsent(ledger: Ledger, side: str) -> list[PlannedOrder]:
    return [trade for trade in ledger.trades if trade.action == side and not ledger.has(trade)]


def _settle(desk: Desk) -> tuple[Account, list[Position], Decimal]:
    """Read account and positions until they show the fills: both lag behind the orders by seconds.

    Cash that does not come to agree is taken as it is, since money may have been paid in or out; the third value
    says how much.
    """
    broker, ledger = desk.broker, desk.ledger
    for _ in desk.pace.looks():
        look_for_doubtful(desk)
        account, positions = broker.account(), broker.positions()
        apart = differences(ledger.holdings(), positions)
        moved = account.cash - ledger.cash_expected
        explained = abs(moved) <= _tolerance(ledger)
        if not apart and explained:
            break
    if apart:
        raise UnknownOutcome(
            "Holdings and fills do not come to agree",
            figures=apart,
            remedy="Look at positions and fills at the broker; nothing more was sent.",
        )
    ledger.cash, ledger.paid_before = account.cash, ledger.paid
    return account, positions, NOTHING if explained else moved


def _tolerance(ledger: Ledger) -> Decimal:
    traded = sum((order.filled_value for order in ledger.orders.values()), NOTHING)
    return CASH_TOLERANCE * traded + CENT * len(ledger.orders)


def _report(
    desk: Desk, positions: Iterable[Position], account: Account, moved: Decimal = NOTHING
) -> Execution:
    ledger = desk.ledger
    remarks = [f"nothing more was sent: {ledger.stopped}"] if ledger.stopped else []
    remarks += [f"may still appear at the broker: {name}" for name in ledger.doubts]
    if moved:
        remarks.append(f"{moved:+,.2f} USD of cash moved that no fill explains")
    return Execution(
        orders=order_rows(ledger),
        fills=fill_rows(ledger),
        positions=position_rows(ledger.plan, positions, account),
        outcome=outcome_of(ledger, desk.params.min_trade),
        remarks=tuple(remarks),
    )


def _for_a_person(desk: Desk, doubt: UnknownOutcome) -> Execution:
    """What is known, as far as the broker still tells."""
    try:
        known = _report(desk, desk.broker.positions(), desk.broker.account())
    except RiskParityError:
        raise doubt from None
    return replace(known, outcome="needs_human", remarks=(str(doubt), *known.remarks))


def _shut_out(ledger: Ledger, error: ConfigError) -> UnknownOutcome:
    return UnknownOutcome(
        f"{error.what}, and orders of this run are out",
        figures={name: order.status for name, order in ledger.orders.items()} | error.figures,
        remedy=f"{error.remedy} Then run again: the same run looks its orders up and goes on.",
    )
