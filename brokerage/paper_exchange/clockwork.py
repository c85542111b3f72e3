"""Where the virtual clock goes when it is told to, and at which instants it stops on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from brokerage.paper_exchange.refusal import Refusal, invalid
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions, at

_ARRIVAL = dt.time(10, 0)
"""New York time of day at which the clock arrives in a new session."""


def target(to: str, now: dt.datetime, sessions: Sessions, last: dt.date) -> dt.datetime:
    """The instant that ``to`` means.

    Args:
        to: ``open``, ``close``, ``next_session`` or ``next_week`` (10:00 New York), or an ISO instant.
        now: Where the clock stands.
        sessions: The trading hours.
        last: The last session with prices.

    Raises:
        Refusal: 409 when the prices end before, 422 when ``to`` is no later instant.
    """
    today = now.astimezone(NEW_YORK).date()
    if to == "open":
        wanted = sessions.next_open(now)
    elif to == "close":
        wanted = sessions.next_close(now)
    elif to == "next_session":
        wanted = at(sessions.following(today), _ARRIVAL)
    elif to == "next_week":
        wanted = at(sessions.following(today + dt.timedelta(days=6 - today.weekday())), _ARRIVAL)
    else:
        wanted = _instant(to)
    if wanted <= now:
        raise invalid(f"the clock only moves forward: it is {now.isoformat()}")
    if sessions.latest(wanted) > last:
        raise Refusal(409, 40910000, f"prices end on {last}: the clock cannot move to {wanted.isoformat()}")
    return wanted


def stops(now: dt.datetime, wanted: dt.datetime, sessions: Sessions) -> Iterator[dt.datetime]:
    """Every open and close on the way to ``wanted``, and ``wanted`` itself."""
    for session in sessions.between(now.astimezone(NEW_YORK).date(), wanted.astimezone(NEW_YORK).date()):
        for instant in sessions.hours(session):
            if now < instant < wanted:
                yield instant
    yield wanted


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 1993 <= instant.year < 2029:  # noqa: PLR2004
        raise invalid("to must be open, close, next_session, next_week or an ISO instant with its UTC offset")
    return instant.astimezone(dt.UTC)
