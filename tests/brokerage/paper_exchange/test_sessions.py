"""The exchange's own hours agree with the independent calendar, and its clock arithmetic is strict."""

from __future__ import annotations

import datetime as dt

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.paper_exchange.sessions import Sessions, at

sessions = Sessions()
FRIDAY, MONDAY = dt.date(2015, 5, 29), dt.date(2015, 6, 1)


def test_every_session_and_hour_agrees_with_exchange_calendars():
    last = dt.date(min(2029, dt.datetime.now(NEW_YORK).year + 1), 12, 31)
    calendar = TradingCalendar()
    days = calendar.sessions(dt.date(1993, 1, 1), last)
    assert sessions.between(dt.date(1993, 1, 1), last) == days
    assert [tuple(sessions.hours(day)) for day in days] == [calendar.hours(day) for day in days]


def test_the_instant_of_the_close_is_closed_and_that_of_the_open_is_open():
    opening, closing = sessions.hours(MONDAY)
    assert sessions.is_open(opening)
    assert not sessions.is_open(closing)
    assert not sessions.is_open(opening - dt.timedelta(microseconds=1))


def test_next_open_and_close_are_strictly_later():
    opening, closing = sessions.hours(MONDAY)
    tuesday = sessions.hours(dt.date(2015, 6, 2))
    assert (sessions.next_open(opening), sessions.next_close(opening)) == (tuesday.open, closing)
    assert (sessions.next_open(closing), sessions.next_close(closing)) == tuesday


def test_before_the_open_the_latest_session_is_the_previous_one():
    assert sessions.latest(at(MONDAY, dt.time(9, 0))) == FRIDAY
    assert sessions.latest(at(MONDAY, dt.time(9, 30))) == MONDAY
    assert sessions.latest(at(dt.date(2015, 5, 31), dt.time(12, 0))) == FRIDAY
