"""The weekly guard: may a rebalance happen now? Once per ISO week, while the market is open, at a sane hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import ConfigError, DataError
from schemas.identity import IsoWeek
from schemas.parameters import GuardParameters
from schemas.results import Check

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_CLOSE = dt.timedelta(minutes=30)
"""Orders need this long before any close, early ones included."""
_WINDOW, _ONCE = "time window", "once a week"
_CAN_BE_FORCED = {_WINDOW, _ONCE}


class SessionHours(NamedTuple):
    """Opening and closing instants of one session, both with a time zone."""

    open: dt.datetime
    close: dt.datetime


@dataclass(frozen=True)
class GuardVerdict:
    """All checks, in the order a person asks them; allowed when each one passed."""

    allowed: bool
    checks: tuple[Check, ...]
    next_opportunity: str
    """When the guard would next say yes, in words."""


def weekly_guard(
    now: dt.datetime,
    session_hours: SessionHours | None,
    *,
    is_open: bool,
    week_sessions: Sequence[dt.date],
    completed: str | None,
    parameters: GuardParameters,
    force: bool = False,
    reason: str = "",
) -> GuardVerdict:
    """Judge every rule, also after one has failed, so that a person sees all of them at once.

    Force sets aside "once a week" and the time window, never a closed market; such a check passes with a
    detail that says so and why.

    Args:
        now: The exchange's clock, with a time zone.
        session_hours: Hours of today's session in New York; none when today is not a session.
        is_open: What the exchange's clock says; it knows of closures that no calendar foresaw.
        week_sessions: Sessions of this ISO week; those of the next one, when given, tell the next opportunity.
        completed: Id of the run that completed this ISO week's rebalance; none while it is due.
        parameters: Time window.
        force: Override what may be overridden.
        reason: Why; needed with force.

    Raises:
        DataError: A time without a zone.
        ConfigError: Force without a reason.
    """
    if any(time.tzinfo is None for time in (now, *(session_hours or ()))):
        raise DataError(
            "The guard was given a time without a zone", figures={"now": now}, remedy="Pass aware times."
        )
    if force and not reason.strip():
        raise ConfigError("Force was given without a reason", remedy="Add --reason TEXT; it is recorded.")
    local = now.astimezone(NEW_YORK)
    week = IsoWeek.of(local.date())
    sessions = sorted(day for day in week_sessions if IsoWeek.of(day) == week)
    later = sorted(day for day in week_sessions if IsoWeek.of(day) > week)
    checks: tuple[Check, ...] = (
        _market_open(local, is_open=is_open),
        _is_session(local, session_hours, sessions),
        _in_window(local, session_hours, parameters),
        _turn(local.date(), sessions),
        _once_a_week(week, completed),
    )
    if force:
        checks = tuple(
            _overridden(check, reason) if check.name in _CAN_BE_FORCED else check for check in checks
        )
    return GuardVerdict(
        allowed=all(check.passed for check in checks),
        checks=checks,
        next_opportunity=_next_opportunity(
            local, session_hours, sessions if completed is None else [], later, parameters
        ),
    )


def window(hours: SessionHours, parameters: GuardParameters) -> tuple[dt.datetime, dt.datetime]:
    """The first and the last instant of a session at which a rebalance may begin, New York; early closes count."""
    opening, closing = (instant.astimezone(NEW_YORK) for instant in hours)
    first = dt.datetime.combine(opening.date(), parameters.window_start, NEW_YORK)
    last = dt.datetime.combine(opening.date(), parameters.window_end, NEW_YORK)
    return first, min(last, closing - BEFORE_CLOSE)


def _market_open(local: dt.datetime, *, is_open: bool) -> Check:
    return Check(
        "market open",
        is_open,
        f"the exchange is {'open' if is_open else 'closed'} at {local:%a %Y-%m-%d %H:%M} New York",
    )


def _is_session(local: dt.datetime, hours: SessionHours | None, sessions: Sequence[dt.date]) -> Check:
    today = local.date()
    expected = hours is not None and hours.open.astimezone(NEW_YORK).date() == today and today in sessions
    return Check(
        "trading session", expected, f"{today:%a %Y-%m-%d} is {'a' if expected else 'not a'} trading session"
    )


def _in_window(local: dt.datetime, hours: SessionHours | None, parameters: GuardParameters) -> Check:
    if hours is None:
        return Check(_WINDOW, passed=False, detail="no session, no window")
    first, last = window(hours, parameters)
    early = (
        ""
        if last.time() == parameters.window_end
        else f", {BEFORE_CLOSE.seconds // 60} minutes before the close"
    )
    return Check(
        _WINDOW,
        first <= local <= last,
        f"{local:%H:%M}, allowed {first:%H:%M} to {last:%H:%M} New York{early}",
    )


def _turn(today: dt.date, sessions: Sequence[dt.date]) -> Check:
    week = IsoWeek.of(today)
    if today not in sessions:
        return Check(
            "this week's turn", passed=False, detail=f"not among the {len(sessions)} sessions of {week}"
        )
    place = sessions.index(today) + 1
    text = f"session {place} of {len(sessions)} in {week}"
    missed = f"; the first, {sessions[0]:%a %Y-%m-%d}, has passed" if place > 1 else ""
    return Check("this week's turn", passed=True, detail=text + missed)


def _once_a_week(week: IsoWeek, completed: str | None) -> Check:
    detail = f"{week} is not rebalanced yet" if completed is None else f"{week} was rebalanced by {completed}"
    return Check(_ONCE, completed is None, detail)


def _overridden(check: Check, reason: str) -> Check:
    if check.passed:
        return check
    return Check(check.name, passed=True, detail=f"{check.detail}; overridden: {reason.strip()}")


def _next_opportunity(
    local: dt.datetime,
    hours: SessionHours | None,
    due: Sequence[dt.date],
    later: Sequence[dt.date],
    parameters: GuardParameters,
) -> str:
    """The first session whose window has not passed: of this week while it is due, else of the next."""
    today = local.date()
    first, last = (local, local) if hours is None else window(hours, parameters)
    passed = max(first, local) > last
    days = [day for day in due if day > today or (day == today and not passed)] or list(later)
    if not days:
        return f"the first session of {IsoWeek.of(today + dt.timedelta(weeks=1))}"
    return f"{days[0]:%a %Y-%m-%d} from {parameters.window_start:%H:%M} New York"
