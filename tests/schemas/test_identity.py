"""A run is a strategy, the ISO week of its session and an attempt; order ids follow from it alone."""

import datetime as dt

import pytest

from schemas.identity import IsoWeek, Run, Trial


def run_on(session, **more):
    noon = dt.datetime.combine(session, dt.time(16), dt.UTC)
    return Run(
        strategy="risk_parity",
        session=session,
        decided_at=noon,
        venue="loopback",
        account="loopback-1",
        **more,
    )


@pytest.mark.parametrize(
    ("session", "week"),
    [
        (dt.date(2015, 6, 1), "2015-W23"),
        (dt.date(2020, 12, 31), "2020-W53"),
        (dt.date(2021, 1, 1), "2020-W53"),
        (dt.date(2018, 12, 31), "2019-W01"),
    ],
)
def test_the_week_is_that_of_the_session_in_the_iso_year(session, week):
    assert str(IsoWeek.of(session)) == week
    assert run_on(session).run_id == f"risk_parity-{week}-1"


def test_an_order_id_follows_from_run_side_symbol_and_attempt():
    run = run_on(dt.date(2015, 6, 1), attempt=2)

    assert run.client_order_id("buy", "SPY") == "risk_parity-2015-W23-2-B-SPY-1"
    assert run.client_order_id("sell", "SPY", 2) == "risk_parity-2015-W23-2-S-SPY-2"


def test_a_plan_can_never_be_mistaken_for_a_run():
    assert run_on(dt.date(2015, 6, 1), dry_run=True).run_id == "risk_parity-2015-W23-plan-1"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="timezone"):
        Run(
            strategy="x",
            session=dt.date(2015, 6, 1),
            decided_at=dt.datetime(2015, 6, 1),
            venue="loopback",
            account="loopback-1",
        )


def test_a_backtest_is_named_by_the_instant_it_began_wherever_the_clock_stands():
    new_york = dt.timezone(-dt.timedelta(hours=5))
    trial = Trial(strategy="risk_parity", decided_at=dt.datetime(2026, 11, 22, 20, 5, 1, 42, tzinfo=new_york))

    assert trial.run_id == "risk_parity-backtest-20261123-010501-000042"
    assert trial.session == dt.date(2026, 11, 23)
