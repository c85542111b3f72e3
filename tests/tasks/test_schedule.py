"""Five years of the schedule: what Prefect's cron proposes, and on which of those instants the guard lets a rebalance happen.

The instants come from Prefect's own schedule of ``prefect.yaml``; whether the market is open, and which sessions there
are, from the loopback exchange's own table; the guard looks into the client's calendar, as it does live.
"""

import asyncio
import datetime as dt
import random
from pathlib import Path

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.models import Clock
from brokerage.paper_exchange.sessions import Sessions
from config import load_settings
from schemas.identity import IsoWeek, Run
from tasks.permission import _weekly, judge
from tasks.stage import resolve
from tasks.week import Holder

ROOT = Path(__file__).parents[2]
TABLE = Sessions()


@pytest.fixture(scope="module")
def cron():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    weekly = next(each for each in deployments if each["name"] == "weekly-rebalance")
    (schedule,) = weekly["schedules"]
    return CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])


def instants(cron, first_year, years):
    """What Prefect would schedule, as it computes it: a thousand instants at most at a time."""
    for year in range(first_year, first_year + years):
        begin = dt.datetime(year, 1, 1, tzinfo=NEW_YORK)
        dates = asyncio.run(cron.get_dates(start=begin, end=begin.replace(year=year + 1)))
        yield from (date for date in dates if date.year == year)


def decisions(instants, missed=lambda instant: False):
    """The sessions on which the guard said yes, by ISO week, when each yes uses up its week."""
    parameters = load_settings().rebalance("risk_parity")
    traded: dict[IsoWeek, list[dt.date]] = {}
    for instant in instants:
        day = instant.astimezone(NEW_YORK).date()
        week = IsoWeek.of(day)
        if missed(instant):
            continue
        clock = Clock(
            timestamp=instant,
            is_open=TABLE.is_open(instant),
            next_open=TABLE.next_open(instant),
            next_close=TABLE.next_close(instant),
        )
        run = Run(strategy="risk_parity", session=day, decided_at=instant, venue="loopback", account="a")
        holder = Holder("the week's", finished=True) if week in traded else None
        if _weekly(clock, run, parameters, holder).allowed:
            traded.setdefault(week, []).append(day)
    return traded


def sessions_by_week(first, last):
    weeks: dict[IsoWeek, list[dt.date]] = {}
    for day in TABLE.between(first, last):
        weeks.setdefault(IsoWeek.of(day), []).append(day)
    return weeks


@pytest.mark.parametrize("first_year", [1999, 2008, 2012, 2022])
def test_one_decision_a_week_on_its_first_session_for_five_years(cron, first_year):
    """Clocks changed ten times each; closed by holidays, attacks, a hurricane and days of mourning; early closes."""
    weeks = sessions_by_week(dt.date(first_year, 1, 1), dt.date(first_year + 4, 12, 31))
    assert len(weeks) >= 261

    traded = decisions(instants(cron, first_year, 5))

    assert traded == {week: [days[0]] for week, days in weeks.items()}


def test_what_these_years_hold():
    """The weeks that could go wrong are among them."""
    days = set(TABLE.between(dt.date(1999, 1, 1), dt.date(2026, 12, 31)))
    weeks = sessions_by_week(dt.date(2001, 9, 1), dt.date(2001, 9, 30))
    assert len(weeks[IsoWeek(2001, 37)]) == 1  # 9/11: Monday only
    assert dt.date(2012, 10, 29) not in days  # a hurricane took Monday and Tuesday
    assert dt.date(2012, 10, 30) not in days
    assert dt.date(2015, 4, 3) not in days  # Good Friday
    assert dt.date(2025, 1, 9) not in days  # a day of mourning in the middle of a week
    assert TABLE.hours(dt.date(2012, 12, 24)).close.astimezone(NEW_YORK).hour == 13  # a Monday


def test_the_instant_is_the_same_in_new_york_on_both_sides_of_every_change_of_clocks(cron):
    proposed = list(instants(cron, 2022, 5))
    assert {(at.astimezone(NEW_YORK).hour, at.astimezone(NEW_YORK).minute) for at in proposed} == {(10, 45)}
    assert {at.astimezone(dt.UTC).hour for at in proposed} == {14, 15}
    assert len(set(proposed)) == len(proposed)
    assert {at.astimezone(NEW_YORK).date() for at in proposed} >= set(
        TABLE.between(dt.date(2022, 1, 1), dt.date(2026, 12, 31))
    )


def test_with_two_of_five_instants_missed_a_week_is_made_up_on_the_next_session_that_was_not(cron):
    draw = random.Random(4)
    proposed = list(instants(cron, 2022, 5))
    lost = {at for at in proposed if draw.random() < 0.4}

    traded = decisions(proposed, missed=lambda at: at in lost)

    seen = {at.astimezone(NEW_YORK).date() for at in proposed if at not in lost}
    weeks = sessions_by_week(dt.date(2022, 1, 1), dt.date(2026, 12, 31))
    left = {week: [day for day in days if day in seen] for week, days in weeks.items()}
    assert traded == {week: days[:1] for week, days in left.items() if days}
    assert 0 < sum(not days for days in left.values()) < 20  # weeks of which nothing was left


SPECIAL = {
    "the Fourth of July is observed on a Friday": (dt.date(2015, 6, 29), dt.date(2015, 6, 29)),
    "Labor Day": (dt.date(2015, 9, 7), dt.date(2015, 9, 8)),
    "clocks went back on Sunday": (dt.date(2015, 11, 2), dt.date(2015, 11, 2)),
    "Thanksgiving": (dt.date(2015, 11, 23), dt.date(2015, 11, 23)),
    "Martin Luther King's day": (dt.date(2016, 1, 18), dt.date(2016, 1, 19)),
    "clocks went forward on Sunday": (dt.date(2016, 3, 14), dt.date(2016, 3, 14)),
    "Good Friday": (dt.date(2016, 3, 21), dt.date(2016, 3, 21)),
}
"""The Monday of a week in the exchange's prices, and the session on which it is due."""


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_on_the_exchanges_own_clock_every_rule_agrees(cron, store, exchange):
    """All that stands before a rebalance is asked, over HTTP, at each instant of the weeks that are not like others."""
    parameters = load_settings().rebalance("risk_parity").model_copy(update={"dry_run": True})
    account = Broker(resolve(load_settings()), load_settings().broker)
    traded = {name: [] for name in SPECIAL}
    for name, (monday, _) in SPECIAL.items():
        begin = dt.datetime.combine(monday, dt.time(), NEW_YORK)
        for instant in asyncio.run(cron.get_dates(start=begin, end=begin + dt.timedelta(days=5))):
            exchange.control.advance(instant.isoformat())
            clock = account.clock()
            day = clock.timestamp.astimezone(NEW_YORK).date()
            run = Run(strategy="risk_parity", session=day, decided_at=clock.timestamp, venue="loopback",
                      account="loopback-1", dry_run=True)  # fmt: skip
            holder = Holder("the week's", finished=True) if traded[name] else None
            permission = judge(store, account, run, parameters, clock=clock, holder=holder)
            if all(check.passed for check in permission.checks):
                traded[name].append(day)
    assert traded == {name: [due] for name, (_, due) in SPECIAL.items()}
