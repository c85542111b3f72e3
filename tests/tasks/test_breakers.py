"""What halts trading by itself, and what a run is refused for before it has begun."""

from decimal import Decimal

import pytest

from brokerage.client import Broker
from brokerage.kill_switch import KillSwitch
from brokerage.models import OrderTicket
from config import load_settings
from tasks.stage import resolve

pytestmark = pytest.mark.integration

ACCOUNTED, REJECTS = "holdings and cash accounted for", "rejects in a row"


@pytest.fixture
def broker(store):
    settings = load_settings()
    return Broker(resolve(settings), settings.broker)


@pytest.fixture
def switch(store):
    return KillSwitch(store.root)


def checks(opening):
    return {check.name: check for check in opening.checks}


def failed(opening):
    return {check.name for check in opening.checks if not check.passed}


def test_an_account_whose_story_has_a_gap_is_not_traded_until_somebody_has_looked(
    pipeline, store, exchange, broker, switch
):
    pipeline().rebalance()
    exchange.control.advance("next_week")
    broker.submit(OrderTicket("by-hand", "DIA", "buy", notional=Decimal(50)))

    explained = pipeline().open().opening
    assert explained.allowed, failed(explained)
    assert "1 fills of orders that are not ours" in checks(explained)[ACCOUNTED].detail
    assert {"equity since the last run", "drawdown"} <= checks(explained).keys()

    exchange.control.set_faults(
        {"path": "/v2/account/activities", "action": "status", "status": 200, "answer": "[]", "times": None}
    )
    planned = pipeline(dry_run=True).open().opening
    assert failed(planned) == {ACCOUNTED}
    assert "DIA: holds" in checks(planned)[ACCOUNTED].detail
    assert switch.state() is None, "a plan trips nothing"

    assert failed(pipeline().open().opening) == {ACCOUNTED, "not halted"}
    assert switch.state().by == "circuit breaker"
    exchange.control.set_faults()
    halted = pipeline().open().opening
    assert failed(halted) == {"not halted"}
    assert "riskparity unhalt" in halted.remedy

    switch.release("the fund's manager bought it", by="Ada")
    assert pipeline().open().opening.allowed


def test_orders_rejected_in_a_row_halt_trading(pipeline, exchange, switch, posts):
    exchange.control.set_faults(
        {
            "method": "POST",
            "path": "/v2/orders",
            "action": "reject_async",
            "reason": "margin call",
            "times": None,
        }
    )
    pipeline(strategy="equal_weight").rebalance()
    sent = len(posts())

    assert failed(pipeline(strategy="equal_weight").open().opening) == {REJECTS, "not halted"}
    assert "rejected last" in switch.state().reason
    assert len(posts()) == sent

    switch.release("the broker has been called")
    assert pipeline(strategy="equal_weight").open().opening.allowed


def test_scenario_55_an_account_that_may_not_trade_is_refused_in_words(pipeline, exchange, broker, posts):
    obstacles = [
        ({"field": "trading_blocked"}, "trading_blocked"),
        ({"field": "account_blocked"}, "account_blocked, trading_blocked"),
        (
            {"field": "status", "value": "ACCOUNT_CLOSED_PENDING"},
            "status ACCOUNT_CLOSED_PENDING, account_blocked, trading_blocked",
        ),
    ]
    for incident, said in obstacles:
        exchange.control.set_faults({"path": "/v2/account", "action": "block_account"} | incident)
        opening = pipeline().open().opening

        assert failed(opening) == {"account may trade"}
        assert checks(opening)["account may trade"].detail == said
    assert posts() == []


def test_scenario_55_an_account_suspended_by_its_owner_is_refused_in_words(pipeline, broker):
    broker.configure({"suspend_trade": True, "max_margin_multiplier": "4"})

    opening = pipeline().open().opening

    assert failed(opening) == {"account may trade"}
    assert checks(opening)["account may trade"].detail == "trade_suspended_by_user"
    assert "max_margin_multiplier is 4" in checks(opening)["account hardened"].detail, "said, not refused"


def test_scenario_53_the_exchanges_clock_decides_and_not_this_machines(pipeline):
    opening = pipeline().open().opening

    assert opening.allowed, "this machine's clock is years away"
    assert opening.run.session.isoformat() == "2015-06-01"
