"""When a rebalance is due: the week of the session that is traded in, as the live guard counts it."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.schedule import rebalance_schedule
from schemas.errors import DataError
from schemas.simulation_parameters import Rules

MARCH_AND_APRIL = np.arange("2026-03-02", "2026-05-02", dtype="datetime64[D]")
HOLIDAYS = np.array(["2026-03-16", "2026-04-03", "2026-04-06"], dtype="datetime64[D]")
SESSIONS = MARCH_AND_APRIL[np.is_busday(MARCH_AND_APRIL, holidays=HOLIDAYS)]


def traded(**fields):
    schedule = rebalance_schedule(SESSIONS, Rules(**fields))
    return [str(day) for day in SESSIONS[schedule.executed]]


def test_weekly_trades_on_the_first_session_of_an_iso_week():
    assert traded()[:5] == ["2026-03-09", "2026-03-17", "2026-03-23", "2026-03-30", "2026-04-07"]


def test_it_decides_at_the_close_before():
    schedule = rebalance_schedule(SESSIONS, Rules())
    assert str(SESSIONS[schedule.decided[0]]) == "2026-03-06"
    np.testing.assert_array_equal(schedule.decided, schedule.executed - 1)
    at_once = rebalance_schedule(SESSIONS, Rules(execution="same_close"))
    np.testing.assert_array_equal(at_once.decided, at_once.executed)


def test_a_week_whose_day_has_no_session_left_trades_on_its_last():
    fridays = traded(weekday=4)
    assert fridays[3:6] == ["2026-03-27", "2026-04-02", "2026-04-10"]


def test_the_last_week_of_the_data_may_go_on():
    until_wednesday = SESSIONS[np.datetime64("2026-04-22") >= SESSIONS]
    schedule = rebalance_schedule(until_wednesday, Rules(weekday=4))
    assert str(until_wednesday[schedule.executed[-1]]) == "2026-04-17"


def test_monthly_and_quarterly_trade_on_the_first_session():
    assert traded(frequency="monthly") == ["2026-04-01", "2026-05-01"]
    assert traded(frequency="quarterly") == ["2026-04-01"]
    assert len(traded(frequency="daily")) == len(SESSIONS) - 1


def test_only_trades_within_the_span_count():
    schedule = rebalance_schedule(SESSIONS, Rules(), first=10, last=20)
    assert schedule.executed.min() >= 10
    assert schedule.executed.max() <= 20
    with pytest.raises(DataError, match="The prices end before anything could be traded"):
        rebalance_schedule(SESSIONS, Rules(), first=len(SESSIONS))
    with pytest.raises(DataError, match="No monthly rebalance is due"):
        rebalance_schedule(SESSIONS[:15], Rules(frequency="monthly"))
