"""What stops the sending, what is tried again, and what is never: one side of a trade list at the exchange."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from decimal import Decimal

import pytest

from brokerage.client import Broker
from brokerage.kill_switch import KillSwitch
from brokerage.models import OrderTicket
from schemas.errors import GuardRefusal, TemporaryError, UnknownOutcome

pytestmark = pytest.mark.integration

FIRST = {"SPY": 0.3, "TLT": 0.5, "IEF": 0.19}
SECOND = {"SPY": 0.59, "IEF": 0.4}
DEADLINE = 60
BUYS = {"method": "POST", "path": "/v2/orders", "body": '"buy"'}


class Killed(BaseException):
    """The host went down."""


class DyingBefore(Broker):
    """Goes down between the intention and the POST."""

    def submit(self, ticket, permit):
        permit()
        raise Killed


class DyingAfter(Broker):
    """Goes down between the POST and the note of its answer."""

    def submit(self, ticket, permit):
        super().submit(ticket, permit)
        raise Killed


def test_scenario_12_a_run_killed_between_intention_and_post_sends_each_order_once(desk):
    killed_and_gone_on_with(desk, DyingBefore, posted=0)


def test_scenario_13_a_run_killed_between_post_and_its_note_adopts_the_order(desk):
    killed_and_gone_on_with(desk, DyingAfter, posted=1)


def killed_and_gone_on_with(desk, dying, *, posted):
    plan, run = desk.plan(FIRST), desk.run()
    with pytest.raises(Killed):
        desk.execute(plan, desk.broker_of(dying), run)
    assert len(desk.posts()) == posted
    assert [intent.state for intent in desk.intents.pending()] == ["SUBMITTING", "PLANNED", "PLANNED"]

    done = desk.execute(plan, run=run)

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}
    assert len(desk.posts()) == len(FIRST)
    assert desk.intents.pending() == []


def test_scenario_66_what_cannot_be_written_down_is_not_sent(desk, exchange):
    plan = desk.plan(FIRST)
    desk.intents.plan(desk.run(), [])
    other = sqlite3.connect(exchange.home / "intents.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(GuardRefusal, match="cannot be written down"):
        desk.execute(plan)
    assert desk.posts() == []

    other.close()
    assert desk.execute(plan).outcome == "complete"


def halt_after(desk, orders):
    """Somebody halts trading once so many orders are out."""

    def before_each():
        if len(desk.posts()) >= orders:
            raise GuardRefusal("Trading is halted", remedy="Release it.")

    return before_each


def test_a_halt_before_the_first_order_claims_and_sends_nothing(desk):
    claims = []

    with pytest.raises(GuardRefusal, match="halted"):
        desk.execute(
            desk.plan(FIRST), before_sending=lambda: claims.append(1), before_each=halt_after(desk, 0)
        )
    assert (desk.posts(), claims) == ([], [])


def test_a_halt_between_orders_cancels_what_is_open_and_sends_no_more(desk):
    desk.control.set_faults({"action": "never_fill"})

    done = desk.execute(desk.plan(FIRST), before_each=halt_after(desk, 1))

    assert done.outcome == "aborted"
    assert [row.status for row in done.orders] == ["canceled", "not_sent", "not_sent"]
    assert {row.message for row in done.orders if row.status == "not_sent"} == {"Trading is halted"}
    assert len(desk.posts()) == 1
    assert desk.time.now < DEADLINE  # canceled at once


def test_a_halt_between_two_posts_of_one_order_keeps_the_second_one_in(desk, exchange):
    """The broker says to come back later; meanwhile somebody halts trading."""
    switch, broker = KillSwitch(exchange.home), desk.broker_of(Broker)
    broker._sleep = lambda _: switch.engage("prices look wrong", by="Ada")
    desk.control.set_faults({"action": "status", "status": 429, **BUYS})

    with pytest.raises(GuardRefusal, match="Trading is halted"):
        desk.execute(desk.plan(FIRST), broker, before_each=switch.require_off)
    assert len(desk.posts()) == 1
    assert desk.booked() == {}


def test_a_halt_beside_an_order_that_went_unanswered_leaves_it_in_doubt(desk, exchange):
    """It is not posted again, and whether the first POST comes through nobody knows."""
    switch, broker = KillSwitch(exchange.home), desk.broker_of(Broker)
    broker._sleep = lambda _: switch.engage("prices look wrong", by="Ada")
    desk.control.set_faults({"action": "drop_before", **BUYS})

    done = desk.execute(desk.plan(FIRST), broker, before_each=switch.require_off)

    assert done.outcome == "needs_human"
    assert any("may still appear at the broker" in remark for remark in done.remarks)
    assert len(desk.posts()) == 1
    assert [intent.state for intent in desk.intents.pending()] == ["AMBIGUOUS", "PLANNED", "PLANNED"]


@pytest.mark.parametrize("where", ["close", "next_session", "2015-06-01T15:56:00-04:00"])
def test_the_hour_is_asked_before_every_order(desk, where):
    """After the first one the market closes, or the machine sleeps until the next day, or almost to the close."""

    class Slow(Broker):
        def submit(self, ticket, permit):
            order = super().submit(ticket, permit)
            desk.control.advance(where)
            return order

    done = desk.execute(desk.plan(FIRST), desk.broker_of(Slow), deadline_seconds=1)

    assert done.outcome == "aborted"
    assert [row.status for row in done.orders] == ["filled", "not_sent", "not_sent"]
    assert len(desk.posts()) == 1


def test_an_order_in_doubt_when_a_run_died_stays_so_until_it_is_sent_again(desk):
    """Resumed too late to send it, the run cannot say that nothing more happens."""
    plan, run = desk.plan(FIRST), desk.run()
    second = iter([False, True])

    class Dying(Broker):
        def submit(self, ticket, permit):
            if next(second):
                permit()
                raise Killed
            return super().submit(ticket, permit)

    with pytest.raises(Killed):
        desk.execute(plan, desk.broker_of(Dying), run)

    late = desk.execute(plan, run=run, before_wave=halt_after(desk, 0))

    assert late.outcome == "needs_human"
    assert [intent.state for intent in desk.intents.pending()] == ["SUBMITTING", "PLANNED"]
    assert desk.execute(plan, run=run).outcome == "complete"
    assert desk.intents.pending() == []


def test_an_order_older_than_the_run_is_not_adopted_after_a_missed_look_up_either(desk):
    """The first look misses it, so the broker refuses its id, and the second look finds it."""
    name = desk.run().client_order_id("buy", "SPY")
    desk.broker.submit(OrderTicket(name, "SPY", "buy", notional=Decimal(10)))
    desk.control.advance("2015-06-01T15:00:00-04:00")
    run, plan = desk.run(), desk.plan({"SPY": 0.3, "IEF": 0.3})
    plan = [row for row in plan if row.symbol != "SPY"] + [row for row in plan if row.symbol == "SPY"]
    missing = {"code": 40410000, "message": "order not found"}
    desk.control.set_faults({"method": "GET", "path": "by_client_order_id", "query": "SPY", "action": "status", "status": 404, "answer": missing})  # fmt: skip

    done = desk.execute([*plan], run=run)

    assert done.outcome == "aborted"
    assert {row.symbol: row.status for row in done.orders} == {"IEF": "filled", "SPY": "not_sent"}
    assert any("this run did not send" in remark for remark in done.remarks)


def test_a_question_that_breaks_is_a_no_and_what_is_out_is_followed(desk):
    desk.control.set_faults({"action": "never_fill"})

    def before_each():
        if desk.posts():
            raise RuntimeError("the server that knows is down")

    done = desk.execute(desk.plan(FIRST), before_each=before_each)

    assert done.outcome == "aborted"
    assert [row.status for row in done.orders] == ["canceled", "not_sent", "not_sent"]
    assert desk.broker.open_orders() == []


def test_scenario_57_an_account_suspended_in_the_middle_stops_all_legs_without_a_retry(desk):
    plan = desk.invested().plan(SECOND)
    suspend = {"suspend_trade": True}

    def once_sold():
        if len(desk.posts()) > len(FIRST):
            desk.broker._client.patch("/account/configurations", suspend)

    done = desk.execute(plan, before_each=once_sold)

    assert done.outcome == "aborted"
    assert [row.symbol for row in done.fills] == ["TLT"]
    assert any("takes no new orders" in remark for remark in done.remarks)
    assert [body["side"] for body in desk.posts()[len(FIRST) :]] == ["sell", "buy"]


def test_scenario_61_keys_that_stop_working_in_the_middle_need_a_person_and_the_same_run_goes_on(desk):
    plan, run = desk.invested().plan(SECOND), desk.run()
    desk.control.set_faults({**BUYS, "action": "status", "status": 401}, {"action": "status", "status": 401, "times": None, "nth": 40})  # fmt: skip

    with pytest.raises(UnknownOutcome, match="does not accept the keys, and orders of this run are out"):
        desk.execute(plan, run=run)
    assert [body["side"] for body in desk.posts()[len(FIRST) :]] == ["sell", "buy"]

    desk.control.set_faults()
    assert desk.execute(plan, run=run).outcome == "complete"
    assert set(desk.booked().values()) == {1}


def test_scenario_05_posts_answered_504_before_they_are_booked_never_make_two(desk):
    desk.control.set_faults({"action": "status", "status": 504, **BUYS, "times": 3})
    plan = desk.plan({"SPY": 0.5})

    assert desk.execute(plan).outcome == "needs_human"
    assert desk.execute(plan).outcome == "complete"
    assert list(desk.booked().values()) == [1]


def test_scenario_09_a_rate_limit_that_never_lifts_ends_the_run_with_nothing_sent(desk, three_tries):
    desk.control.set_faults({"action": "status", "status": 429, **BUYS, "times": None})

    with pytest.raises(TemporaryError):
        desk.execute(desk.plan(FIRST))
    assert desk.booked() == {}
    assert {intent.state for intent in desk.intents.pending()} == {"PLANNED"}


def test_scenario_08_a_rate_limit_is_waited_out_as_long_as_the_broker_says(desk):
    pauses = []
    broker = desk.broker_of(Broker)
    broker._sleep = pauses.append
    desk.control.set_faults({"action": "status", "status": 429, "headers": {"Retry-After": "20"}, **BUYS})

    assert desk.execute(desk.plan(FIRST), broker).outcome == "complete"
    assert 20 in pauses
    assert set(desk.booked().values()) == {1}


def test_scenario_24_a_buy_the_account_cannot_pay_for_shrinks_once_to_what_there_is(desk):
    """Somebody takes most of the money between the look at the account and the last buy."""
    poor = {"code": 40310000, "message": "insufficient buying power"}
    desk.control.set_faults({**BUYS, "symbol": "TLT", "action": "status", "status": 403, "answer": poor})

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    tlt = [row for row in done.orders if row.symbol == "TLT"]
    assert [(row.status, row.client_order_id[-2:]) for row in tlt] == [("rejected", "-1"), ("filled", "-2")]
    assert tlt[1].notional <= tlt[0].notional
    assert desk.broker.account().cash > 0


def test_an_order_refused_for_want_of_money_is_not_tried_without_end(desk):
    poor = {"code": 40310000, "message": "insufficient buying power"}
    desk.control.set_faults(
        {**BUYS, "symbol": "TLT", "action": "status", "status": 403, "answer": poor, "times": None}
    )

    done = desk.execute(desk.plan(FIRST), reattempts=2)

    assert done.outcome == "adjusted"
    assert [row.status for row in done.orders if row.symbol == "TLT"] == ["rejected"] * 3


def test_what_somebody_canceled_half_way_is_not_tried_again(desk):
    """Nobody can tell whether it was the broker or a person at its screen, who meant it."""
    desk.control.set_faults({"action": "partial", "symbol": "TLT", "fraction": "0.4", "then": "cancel"})

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "adjusted"
    assert [row.status for row in done.orders if row.symbol == "TLT"] == ["canceled"]
    assert len(desk.posts()) == len(FIRST)


def test_scenario_18_a_buy_partly_filled_at_the_close_is_booked_and_never_bought_twice(desk):
    desk.control.set_faults({"action": "partial", "symbol": "TLT", "fraction": "0.5"})
    desk.time.meanwhile = closing(desk)

    done = desk.execute(desk.plan(FIRST))

    tlt = next(row for row in done.orders if row.symbol == "TLT")
    assert (done.outcome, tlt.status) == ("adjusted", "expired")
    desk.control.advance("next_week")
    again = desk.execute(desk.plan(FIRST))
    assert again.outcome == "complete"
    bought = next(row for row in again.orders if row.symbol == "TLT")
    assert bought.notional < tlt.notional
    assert {row.symbol: round(row.weight, 3) for row in again.positions} == FIRST | {"CASH": 0.01}


def closing(desk):
    """The market closes while buys are waited for."""

    def meanwhile():
        if any(order.side == "buy" for order in desk.broker.open_orders()):
            desk.control.advance("close")

    return meanwhile


def test_scenario_54_what_is_left_open_at_the_close_has_expired_and_is_booked(desk):
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults({"action": "never_fill", **BUYS, "times": None})
    desk.time.meanwhile = closing(desk)

    done = desk.execute(plan)

    assert done.outcome == "adjusted"
    assert {row.status for row in done.orders if row.side == "buy"} == {"expired"}
    assert len(desk.posts()) == len(FIRST) + 3
    assert desk.broker.open_orders() == []


def test_scenario_20_an_order_that_fills_while_it_is_canceled_counts_as_filled(desk):
    desk.control.set_faults({"action": "fill_on_cancel", "symbol": "TLT"})

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert {row.status for row in done.orders} == {"filled"}


def test_scenario_21_an_order_whose_cancellation_never_comes_through_needs_a_person(desk):
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults({"action": "stuck_pending_cancel", "body": '"sell"'})

    done = desk.execute(plan)

    assert done.outcome == "needs_human"
    assert "pending_cancel" in done.remarks[0]
    assert [row.status for row in done.orders] == ["pending_cancel", "not_sent", "not_sent"]
    assert desk.posts()[-1]["side"] == "sell"  # nothing on the other side


def test_scenario_35_sizes_are_plain_decimals_on_the_brokers_grid(desk):
    desk.invested()
    desk.execute(desk.plan({"SPY": 0.1 + 0.2, "IEF": 1 / 3, "XLE": 1e-3}))

    assert {"qty" in body for body in desk.posts()} == {True, False}  # sells in shares, buys in dollars
    for body in desk.posts():
        assert re.fullmatch(r"\d+(\.\d{1,2})?", body.get("notional", "0")), body
        assert re.fullmatch(r"\d+(\.\d{1,9})?", body.get("qty", "0")), body


def test_marketable_limits_fill_within_their_collar_and_carry_nothing_finer_than_a_cent(desk):
    done = desk.execute(desk.plan(FIRST), order_type="marketable_limit")

    assert done.outcome == "complete"
    for body in desk.posts():
        assert (body["type"], body["time_in_force"]) == ("limit", "day")
        assert Decimal(body["limit_price"]) == Decimal(body["limit_price"]).quantize(Decimal("0.01"))
    assert all(row.slippage_bps < 55 for row in done.fills)


def test_a_limit_needs_a_quote(desk):
    plan = desk.plan(FIRST)
    desk.control.set_faults({"action": "quote_zero", "symbol": "TLT", "times": None})

    done = desk.execute(plan, order_type="marketable_limit")

    unsent = [row for row in done.orders if row.status == "not_sent"]
    assert [(row.symbol, row.message) for row in unsent] == [("TLT", "no sane quote to set a limit by")]
    assert done.outcome == "adjusted"


def test_scenario_62_news_in_an_order_is_tolerated_and_an_unknown_status_waits_for_a_known_one(desk):
    desk.control.set_faults(
        {"action": "unknown_enum", "method": "GET", "path": "/v2/orders", "field": "status", "times": 3},
        {"action": "missing_field", "path": "/v2/assets", "field": "easy_to_borrow", "times": None},
    )

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}


def test_scenario_32_shares_that_an_order_nobody_lists_holds_on_to_are_not_sold(desk):
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults(
        {"action": "stale_response", "method": "GET", "path": "/v2/orders$", "query": "open", "times": None}
    )
    desk.broker.open_orders()  # the answer that stays: none
    desk.broker.submit(OrderTicket("by-hand", "TLT", "sell", qty=Decimal(1), limit_price=Decimal(10_000)))
    sent = len(desk.posts())

    with pytest.raises(GuardRefusal, match=r"held for other orders .TLT: .* available"):
        desk.execute(plan)
    assert len(desk.posts()) == sent


@pytest.mark.parametrize("amount", [Decimal(5_000), Decimal(-5_000)])
def test_scenario_28_money_that_comes_or_goes_meanwhile_is_seen_used_and_reported(desk, amount):
    plan = desk.invested().plan(SECOND)
    moving = iter([amount])

    def before_each():
        for moved in moving:
            desk.control.transfer(moved)

    done = desk.execute(plan, before_each=before_each)

    planned = sum(row.notional for row in plan if row.action == "buy")
    spent = sum(row.value for row in done.fills if row.side == "buy")
    assert done.remarks == (f"{amount:+,.2f} USD of cash moved that no fill explains",)
    assert desk.broker.account().cash > 0
    assert (spent < planned - 4_000) == (amount < 0)


def test_scenario_65_an_exchange_killed_in_the_middle_comes_back_and_the_run_completes(desk, exchange):
    """Same file, same port: what was acknowledged is there, what was not is sent again under its id."""
    killed = iter([False, True])
    command = [sys.executable, "-m", "brokerage.paper_exchange", "--home", str(exchange.home)]
    port = desk.address.url.rpartition(":")[2]
    reborn = []

    def before_each():
        if next(killed, False):
            os.kill(desk.address.pid, signal.SIGKILL)
            reborn.append(subprocess.Popen([*command, "--port", port], stdout=subprocess.DEVNULL))

    try:
        done = desk.execute(desk.plan(FIRST), before_each=before_each)

        assert done.outcome == "complete"
        assert set(desk.booked().values()) == {1}
        assert len(desk.booked()) == len(FIRST)
    finally:
        reborn[0].kill()
        reborn[0].wait()


def test_an_order_somebody_replaced_is_followed_to_its_successor(desk):
    """The fills of the successor are this run's too: what is held is what both of them did."""
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults({"action": "never_fill", "body": '"sell"'})
    replaced = iter(["once"])

    def meanwhile():
        for _ in replaced:
            order = desk.broker.open_orders()[0]
            less = {"qty": str(order.qty // 2), "client_order_id": "by-hand"}
            desk.broker._client.patch(f"/orders/{order.id}", less)

    desk.time.meanwhile = meanwhile

    done = desk.execute(plan)

    sold = [row for row in done.orders if row.side == "sell"]
    assert sold[0].status == "replaced"
    assert sold[1].client_order_id == "by-hand"
    assert by_symbol(done.positions)["TLT"].qty == sold[0].qty - sold[1].filled_qty
    assert done.outcome == "adjusted"


def by_symbol(rows):
    return {row.symbol: row for row in rows}
