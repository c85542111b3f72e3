"""What is to be sent is on disk before it is sent, or it is not sent."""

import datetime as dt
import sqlite3
from decimal import Decimal

import pytest

from brokerage.adoption import adopt
from brokerage.client import Broker
from brokerage.intents import REFUSED, IntentLog
from brokerage.models import Order, OrderTicket
from schemas.errors import GuardRefusal, UnknownOutcome
from schemas.identity import Run

MONDAY, TUESDAY = dt.date(2015, 6, 1), dt.date(2015, 6, 2)
RUN = Run(
    strategy="risk_parity",
    session=MONDAY,
    decided_at=dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC),
    venue="paper",
    account="paper-1",
)
BUY = OrderTicket("run-1-B-SPY-1", "SPY", "buy", notional=Decimal("250.10"))
SELL = OrderTicket("run-1-S-TLT-1", "TLT", "sell", qty=Decimal("0.000000001"), limit_price=Decimal("99.95"))


@pytest.fixture
def log(tmp_path):
    return IntentLog(tmp_path, "paper-1", patience=0.05)


def order(ticket, **more):
    known = {"id": "7c1e", "client_order_id": ticket.client_order_id, "symbol": ticket.symbol}
    return Order(**known, side=ticket.side, **{"status": "new"} | more)


def states(log):
    return [intent.state for intent in log.of(RUN.run_id)]


def test_an_intent_keeps_every_digit_over_a_restart(log, tmp_path):
    log.plan(RUN, [BUY, SELL])

    again = IntentLog(tmp_path, "paper-1").of(RUN.run_id)

    assert [intent.ticket for intent in again] == [BUY, SELL]


def test_the_life_of_an_order_from_plan_to_end(log):
    seen = []
    for step in (
        lambda: log.plan(RUN, [BUY]),
        lambda: log.submitting(BUY),
        lambda: log.note([order(BUY, status="pending_new")]),
        lambda: log.note([order(BUY, status="filled", filled_qty="1.25")]),
    ):
        step()
        seen += states(log)

    assert seen == ["PLANNED", "SUBMITTING", "ACKED", "TERMINAL"]
    assert log.of(RUN.run_id)[0].filled_qty == Decimal("1.25")
    assert log.pending() == []


def test_planning_again_after_a_crash_forgets_nothing(log):
    log.plan(RUN, [BUY])
    log.submitting(BUY)

    log.plan(RUN, [BUY, SELL])

    assert states(log) == ["SUBMITTING", "PLANNED"]


def test_pending_are_those_of_the_account_whichever_run_wrote_them(log, tmp_path):
    log.plan(RUN, [BUY, SELL])
    log.settle(SELL.client_order_id, "TERMINAL", "no", status=REFUSED)
    other = OrderTicket("run-2-B-SPY-1", "SPY", "buy", notional=Decimal(5))
    log.plan(RUN.model_copy(update={"attempt": 2}), [other])
    IntentLog(tmp_path, "paper-2").plan(RUN, [OrderTicket("run-3-B-SPY-1", "SPY", "buy", qty=Decimal(1))])

    assert [intent.ticket for intent in log.pending()] == [BUY, other]


@pytest.fixture
def locked(log, tmp_path):
    """Another process writes to the file and does not finish."""
    log.plan(RUN, [BUY])
    other = sqlite3.connect(tmp_path / "intents.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield log
    other.close()


def test_an_intention_that_cannot_be_written_is_refused_and_news_can_wait(locked):
    for write in (lambda: locked.plan(RUN, [SELL]), lambda: locked.submitting(BUY)):
        with pytest.raises(GuardRefusal, match="cannot be written down"):
            write()

    locked.note([order(BUY)])
    assert states(locked) == ["PLANNED"]


def test_a_folder_that_is_none_is_refused_too(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(GuardRefusal, match="cannot be written down"):
        IntentLog(tmp_path / "file", "paper-1").plan(RUN, [BUY])


def test_what_earlier_runs_left_open_is_looked_up_until_it_has_an_end(
    log, misbehaving, misbehaving_endpoint, impatient, acts
):
    """One is found although the first look misses it, one never arrived, one was never sent."""
    never = OrderTicket("run-1-B-GLD-1", "GLD", "buy", notional=Decimal(5))
    log.plan(RUN, [BUY, SELL, never])
    log.submitting(BUY)
    log.submitting(SELL)
    misbehaving.book[SELL.client_order_id] = acts.order_json(
        SELL.client_order_id, "TLT", "sell", status="filled"
    )
    missing = acts.refuse(404, 40410000, "order not found")
    misbehaving.script("GET /v2/orders:by_client_order_id", *[missing] * 6, acts.look_up)
    broker = Broker(misbehaving_endpoint, impatient, sleep=lambda _: None)

    found = adopt(broker, log, log.pending(), today=TUESDAY)

    assert [each.client_order_id for each in found] == [SELL.client_order_id]
    assert log.pending() == []
    asked = misbehaving.received("GET /v2/orders:by_client_order_id")
    assert not [request for request in asked if never.client_order_id in request.query["client_order_id"]]


def test_an_order_of_today_that_went_unanswered_may_still_come_through(
    log, misbehaving, misbehaving_endpoint, impatient
):
    """Until its day is over it is not taken for lost, however often it is missed; the next day it is."""
    log.plan(RUN, [BUY, SELL])
    log.settle(BUY.client_order_id, "AMBIGUOUS", "no answer")
    broker = Broker(misbehaving_endpoint, impatient, sleep=lambda _: None)

    with pytest.raises(UnknownOutcome, match=r"may still come through .*run-1-B-SPY-1: buy SPY"):
        adopt(broker, log, log.pending(), today=MONDAY)
    assert [intent.ticket for intent in log.pending()] == [BUY]

    assert adopt(broker, log, log.pending(), today=TUESDAY) == []
    assert log.pending() == []
