"""One strategy an account, and no trading while calendars disagree."""

import datetime as dt

import pytest

from portfolio.account_guard import REMEDIES, calendars_agree, own_account

FRIDAY = dt.date(2015, 11, 27)
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


def test_an_early_close_that_only_one_calendar_knows_is_named():
    check = calendars_agree({FRIDAY: HALF}, {FRIDAY: FULL})

    assert not check.passed
    assert check.detail == "2015-11-27: ours 09:30 to 13:00, the broker's 09:30 to 16:00"


@pytest.mark.parametrize(("ours", "brokers"), [({FRIDAY: FULL}, {}), ({}, {FRIDAY: FULL})])
def test_a_session_that_only_one_calendar_has_is_named(ours, brokers):
    assert "closed" in calendars_agree(ours, brokers).detail


def test_equal_calendars_agree():
    assert calendars_agree({FRIDAY: HALF}, {FRIDAY: HALF}).passed
