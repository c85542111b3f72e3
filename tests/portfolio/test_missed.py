"""A week is missed when its last chance has passed; that is said for a week, whatever was down meanwhile."""

from __future__ import annotations

import datetime as dt

import exchange_calendars as xcals
import pytest

from portfolio.guard import NEW_YORK, SessionHours
from portfolio.missed import missed_weeks
from schemas.parameters import GuardParameters

SCHEDULE = xcals.get_calendar("XNYS", start="2015-06-01", end="2026-12-31").schedule
HOURS = {
    day.date(): SessionHours(row["open"].to_pydatetime(), row["close"].to_pydatetime())
    for day, row in SCHEDULE.iterrows()
}


def missed(now, *rebalanced, since="2026-03-02"):
    """At New York time ``now``, when a rebalance was first due in the week of ``since``."""
    sessions = {day: hours for day, hours in HOURS.items() if day >= dt.date.fromisoformat(since)}
    sessions = {
        day: hours for day, hours in sessions.items() if day <= dt.date.fromisoformat(now[:10]) + WEEK
    }
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    weeks = missed_weeks(moment, sessions, rebalanced=rebalanced, parameters=GuardParameters())
    return [str(week) for week in weeks]


WEEK = dt.timedelta(days=6)


@pytest.mark.parametrize("now", ["2026-03-02 09:00", "2026-03-05 23:00", "2026-03-06 15:30"])
def test_a_week_is_not_missed_while_it_can_still_be_made_up(now):
    assert missed(now) == []


def test_it_is_missed_when_the_window_of_its_last_session_has_passed():
    assert missed("2026-03-06 15:31") == ["2026-W10"]


def test_before_a_holiday_on_friday_the_last_chance_is_on_thursday():
    assert missed("2026-04-02 15:31", since="2026-03-30") == ["2026-W14"]  # Good Friday is the third


def test_an_early_close_ends_the_last_chance_early():
    assert missed("2026-11-27 12:29", since="2026-11-23") == []
    assert missed("2026-11-27 12:31", since="2026-11-23") == ["2026-W48"]  # it closes at 13:00


def test_a_week_that_was_rebalanced_is_not_missed():
    assert missed("2026-03-06 23:00", "2026-W10") == []
    assert missed("2026-03-09 11:00", "2026-W10") == []


def test_after_downtime_all_weeks_since_the_last_rebalance_are_named():
    assert missed("2026-03-25 10:00", "2026-W10") == ["2026-W11", "2026-W12"]


def test_last_week_is_told_even_when_this_one_is_rebalanced_and_then_no_more():
    assert missed("2026-03-16 16:10", "2026-W10", "2026-W12") == ["2026-W11"]
    assert missed("2026-03-20 16:10", "2026-W10", "2026-W12") == ["2026-W11"]
    assert missed("2026-03-23 16:10", "2026-W10", "2026-W12") == []


def test_before_the_first_week_that_was_due_nothing_is_missed():
    assert missed("2026-03-03 12:00") == []


def test_the_turn_of_the_year_is_a_week_like_any_other():
    assert missed("2021-01-04 12:00", since="2020-12-21") == ["2020-W52", "2020-W53"]
