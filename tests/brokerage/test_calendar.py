"""Sessions are dates in New York; hours are UTC instants and know early closes."""

from __future__ import annotations

import datetime as dt

import pytest

from brokerage.calendar import NEW_YORK, TradingCalendar
from schemas.errors import ConfigError

calendar = TradingCalendar()


def test_thanksgiving_week_has_four_sessions_and_the_last_is_short():
    week = calendar.sessions(dt.date(2015, 11, 23), dt.date(2015, 11, 29))
    assert [day.day for day in week] == [23, 24, 25, 27]
    opening, closing = calendar.hours(week[-1])
    assert (opening.hour, opening.minute) == (14, 30)
    assert closing.astimezone(NEW_YORK).time() == dt.time(13, 0)


def test_hours_are_aware_utc_and_follow_daylight_saving():
    winter, summer = calendar.hours(dt.date(2015, 3, 6)), calendar.hours(dt.date(2015, 3, 9))
    assert winter[0].isoformat() == "2015-03-06T14:30:00+00:00"
    assert summer[0].isoformat() == "2015-03-09T13:30:00+00:00"


def test_previous_and_next_are_strict():
    friday, monday = dt.date(2015, 5, 29), dt.date(2015, 6, 1)
    assert calendar.previous_session(monday) == friday
    assert calendar.next_session(friday) == monday
    saturday = dt.date(2015, 5, 30)
    assert (calendar.previous_session(saturday), calendar.next_session(saturday)) == (friday, monday)


def test_sessions_are_inclusive_and_skip_holidays():
    assert calendar.sessions(dt.date(2015, 7, 2), dt.date(2015, 7, 6)) == [
        dt.date(2015, 7, 2),
        dt.date(2015, 7, 6),
    ]
    assert calendar.is_session(dt.date(2015, 7, 2))
    assert not calendar.is_session(dt.date(2015, 7, 3))


def test_a_week_that_starts_on_a_holiday_starts_on_tuesday():
    assert calendar.sessions(dt.date(2015, 9, 7), dt.date(2015, 9, 13))[0] == dt.date(2015, 9, 8)


def test_it_covers_1993_to_the_end_of_next_year():
    next_year = dt.datetime.now(NEW_YORK).year + 1
    assert calendar.sessions(dt.date(1993, 1, 1), dt.date(1993, 1, 31))[0] == dt.date(1993, 1, 4)
    assert calendar.sessions(dt.date(next_year, 12, 1), dt.date(next_year, 12, 31))


@pytest.mark.parametrize("day", [dt.date(1992, 12, 31), dt.date(2200, 1, 1)])
def test_a_date_outside_names_the_legal_range(day):
    with pytest.raises(ConfigError, match=r"first day: 1993-01-01; last day: \d{4}-12-31"):
        calendar.is_session(day)


def test_there_is_no_session_before_the_first():
    with pytest.raises(ConfigError, match="outside the trading calendar"):
        calendar.previous_session(dt.date(1993, 1, 4))


def test_hours_of_a_holiday_name_the_next_session():
    with pytest.raises(ConfigError, match="2015-07-06"):
        calendar.hours(dt.date(2015, 7, 3))


def test_a_session_is_completed_at_its_close_and_not_a_second_before():
    calendar, early_close = TradingCalendar(), dt.datetime(2015, 11, 27, 18, tzinfo=dt.UTC)

    assert calendar.last_completed(early_close) == dt.date(2015, 11, 27)
    assert calendar.last_completed(early_close - dt.timedelta(seconds=1)) == dt.date(2015, 11, 25)
    assert calendar.last_completed(dt.datetime(2015, 11, 29, 12, tzinfo=dt.UTC)) == dt.date(2015, 11, 27)


def test_the_last_sessions_are_as_many_as_asked_for_whatever_holidays_lie_between():
    sessions = TradingCalendar().last_sessions(dt.date(2016, 1, 4), 313)

    assert len(sessions) == 313
    assert sessions[-2:] == [dt.date(2015, 12, 31), dt.date(2016, 1, 4)]
