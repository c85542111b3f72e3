"""Which weeks went by without a rebalance: asked by the watch, which tells a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from itertools import takewhile

from portfolio.guard import NEW_YORK, SessionHours, window
from schemas.identity import IsoWeek
from schemas.parameters import GuardParameters


def missed_weeks(
    now: dt.datetime,
    sessions: Mapping[dt.date, SessionHours],
    *,
    rebalanced: Collection[str],
    parameters: GuardParameters,
) -> tuple[IsoWeek, ...]:
    """The weeks in a row without a rebalance that reach into this week or the last one, oldest first.

    A week is missed once the time window of its last session has passed. That one is still told in the week after, even
    when that is rebalanced, makes up for a watch that was down itself, and for a message that did not arrive.

    Args:
        now: The exchange's clock, with a time zone.
        sessions: Hours of every session from the first week in which a rebalance was due to the end of this week.
        rebalanced: ISO weeks that are used up, as ``2015-W23``.
        parameters: The time window.
    """
    last = {IsoWeek.of(day): sessions[day] for day in sorted(sessions)}
    over = [week for week, hours in last.items() if now > window(hours, parameters)[1]]
    this_week = IsoWeek.of(now.astimezone(NEW_YORK).date())
    if over and over[-1] == this_week and str(this_week) in rebalanced:
        over.pop()
    return tuple(takewhile(lambda week: str(week) not in rebalanced, reversed(over)))[::-1]
