"""Guards beside the weekly one: whose account it is, and whether two calendars tell the same story."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from schemas.results import Check

Hours = Mapping[dt.date, tuple[dt.time, dt.time]]
"""Opening and closing time of each session, New York."""

_OWN_ACCOUNT, _CALENDARS = "own account", "calendars agree"

REMEDIES = {
    _OWN_ACCOUNT: "Give each strategy an account and a state folder (RISKPARITY_HOME) of its own, or hand this account "
    "over with --force --reason TEXT.",
    _CALENDARS: "Compare both calendars for that day; until they agree nobody knows when the market closes.",
}
"""What to do about a failed check, by its name."""


def own_account(strategy: str, last_trader: str | None, *, force: bool, reason: str) -> Check:
    """Whether the account was traded by this strategy alone: two would sell what the other bought.

    Args:
        strategy: Who wants to trade.
        last_trader: Who traded last; none when nobody has.
        force: Hand the account over.
        reason: Why.
    """
    if last_trader in {None, strategy}:
        return Check(_OWN_ACCOUNT, passed=True, detail=f"traded last by {last_trader or 'nobody'}")
    detail = f"traded last by {last_trader}"
    return Check(_OWN_ACCOUNT, passed=force, detail=f"{detail}; overridden: {reason}" if force else detail)


def calendars_agree(ours: Hours, brokers: Hours) -> Check:
    """Whether both calendars have the same sessions and hours; if not, nobody should guess which is right."""
    different = sorted(day for day in ours.keys() | brokers.keys() if ours.get(day) != brokers.get(day))
    if not different:
        return Check(_CALENDARS, passed=True, detail=f"{len(ours)} sessions compared with the broker's")
    day = different[0]
    detail = f"{day}: ours {_spelt(ours.get(day))}, the broker's {_spelt(brokers.get(day))}"
    return Check(_CALENDARS, passed=False, detail=detail)


def _spelt(hours: tuple[dt.time, dt.time] | None) -> str:
    return "closed" if hours is None else f"{hours[0]:%H:%M} to {hours[1]:%H:%M}"
