"""The trading calendar of the New York Stock Exchange: sessions, hours and weeks."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
from typing import Any
from zoneinfo import ZoneInfo

from schemas.errors import ConfigError

NEW_YORK = ZoneInfo("America/New_York")
"""Time zone in which sessions are dated."""

FIRST_YEAR = 1993
"""First year covered: the first US ETF was listed in January 1993."""


class TradingCalendar:
    """Sessions of XNYS from 1993 to the end of next year.

    Every method takes and returns plain dates; hours are aware UTC datetimes, early closes included.
    A date outside the covered years raises ``ConfigError`` with the legal range.

    >>> TradingCalendar().hours(dt.date(2015, 11, 27))[1].astimezone(NEW_YORK).time()
    datetime.time(13, 0)
    """

    def sessions(self, start: dt.date, end: dt.date) -> list[dt.date]:
        """Sessions from ``start`` to ``end``, both included; neither needs to be a session."""
        days, _ = _schedule_around(start, end)
        return days[bisect.bisect_left(days, start) : bisect.bisect_right(days, end)]

    def is_session(self, day: dt.date) -> bool:
        """Whether the exchange opens on ``day``."""
        return day in _schedule_around(day)[1]

    def hours(self, session: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """Open and close of a session, aware, in UTC.

        Raises:
            ConfigError: ``session`` is not a trading day; the remedy names the next one.
        """
        hours = _schedule_around(session)[1].get(session)
        if hours is None:
            raise ConfigError(
                f"{session} is not a trading session of the New York Stock Exchange",
                remedy=f"Use a session, for example the next one: {self.next_session(session)}.",
            )
        return hours

    def previous_session(self, day: dt.date) -> dt.date:
        """The last session strictly before ``day``."""
        days, _ = _schedule_around(day)
        return _pick(days, bisect.bisect_left(days, day) - 1, day)

    def last_completed(self, now: dt.datetime) -> dt.date:
        """The last session that has closed by ``now`` (aware): its bar is whole."""
        today = now.astimezone(NEW_YORK).date()
        over = self.is_session(today) and self.hours(today)[1] <= now
        return today if over else self.previous_session(today)

    def last_sessions(self, newest: dt.date, count: int) -> list[dt.date]:
        """The ``count`` sessions up to ``newest``, oldest first."""
        # 252 sessions a year are 1.45 calendar days each; the rest is margin for holidays
        return self.sessions(newest - dt.timedelta(days=int(count * 1.5) + 15), newest)[-count:]

    def next_session(self, day: dt.date) -> dt.date:
        """The first session strictly after ``day``."""
        days, _ = _schedule_around(day)
        return _pick(days, bisect.bisect_right(days, day), day)


def _bounds() -> tuple[dt.date, dt.date]:
    return dt.date(FIRST_YEAR, 1, 1), dt.date(dt.datetime.now(NEW_YORK).year + 1, 12, 31)


def _schedule_around(*days: dt.date) -> tuple[list[dt.date], dict[dt.date, tuple[dt.datetime, dt.datetime]]]:
    first, last = _bounds()
    for day in days:
        if not first <= day <= last:
            raise _out_of_range(day)
    return _schedule(first, last)


def _pick(days: list[dt.date], index: int, day: dt.date) -> dt.date:
    if not 0 <= index < len(days):
        raise _out_of_range(day)
    return days[index]


def _out_of_range(day: dt.date) -> ConfigError:
    first, last = _bounds()
    return ConfigError(
        f"{day} lies outside the trading calendar",
        figures={"first day": first, "last day": last},
        remedy=f"Use dates from {first} to {last}.",
    )


@functools.cache
def _schedule(
    first: dt.date, last: dt.date
) -> tuple[list[dt.date], dict[dt.date, tuple[dt.datetime, dt.datetime]]]:
    # exchange_calendars costs two seconds to import: whoever needs no calendar must not pay for it
    import exchange_calendars  # noqa: PLC0415

    schedule: Any = exchange_calendars.get_calendar("XNYS", start=str(first), end=str(last)).schedule
    hours = {
        session.date(): (
            opening.to_pydatetime().astimezone(dt.UTC),
            closing.to_pydatetime().astimezone(dt.UTC),
        )
        for session, opening, closing in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    }
    return list(hours), hours
