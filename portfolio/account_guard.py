"""Guards beside the weekly one: whose account it is, whether it may trade, and whether its story is whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from operator import mul

from schemas.results import Check

Hours = Mapping[dt.date, tuple[dt.time, dt.time]]
"""Opening and closing time of each session, New York."""

_OWN_ACCOUNT, _CALENDARS, _CLOCKS = "own account", "calendars agree", "clocks agree"
_OWN_FOLDER = "own state folder"
_HALTED, _MAY_TRADE, _HARDENED = "not halted", "account may trade", "account hardened"
_REJECTS, _DROP, _DRAWDOWN = "rejects in a row", "equity since the last run", "drawdown"
_ACCOUNTED = "holdings and cash accounted for"

BREAKERS = frozenset({_REJECTS, _DROP, _DRAWDOWN, _ACCOUNTED})
"""Checks that, once failed, halt trading until a person releases it."""

_RELEASE = "Trading is halted until somebody has looked: `riskparity unhalt --reason TEXT`."
_LOOKED_AT = "looked at"

REMEDIES = {
    **dict.fromkeys(BREAKERS, _RELEASE),
    _LOOKED_AT: "Look at the orders and holdings of that run at the broker; then `riskparity acknowledge RUN --reason TEXT`.",
    _HALTED: "When the reason is settled: `riskparity unhalt --reason TEXT`.",
    _MAY_TRADE: "Settle it at the broker, then run again: nothing was sent.",
    _CLOCKS: "Set this machine's clock (NTP), or find out why the broker's is wrong.",
    _OWN_ACCOUNT: "Give each strategy an account and a state folder (RISKPARITY_HOME) of its own, or hand this account "
    "over with --force --reason TEXT.",
    _OWN_FOLDER: "One account belongs to one state folder: trade this week from the folder that sent those orders "
    "(RISKPARITY_HOME), or wait for the next.",
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


def own_folder(strangers: Collection[str]) -> Check:
    """Whether every order of this week that bears a name of ours was written down in this state folder.

    Args:
        strangers: Ids of those that were not; no force sets them aside.
    """
    listed = ", ".join(sorted(strangers))
    detail = f"sent from another one this week: {listed}" if listed else "no other has sent orders this week"
    return Check(_OWN_FOLDER, passed=not strangers, detail=detail)


def looked_at(waiting: str | None) -> Check:
    """Whether a person has looked at every run that needed one; no force sets this aside.

    Args:
        waiting: The run nobody has looked at; none when there is none.
    """
    detail = (
        f"{waiting} needs a person and nobody has acknowledged it" if waiting else "no run needs a person"
    )
    return Check(_LOOKED_AT, passed=waiting is None, detail=detail)


def calendars_agree(ours: Hours, brokers: Hours) -> Check:
    """Whether both calendars have the same sessions and hours; if not, nobody should guess which is right."""
    different = sorted(day for day in ours.keys() | brokers.keys() if ours.get(day) != brokers.get(day))
    if not different:
        return Check(_CALENDARS, passed=True, detail=f"{len(ours)} sessions compared with the broker's")
    day = different[0]
    detail = f"{day}: ours {_spelt(ours.get(day))}, the broker's {_spelt(brokers.get(day))}"
    return Check(_CALENDARS, passed=False, detail=detail)


def clocks_agree(host: dt.datetime, brokers: dt.datetime, most_seconds: float, *, virtual: bool) -> Check:
    """Whether this machine's clock is near the broker's; the broker's decides, a virtual one is another time."""
    if virtual:
        return Check(
            _CLOCKS, passed=True, detail="the loopback exchange's clock is virtual and decides alone"
        )
    apart = (host - brokers).total_seconds()
    return Check(_CLOCKS, abs(apart) <= most_seconds, f"this machine is {apart:+.1f} s from the broker")


def not_halted(why: str) -> Check:
    """Whether trading is free; ``why`` says who halted it."""
    return Check(_HALTED, passed=not why, detail=why or "trading is free")


def may_trade(obstacles: Sequence[str]) -> Check:
    """Whether the broker lets the account trade."""
    return Check(_MAY_TRADE, passed=not obstacles, detail=", ".join(obstacles) or "nothing in the way")


def hardened(weak_spots: Mapping[str, object]) -> Check:
    """How the broker's own safety catches are set: advice on record, never a refusal."""
    weak = ", ".join(f"{name} is {value}" for name, value in weak_spots.items())
    advice = f"{weak}; `riskparity doctor --harden` sets them" if weak else "every safety catch is set"
    return Check(_HARDENED, passed=True, detail=advice)


def rejects_in_a_row(orders: Sequence[tuple[str, Decimal]], most: int) -> Check:
    """Whether the newest orders were not all rejected.

    Only a fill ends the row: an order that was never sent, or ended without one, says nothing of whether the
    broker would have carried it out.

    Args:
        orders: How each order ended and the shares it filled, oldest first.
        most: So many in a row are too many.
    """
    rejected = [status == "rejected" for status, filled in orders if filled or status == "rejected"]
    filled = [place for place, no in enumerate(rejected, start=1) if not no]
    count = len(rejected) - max(filled, default=0)
    return Check(_REJECTS, count < most, f"{count} orders rejected last, {most} are too many")


def equity_drop(before: Decimal, now: Decimal, flows: Decimal, most: float) -> Check:
    """Whether equity fell by less than ``most`` (fraction) since a run, money paid in or out apart."""
    change = float((now - flows) / before - 1)
    return Check(_DROP, change >= -most, f"{change:+.2%}, at most -{most:.0%}")


def drawdown_stop(equities: Sequence[Decimal], flows: Sequence[Decimal], now: Decimal, most: float) -> Check:
    """Whether equity is less than ``most`` (fraction) below its highest, money paid in or out apart.

    ``(equity - flow) / equity before``, chained, is the curve that falls.

    Args:
        equities: After each run, oldest first; above zero.
        flows: Money paid in, less money paid out, between each of them and the next; the last until now.
        now: Equity now.
        most: Greatest fall.
    """
    periods = zip(equities, [*equities[1:], now], flows, strict=True)
    curve = [
        *accumulate(((after - paid) / before for before, after, paid in periods), mul, initial=Decimal(1))
    ]
    change = float(curve[-1] / max(curve) - 1)
    return Check(_DRAWDOWN, change >= -most, f"{min(change, 0.0):.2%} from the highest, at most -{most:.0%}")


def accounted_for(unexplained: Mapping[str, str], foreign_fills: int) -> Check:
    """Whether the account's own record explains every share and dollar since the last run."""
    if unexplained:
        words = "; ".join(f"{name}: {what}" for name, what in unexplained.items())
        return Check(_ACCOUNTED, passed=False, detail=words)
    by_others = f"; {foreign_fills} fills of orders that are not ours" if foreign_fills else ""
    return Check(_ACCOUNTED, passed=True, detail=f"by the account's own record{by_others}")


def _spelt(hours: tuple[dt.time, dt.time] | None) -> str:
    return "closed" if hours is None else f"{hours[0]:%H:%M} to {hours[1]:%H:%M}"
