"""The exchange's own table of trading hours: what ``/v2/calendar`` and ``/v2/clock`` answer from.

The client asks ``brokerage.calendar``; the exchange must not, so that the two can disagree in a test
as they could against the real one, and so that it starts without a two-second import.
"""

from __future__ import annotations

import bisect
import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_EXCEPTIONS = Path(__file__).parent / "data" / "xnys_exceptions.csv"
_FIRST, _LAST = dt.date(1993, 1, 1), dt.date(2029, 12, 31)
_USUAL = (dt.time(9, 30), dt.time(16, 0))
_FIRST_TRADE, _LAST_TRADE, _EARLY_LAST_TRADE = dt.time(4), dt.time(20), dt.time(17)
"""Between which extended hours lie around those of a session; the third is that of an early close."""


class Hours(NamedTuple):
    """Open and close of one session, aware, UTC."""

    open: dt.datetime
    close: dt.datetime


class Sessions:
    """Every session of XNYS from 1993 to 2029: weekdays but for a checked-in list of exceptions."""

    def __init__(self) -> None:
        exceptions = _read_exceptions()
        days = (_FIRST + dt.timedelta(days=i) for i in range((_LAST - _FIRST).days + 1))
        self._times = {
            day: times
            for day in days
            if day.weekday() < 5 and (times := exceptions.get(day, _USUAL)) is not None  # noqa: PLR2004
        }
        self.days = list(self._times)

    def hours(self, session: dt.date) -> Hours:
        """Open and close of ``session``; ``KeyError`` when the exchange is closed on that day."""
        opening, closing = self._times[session]
        return Hours(at(session, opening), at(session, closing))

    def extended_hours(self, session: dt.date) -> Hours:
        """From when to when limit orders may trade that were sent for extended hours too."""
        early = self._times[session][1] < _USUAL[1]
        return Hours(at(session, _FIRST_TRADE), at(session, _EARLY_LAST_TRADE if early else _LAST_TRADE))

    def between(self, start: dt.date, end: dt.date) -> list[dt.date]:
        """Sessions from ``start`` to ``end``, both included."""
        return self.days[bisect.bisect_left(self.days, start) : bisect.bisect_right(self.days, end)]

    def following(self, day: dt.date) -> dt.date:
        """The first session strictly after ``day``."""
        return self.days[bisect.bisect_right(self.days, day)]

    def preceding(self, day: dt.date) -> dt.date:
        """The last session strictly before ``day``."""
        return self.days[bisect.bisect_left(self.days, day) - 1]

    def latest(self, now: dt.datetime) -> dt.date:
        """The newest session that has opened at ``now``."""
        day = now.astimezone(NEW_YORK).date()
        if day in self._times and self.hours(day).open <= now:
            return day
        return self.preceding(day)

    def is_open(self, now: dt.datetime) -> bool:
        """Whether orders trade at ``now``; the instant of the close itself is closed."""
        return now < self.hours(self.latest(now)).close

    def is_extended(self, now: dt.datetime) -> bool:
        """Whether orders for extended hours trade at ``now``, in regular hours too."""
        day = now.astimezone(NEW_YORK).date()
        if day not in self._times:
            return False
        opening, closing = self.extended_hours(day)
        return opening <= now < closing

    def next_extended_close(self, now: dt.datetime) -> dt.datetime:
        """The first end of extended hours strictly after ``now``."""
        day = now.astimezone(NEW_YORK).date()
        if day in self._times and now < self.extended_hours(day).close:
            return self.extended_hours(day).close
        return self.extended_hours(self.following(day)).close

    def next_open(self, now: dt.datetime) -> dt.datetime:
        """The first opening strictly after ``now``."""
        return self.hours(self.following(self.latest(now))).open

    def next_close(self, now: dt.datetime) -> dt.datetime:
        """The first close strictly after ``now``."""
        latest = self.latest(now)
        closing = self.hours(latest).close
        return closing if now < closing else self.hours(self.following(latest)).close

    def progress(self, session: dt.date, now: dt.datetime) -> float:
        """Share of the trading day of ``session`` that has passed at ``now``, from 0 to 1."""
        opening, closing = self.hours(session)
        return min(1.0, max(0.0, (now - opening) / (closing - opening)))


def at(session: dt.date, time: dt.time) -> dt.datetime:
    """The instant of a New York time of day on ``session``, UTC."""
    return dt.datetime.combine(session, time, NEW_YORK).astimezone(dt.UTC)


def _read_exceptions() -> Mapping[dt.date, tuple[dt.time, dt.time] | None]:
    with _EXCEPTIONS.open() as file:
        return {
            dt.date.fromisoformat(row["date"]): (
                (dt.time.fromisoformat(row["open"]), dt.time.fromisoformat(row["close"]))
                if row["open"]
                else None
            )
            for row in csv.DictReader(file)
        }
