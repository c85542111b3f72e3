"""The broker's own safety catches: how the account should be configured, and what is not."""

from __future__ import annotations

from typing import Any

from brokerage.client import Broker

HARDENED: dict[str, object] = {
    "max_margin_multiplier": "1",
    "no_shorting": True,
    "fractional_trading": True,
    "trade_confirm_email": "all",
}
"""No borrowing, no shorting, fractions (the sizes need them), and a mail for each trade."""


def weak_spots(broker: Broker) -> dict[str, Any]:
    """Settings of the account that are not as in ``HARDENED``, with their present values.

    A new Alpaca paper account lends four times its equity: nothing at the broker stops a levered mistake.
    """
    found = broker.answer("/account/configurations")
    return {name: found.get(name) for name, wanted in HARDENED.items() if found.get(name) != wanted}


def harden_account(broker: Broker) -> dict[str, Any]:
    """Configure the account as in ``HARDENED``; returns what it was before where that was weaker."""
    weak = weak_spots(broker)
    if weak:
        broker.configure({name: HARDENED[name] for name in weak})
    return weak
