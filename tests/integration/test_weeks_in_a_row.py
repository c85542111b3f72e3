"""Three weekly rebalances by one command, and what is on record afterwards."""

import json

import pytest

from warehouse.query import query

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MONDAYS = ["2015-06-01", "2015-06-08", "2015-06-15"]


@pytest.fixture(scope="module")
def three_weeks(shared_riskparity):
    """What the command answered."""
    done = shared_riskparity("run", "risk_parity", "rebalance", "--weeks", "3", "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.fixture
def asked(three_weeks, shared_exchange):
    """Ask the warehouse those weeks have left: a query's columns as lists."""
    return lambda sql: query(shared_exchange.home, sql).to_pydict()


def test_weeks_follow_each_other_on_the_virtual_clock(three_weeks, asked):
    assert [result["run"]["session"] for result in three_weeks] == MONDAYS
    curve = asked("select session, equity from all_performance order by session")
    assert [str(day) for day in curve["session"]] == MONDAYS


def test_every_week_is_explained(three_weeks, asked, shared_riskparity):
    latest = shared_riskparity("why")
    assert latest.code == 0, latest.err
    assert "Why risk_parity-2015-W25-1" in latest.out
    assert "bp of daily downside deviation per 1 pp." in latest.out
    assets = json.loads(shared_riskparity("why", "--json").out)["assets"]
    assert all(row["drift"] + row["signal"] == row["change"] for row in assets)
    assert any(row["drift"] for row in assets)
    first = json.loads(shared_riskparity("why", "CSJ", "--as-of", "2015-06-05", "--json").out)
    assert [row["previous_target"] for row in first["assets"]] == [None]
    sums = asked("select sum(drift) + sum(signal) = sum(change) as exact from all_explanations")
    assert sums["exact"] == [True]


def test_prices_learnt_once_are_topped_up_and_kept_as_they_were_known(asked):
    learnt = asked("select run_id, count(*) as n from all_bars group by 1 order by 1")["n"]
    assert learnt[1:] == [5 * 11, 5 * 11]
    known = asked("select max(session) as newest from bars_asof('2015-06-02')")
    assert str(known["newest"][0]) == "2015-05-29"
