"""Stopping and resuming by hand: ``riskparity halt``, ``unhalt`` and ``acknowledge``."""

from __future__ import annotations

import getpass
import sys

from brokerage.client import Broker
from brokerage.endpoint import resolve_endpoint
from brokerage.halting import cancel_own, suspend
from brokerage.kill_switch import KillSwitch
from config import load_settings
from config.settings import home, secrets
from flows import screens
from schemas.errors import ConfigError
from schemas.identity import account_name
from strategies.registry import registered
from tasks import week
from warehouse import Warehouse

BY_HAND = "halted by hand"


def halt(reason: str, *, at_the_broker: bool) -> int:
    """Stop: first the word that every process heeds, then our open orders, then the broker if asked."""
    KillSwitch(home()).engage(reason.strip() or BY_HAND, by=getpass.getuser())
    screens.answer("Trading is halted: no run sends another order. To go on: riskparity unhalt --reason TEXT")
    broker = _broker()
    if at_the_broker:
        suspend(broker, suspended=True)
        screens.answer("The broker refuses every new order of the account.")
    ended = cancel_own(broker, list(registered()))
    for order in ended:
        screens.answer(f"  {order.side} {order.symbol}: {order.status}, filled {order.filled_qty}")
    left = sum(not order.is_terminal for order in ended)
    screens.answer(
        f"{len(ended)} of our orders were open; {left} still are."
        + (" While the market is closed a cancellation waits for its open." if left else "")
    )
    return 0


def unhalt(reason: str, *, account: str) -> int:
    """Resume, on every level, once the person has typed which account will be traded: its number or its name.

    Raises:
        ConfigError: No reason was given, or what was typed is not the account's.
    """
    switch = KillSwitch(home())
    if not reason.strip():
        raise ConfigError("Resuming needs a reason", remedy="Add --reason TEXT; it stays on record.")
    halted = switch.state()
    if halted:
        screens.talk(f"Halted since {halted.since} by {halted.by}: {halted.reason}")
    broker = _broker()
    found = broker.account()
    names = (found.account_number, account_name(broker.venue, found.account_number))
    if (account or _typed(found.account_number)) not in names:
        raise ConfigError(
            "That is not the number of the account; trading stays as it was",
            remedy="riskparity doctor shows the account; give its number or its name with --account.",
        )
    if found.trade_suspended_by_user:
        suspend(broker, suspended=False)
        screens.answer("The broker takes orders again.")
    switch.release(reason.strip(), by=getpass.getuser())
    screens.answer("Trading may go on. What tripped before this moment counts as settled.")
    return 0


def acknowledge(run_id: str, reason: str) -> int:
    """A person has looked at a run that needed one: the strategy may go on."""
    week.acknowledge(Warehouse(home()), run_id, reason)
    screens.answer(f"{run_id} is acknowledged: the next run plans from what the account holds then.")
    return 0


def _typed(account_number: str) -> str:
    if not sys.stdin.isatty():
        raise ConfigError(
            "Resuming needs a person at a terminal, or the account's number",
            remedy="In a script: riskparity unhalt --reason TEXT --account NUMBER, or the account's name, as "
            "riskparity doctor shows them.",
        )
    screens.talk(f"Orders will go to account {account_number} again. Type its number to resume:")
    return input().strip()


def _broker() -> Broker:
    settings = load_settings()
    return Broker(resolve_endpoint(settings.broker, settings.exchange, home(), secrets()), settings.broker)
