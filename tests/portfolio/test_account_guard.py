"""One strategy an account, calendars and clocks that agree, and the breakers' own arithmetic."""

import datetime as dt
from decimal import Decimal

import pytest

from portfolio.account_guard import (
    REMEDIES,
    accounted_for,
    calendars_agree,
    clocks_agree,
    drawdown_stop,
    equity_drop,
    hardened,
    own_account,
    own_folder,
    rejects_in_a_row,
)

FRIDAY = dt.date(2015, 11, 27)
NO = ("rejected", Decimal(0))
FULL, HALF = (dt.time(9, 30), dt.time(16, 0)), (dt.time(9, 30), dt.time(13, 0))


@pytest.mark.parametrize("last_trader", [None, "risk_parity"])
def test_an_unused_account_or_its_own_may_be_traded(last_trader):
    assert own_account("risk_parity", last_trader, force=False, reason="").passed


def test_another_strategys_account_is_left_alone_unless_handed_over():
    check = own_account("risk_parity", "equal_weight", force=False, reason="")
    handed_over = own_account("risk_parity", "equal_weight", force=True, reason="new owner")

    assert not check.passed
    assert "RISKPARITY_HOME" in REMEDIES[check.name]
    assert handed_over.passed
    assert "new owner" in handed_over.detail


def test_orders_that_another_state_folder_sent_this_week_are_named():
    check = own_folder({"risk_parity-2015-W23-1-B-SPY-1"})

    assert own_folder([]).passed
    assert (check.passed, "W23-1-B-SPY-1" in check.detail) == (False, True)
    assert "RISKPARITY_HOME" in REMEDIES[check.name]


def test_an_early_close_that_only_one_calendar_knows_is_named():
    check = calendars_agree({FRIDAY: HALF}, {FRIDAY: FULL})

    assert not check.passed
    assert check.detail == "2015-11-27: ours 09:30 to 13:00, the broker's 09:30 to 16:00"


@pytest.mark.parametrize(("ours", "brokers"), [({FRIDAY: FULL}, {}), ({}, {FRIDAY: FULL})])
def test_a_session_that_only_one_calendar_has_is_named(ours, brokers):
    assert "closed" in calendars_agree(ours, brokers).detail


def test_equal_calendars_agree():
    assert calendars_agree({FRIDAY: HALF}, {FRIDAY: HALF}).passed


@pytest.mark.parametrize(
    ("seconds", "agree"), [(0, True), (60, True), (-60, True), (61, False), (-600, False)]
)
def test_scenario_53_a_clock_ten_minutes_off_is_refused(seconds, agree):
    brokers = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)

    check = clocks_agree(brokers + dt.timedelta(seconds=seconds), brokers, 60, virtual=False)

    assert check.passed is agree
    assert f"{seconds:+.1f} s" in check.detail


def test_a_virtual_clock_is_another_time_and_decides_alone():
    then = dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC)

    assert clocks_agree(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), then, 60, virtual=True).passed


@pytest.mark.parametrize(
    ("orders", "passed"),
    [
        ([], True),
        ([NO, NO], True),
        ([("filled", Decimal(1)), NO, NO, NO], False),
        ([NO, NO, NO, ("canceled", Decimal(1))], True),
        ([NO, NO, ("not_sent", Decimal(0)), NO], False),
        ([NO, NO, NO, ("not_sent", Decimal(0)), ("canceled", Decimal(0)), ("expired", Decimal(0))], False),
    ],
)
def test_three_rejects_in_a_row_are_too_many_and_only_a_fill_ends_the_row(orders, passed):
    assert rejects_in_a_row(orders, 3).passed is passed


@pytest.mark.parametrize(
    ("now", "flows", "passed"), [(81, 0, True), (79, 0, False), (40, -50, True), (120, 50, False)]
)
def test_a_fall_of_equity_since_the_last_run_counts_without_money_paid_in_or_out(now, flows, passed):
    assert equity_drop(Decimal(100), Decimal(now), Decimal(flows), 0.2).passed is passed


@pytest.mark.parametrize(("now", "passed"), [(131, True), (129, False), (300, True)])
def test_a_fall_from_the_highest_equity_counts(now, passed):
    curve = [Decimal(100), Decimal(200), Decimal(150)]

    assert drawdown_stop(curve, [Decimal(0)] * 3, Decimal(now), 0.35).passed is passed


@pytest.mark.parametrize(
    ("curve", "flows", "now", "passed"),
    [
        ([100, 60], [-40, 0], 60, True),
        ([100, 70], [0, -40], 30, True),
        ([100, 60], [0, 0], 60, False),
        ([100, 200], [100, 0], 120, False),
        ([100], [-100], 0, True),
    ],
    ids=["paid out once", "paid out of a loss", "lost", "a gain that was paid in", "all paid out"],
)
def test_money_paid_in_or_out_at_any_time_is_neither_fall_nor_height(curve, flows, now, passed):
    assert drawdown_stop([*map(Decimal, curve)], [*map(Decimal, flows)], Decimal(now), 0.35).passed is passed


def test_what_no_record_explains_is_named():
    check = accounted_for({"SPY": "holds 9, and 10 by the record"}, 0)

    assert (check.passed, check.detail) == (False, "SPY: holds 9, and 10 by the record")
    assert "unhalt" in REMEDIES[check.name]
    assert "2 fills" in accounted_for({}, 2).detail


def test_weak_catches_of_the_broker_are_said_and_refuse_nothing():
    assert hardened({}).passed
    assert "max_margin_multiplier is 4" in hardened({"max_margin_multiplier": "4"}).detail
