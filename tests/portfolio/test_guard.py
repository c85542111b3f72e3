"""The guard over the calendar as it really was: holidays, early closes, clock changes, the turn of the year."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import exchange_calendars as xcals
import pytest

from portfolio.guard import NEW_YORK, SessionHours, weekly_guard
from schemas.errors import ConfigError, DataError
from schemas.parameters import GuardParameters

XNYS = xcals.get_calendar("XNYS", start="2014-12-01", end="2026-12-31")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def guard(moment, *, completed=None, is_open=None, now=None, **options):
    """The verdict at New York time ``moment`` on the real calendar."""
    now = now or at(moment)
    today = now.astimezone(NEW_YORK).date()
    hours = None
    if XNYS.is_session(today.isoformat()):
        session = XNYS.sessions_in_range(today.isoformat(), today.isoformat())[0]
        hours = SessionHours(
            XNYS.session_open(session).to_pydatetime(), XNYS.session_close(session).to_pydatetime()
        )
    monday = today - dt.timedelta(days=today.weekday())
    fortnight = XNYS.sessions_in_range(monday.isoformat(), (monday + dt.timedelta(days=13)).isoformat())
    calendar_says = hours is not None and hours.open <= now < hours.close
    return weekly_guard(
        now,
        hours,
        is_open=calendar_says if is_open is None else is_open,
        week_sessions=[session.date() for session in fortnight],
        completed=completed,
        parameters=options.pop("parameters", GuardParameters()),
        **options,
    )


def failed(verdict):
    return [check.name for check in verdict.checks if not check.passed]


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-16 10:00", "session 1 of 5 in 2026-W47"),
        ("2026-09-08 10:00", "session 1 of 4 in 2026-W37"),  # Labor Day: the week begins on Tuesday
        ("2018-12-24 12:30", "session 1 of 4 in 2018-W52"),  # closes at 13:00
        ("2015-03-09 09:45", "session 1 of 5 in 2015-W11"),  # first session of daylight saving time
        ("2015-11-02 15:30", "session 1 of 5 in 2015-W45"),  # first session of standard time
        ("2020-12-28 10:00", "session 1 of 4 in 2020-W53"),
        ("2024-12-30 10:00", "session 1 of 4 in 2025-W01"),  # New Year's week belongs to the new year
        ("2018-12-06 10:00", "session 3 of 4 in 2018-W49"),  # after the day of mourning for G. H. W. Bush
    ],
)
def test_days_on_which_the_rebalance_goes_ahead(moment, says):
    verdict = guard(moment)
    assert failed(verdict) == []
    assert verdict.allowed
    assert says in details(verdict)["this week's turn"]


@pytest.mark.parametrize(
    ("moment", "because", "next_opportunity"),
    [
        (
            "2026-11-15 10:00",
            ["market open", "trading session", "time window", "this week's turn"],
            "2026-11-16",
        ),
        (
            "2026-09-07 10:00",
            ["market open", "trading session", "time window", "this week's turn"],
            "2026-09-08",
        ),
        ("2026-11-16 09:35", ["time window"], "2026-11-16"),
        ("2026-11-16 15:31", ["time window"], "2026-11-17"),
        ("2026-11-16 08:00", ["market open", "time window"], "2026-11-16"),
        ("2026-11-16 16:00", ["market open", "time window"], "2026-11-17"),
        ("2018-12-24 12:31", ["time window"], "2018-12-26"),  # 30 minutes before an early close
        ("2018-12-24 13:00", ["market open", "time window"], "2018-12-26"),
        ("2026-11-20 15:45", ["time window"], "2026-11-23"),  # Friday: only the next week is left
    ],
)
def test_scenario_50_days_and_hours_on_which_it_does_not(moment, because, next_opportunity):
    verdict = guard(moment)
    assert failed(verdict) == because
    assert not verdict.allowed
    assert next_opportunity in verdict.next_opportunity


@pytest.mark.parametrize(
    ("moment", "first"),
    [("2026-11-18 10:00", "Mon 2026-11-16"), ("2026-09-10 10:00", "Tue 2026-09-08")],
)
def test_a_missed_first_session_is_made_up_for_and_said(moment, first):
    verdict = guard(moment)
    assert verdict.allowed
    assert f"the first, {first}, has passed" in details(verdict)["this week's turn"]


@pytest.mark.parametrize(
    ("moment", "again"),
    [
        ("2026-11-18 10:00", "Mon 2026-11-23"),
        ("2026-09-01 10:00", "Tue 2026-09-08"),
        ("2020-12-31 10:00", "Mon 2021-01-04"),
        ("2021-12-31 10:00", "Mon 2022-01-03"),
    ],
)
def test_once_a_week(moment, again):
    verdict = guard(moment, completed="risk_parity-this-week-1")
    assert failed(verdict) == ["once a week"]
    assert "risk_parity-this-week-1" in details(verdict)["once a week"]
    assert verdict.next_opportunity.startswith(again)


def test_the_turn_of_the_year_is_one_week():
    """2024-12-31 and 2025-01-02 are both sessions of 2025-W01: what is done on the one is done on the other."""
    assert "in 2025-W01" in details(guard("2024-12-31 10:00"))["this week's turn"]
    assert "in 2025-W01" in details(guard("2025-01-02 10:00"))["this week's turn"]


def test_the_exchange_knows_of_closures_that_no_calendar_foresaw():
    assert failed(guard("2026-11-16 10:00", is_open=False)) == ["market open"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize(
    "moment", ["2015-03-09 09:44", "2015-03-09 09:45", "2015-10-26 15:30", "2015-10-26 15:31"]
)
def test_the_hosts_zone_does_not_matter(moment, zone):
    """Europe leaves summer time a week before New York does."""
    elsewhere = at(moment).astimezone(dt.UTC).astimezone(ZoneInfo(zone))
    assert guard(moment, now=elsewhere) == guard(moment)


def test_an_evening_in_new_york_is_not_the_next_day():
    """00:30 UTC on Tuesday is still Monday at the exchange."""
    verdict = guard("", now=dt.datetime(2026, 11, 17, 0, 30, tzinfo=dt.UTC))
    assert "Mon 2026-11-16" in details(verdict)["trading session"]


class TestForce:
    def test_overrides_once_a_week_and_the_window_and_says_why(self):
        verdict = guard(
            "2026-11-18 15:50", completed="risk_parity-2026-W47-1", force=True, reason="fills were bust"
        )
        assert verdict.allowed
        assert details(verdict)["once a week"].endswith("overridden: fills were bust")
        assert details(verdict)["time window"].endswith("overridden: fills were bust")

    @pytest.mark.parametrize(
        "moment", ["2026-11-15 10:00", "2026-09-07 10:00", "2026-11-16 08:00", "2026-11-16 17:00"]
    )
    def test_never_opens_a_closed_market(self, moment):
        verdict = guard(moment, force=True, reason="I want to")
        assert not verdict.allowed
        assert "market open" in failed(verdict)

    def test_leaves_passed_checks_as_they_are(self):
        forced = guard("2026-11-16 10:00", force=True, reason="to be sure")
        assert forced == guard("2026-11-16 10:00")

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_needs_a_reason(self, reason):
        with pytest.raises(ConfigError, match="without a reason"):
            guard("2026-11-16 10:00", force=True, reason=reason)


def test_the_window_can_be_moved_but_not_past_the_close():
    late = GuardParameters(window_start=dt.time(15, 0), window_end=dt.time(15, 59))
    assert guard("2026-11-16 15:30", parameters=late).allowed
    assert failed(guard("2026-11-16 15:31", parameters=late)) == ["time window"]


def test_a_window_that_an_early_close_leaves_empty_points_to_the_next_session():
    late = GuardParameters(window_start=dt.time(15, 0))
    verdict = guard("2018-12-24 10:00", parameters=late)
    assert failed(verdict) == ["time window"]
    assert verdict.next_opportunity.startswith("Wed 2018-12-26 from 15:00")


def test_times_need_a_zone():
    with pytest.raises(DataError, match="without a zone"):
        weekly_guard(
            dt.datetime(2026, 11, 16, 10),
            None,
            is_open=True,
            week_sessions=[],
            completed=None,
            parameters=GuardParameters(),
        )


def test_without_next_weeks_sessions_the_week_is_named():
    verdict = weekly_guard(
        at("2026-12-28 10:00"),
        None,
        is_open=False,
        week_sessions=[dt.date(2026, 12, 28)],
        completed="risk_parity-2026-W53-1",
        parameters=GuardParameters(),
    )
    assert verdict.next_opportunity == "the first session of 2027-W01"


def details(verdict):
    return {check.name: check.detail for check in verdict.checks}
