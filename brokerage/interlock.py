"""The live interlock: four independent facts must agree before real money can move."""

from __future__ import annotations

from urllib.parse import urlsplit

from brokerage.endpoint import LIVE_HOST, UNDERSTOOD, Endpoint
from schemas.errors import ConfigError

_PAPER_NUMBER = "PA"
"""How the account number of every paper account begins, Alpaca's and the loopback exchange's."""


def require_agreement(endpoint: Endpoint, account_number: str) -> None:
    """Refuse to change anything in an account unless all four facts say live, or none does.

    Asked once for each broker, before its first request that could change anything, with the number the
    broker itself gave for these keys.

    Args:
        endpoint: Where the account is, as configured.
        account_number: The account's number as read back.

    Raises:
        ConfigError: If the facts disagree; nothing was sent.
    """
    found = facts(endpoint, account_number)
    if len(set(found.values())) == 1:
        return
    if not found["the account is not a paper account"] or endpoint.venue == "live":
        remedy = "For paper trading undo each fact that says yes; for live trading see docs/safety.md."
    else:
        remedy = "Use the keys of a paper account; for live trading see docs/safety.md."
    raise ConfigError(
        "The four facts that make an order a live one do not agree: nothing was sent",
        figures={name: "yes" if true else "no" for name, true in found.items()},
        remedy=remedy,
    )


def facts(endpoint: Endpoint, account_number: str) -> dict[str, bool]:
    """The four facts by name: each is said in another place, and none follows from another."""
    host = urlsplit(endpoint.trading_url).hostname
    return {
        "broker.venue is live": endpoint.venue == "live",
        f"{UNDERSTOOD} names the account": endpoint.understood.get_secret_value() == account_number,
        "the account is not a paper account": not account_number.startswith(_PAPER_NUMBER),
        f"orders go to {LIVE_HOST} under a cap": host == LIVE_HOST and endpoint.live_cap is not None,
    }
