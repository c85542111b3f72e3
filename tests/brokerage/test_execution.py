"""A trade list meets the exchange: everything fills, or it does not, or the run dies in the middle."""

import dataclasses
import datetime as dt
import itertools
from decimal import Decimal

import pyarrow as pa
import pytest

from brokerage.client import Broker
from brokerage.execution import execute
from brokerage.intents import IntentLog
from brokerage.models import OrderTicket
from brokerage.orders import PlannedOrder
from schemas.account_tables import Fills, Orders, Positions
from schemas.artifacts import arrow_schema
from schemas.errors import BrokerRefusal, ConfigError, GuardRefusal
from schemas.identity import Run
from schemas.parameters import ExecutionParameters
from schemas.settings import BrokerSettings

FIRST = {"SPY": 0.3, "TLT": 0.5, "IEF": 0.19}
SECOND = {"SPY": 0.59, "IEF": 0.4}


def by_symbol(rows):
    return {row.symbol: row for row in rows}


pytestmark = pytest.mark.integration


def test_from_cash_to_target(desk):
    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert [(row.symbol, row.status) for row in done.orders] == [(s, "filled") for s in ("IEF", "SPY", "TLT")]
    assert {row.symbol: round(row.weight, 3) for row in done.positions} == FIRST | {"CASH": 0.01}
    assert all(0 < row.slippage_bps < 2 for row in done.fills)  # half the exchange's spread of 2 bps


def test_rows_fit_their_artifacts(desk):
    done = desk.execute(desk.plan(FIRST))

    for rows, model in ((done.orders, Orders), (done.fills, Fills), (done.positions, Positions)):
        schema = arrow_schema(model)
        assert ["run_id", *(field.name for field in dataclasses.fields(rows[0]))] == schema.names
        table = pa.Table.from_pylist(
            [{"run_id": "r", **dataclasses.asdict(row)} for row in rows], schema=schema
        )
        assert table.num_rows == len(rows)


def test_the_same_plan_again_sends_nothing_and_reports_the_same(desk):
    plan = desk.plan(FIRST)
    first, sent = desk.execute(plan), len(desk.posts())

    assert desk.execute(plan) == first
    assert len(desk.posts()) == sent == 3


def test_sells_fill_before_buys_are_sent_and_buys_spend_what_they_brought(desk):
    done = desk.invested().execute(desk.plan(SECOND))

    assert done.outcome == "complete"
    assert [(row.side, row.symbol) for row in done.orders] == [
        ("sell", "TLT"),
        ("buy", "IEF"),
        ("buy", "SPY"),
    ]
    assert "TLT" not in by_symbol(done.positions)
    assert by_symbol(done.positions)["CASH"].weight == pytest.approx(0.01, abs=5e-4)


class Killed(BaseException):
    """The host went down."""


class Dying(Broker):
    """Sells, and dies before it buys."""

    def submit(self, ticket, permit):
        if ticket.side == "buy":
            raise Killed
        return super().submit(ticket, permit)


def test_scenario_14_killed_after_sells_before_buys_the_same_run_buys_from_real_cash_and_sells_nothing_twice(
    desk,
):
    plan = desk.invested().plan(SECOND)
    with pytest.raises(Killed):
        desk.execute(plan, desk.broker_of(Dying))
    assert desk.posts()[-1]["side"] == "sell"

    done = desk.execute(plan)

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}
    assert {s: round(by_symbol(done.positions)[s].weight, 3) for s in SECOND} == SECOND


def test_the_last_word_is_asked_for_once_and_right_before_the_first_order(desk):
    plan, asked = desk.invested().plan(SECOND), []

    for _ in range(2):
        desk.execute(plan, before_sending=lambda: asked.append(len(desk.posts())))

    assert asked == [len(FIRST)]
    assert len(desk.posts()) == len(FIRST) + len(SECOND) + 1


def test_the_day_and_the_window_are_asked_before_the_buys_as_before_the_sells(desk):
    plan, asked = desk.invested().plan(SECOND), []

    desk.execute(plan, before_wave=lambda: asked.append(len(desk.posts())))

    assert asked == [len(FIRST), len(FIRST) + 1]


def test_a_run_that_crosses_midnight_between_sells_and_buys_buys_nothing(desk):
    plan, positions = desk.invested().plan(SECOND), Broker.positions

    class Asleep(Broker):
        def positions(self):
            if len(desk.posts()) == len(FIRST) + 1 and self.clock().timestamp.date() == desk_day:
                desk.control.advance("next_session")
            return positions(self)

    desk_day = desk.broker.clock().timestamp.date()
    done = desk.execute(plan, desk.broker_of(Asleep))

    assert done.outcome == "aborted"
    assert [row.side for row in done.fills] == ["sell"]
    assert {row.message for row in done.orders if row.side == "buy"} == {
        "This run began on another day and goes no further"
    }


def refuse():
    raise GuardRefusal("Another run has this week", remedy="Nothing to do.")


def test_when_the_last_word_is_no_nothing_is_sent(desk):
    with pytest.raises(GuardRefusal, match="Another run"):
        desk.execute(desk.plan(FIRST), before_sending=refuse)
    assert desk.posts() == []


def test_nobody_is_asked_when_every_order_is_out_already(desk):
    plan, asked = desk.plan({"SPY": 0.3}), []
    desk.control.set_faults({"action": "never_fill", "method": "POST"})
    desk.broker.submit(plan[0].ticket())

    done = desk.execute(plan, before_sending=lambda: asked.append("why"))

    assert [row.status for row in done.orders] == ["canceled"]
    assert asked == []


@pytest.mark.parametrize(
    ("resumed_at", "last_word", "why"),
    [
        ("2015-06-08T11:00:00-04:00", refuse, "Another run has this week"),
        ("2015-06-08T15:57:00-04:00", lambda: None, "The market closes too soon"),
        ("2015-06-08T17:00:00-04:00", lambda: None, "The market is closed"),
    ],
)
def test_a_killed_run_that_comes_back_too_late_reports_what_it_sent(desk, resumed_at, last_word, why):
    plan, run = desk.invested().plan(SECOND), desk.run()
    with pytest.raises(Killed):
        desk.execute(plan, desk.broker_of(Dying), run)
    desk.control.advance(resumed_at)

    done = desk.execute(plan, run=run, before_sending=last_word)

    orders = by_symbol(done.orders)
    assert done.outcome == "aborted"
    assert {symbol: row.status for symbol, row in orders.items()} == {
        "TLT": "filled",
        "IEF": "not_sent",
        "SPY": "not_sent",
    }
    assert orders["SPY"].message.startswith(why)
    assert [row.symbol for row in done.fills] == ["TLT"]
    assert by_symbol(done.positions)["CASH"].weight > 0.4
    assert len(desk.posts()) == len(FIRST) + 1


def test_orders_under_this_runs_ids_that_it_did_not_send_are_not_adopted(desk):
    """The state folder was lost, or a second host has traded the week."""
    plan = desk.plan(FIRST)
    desk.execute(plan)
    desk.control.advance("2015-06-01T15:00:00-04:00")

    with pytest.raises(GuardRefusal, match="this run did not send"):
        desk.execute(plan)
    assert len(desk.posts()) == 3


@pytest.mark.parametrize(("missing", "outcome"), [("5", "adjusted"), ("4.99", "complete")])
def test_a_target_that_could_not_be_traded_leaves_the_week_incomplete(desk, missing, outcome):
    trades = desk.plan({"SPY": 0.3})
    left = dataclasses.replace(BUY, action="hold", client_order_id=None, notional=None, symbol="TLT")
    left = dataclasses.replace(left, target_value=Decimal(missing), reason="left alone: no usable price")

    assert desk.execute([*trades, left]).outcome == outcome


@pytest.mark.parametrize("action", ["reset_before", "drop_before"])
def test_scenario_01_posts_lost_before_they_arrived_go_out_again_under_their_ids(desk, action):
    desk.control.set_faults(*({"action": action, "method": "POST", "symbol": symbol} for symbol in FIRST))

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}
    assert len(desk.posts()) == 2 * len(FIRST)


def test_scenario_02_posts_that_arrived_unheard_are_found_and_never_sent_again(desk):
    found_and_adopted(desk, {"action": "reset_after_commit"})


def test_scenario_04_posts_answered_504_after_they_were_booked_are_found_and_never_sent_again(desk):
    found_and_adopted(desk, {"action": "status_after_commit", "status": 504})


@pytest.mark.parametrize("action", ["empty_200", "truncate_body", "bad_json"])
def test_scenario_06_posts_with_an_unreadable_answer_are_found_and_never_sent_again(desk, action):
    found_and_adopted(desk, {"action": action})


def found_and_adopted(desk, unheard):
    desk.control.set_faults(*({**unheard, "method": "POST", "symbol": symbol} for symbol in FIRST))

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}
    assert len(desk.posts()) == len(FIRST)


def test_scenario_11_posts_unanswered_during_the_buys_end_the_run_and_the_same_one_finishes(desk):
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults(
        {"action": "status", "method": "POST", "path": "/orders", "body": '"buy"', "status": 503, "times": None}
    )  # fmt: skip

    stopped = desk.execute(plan)

    assert stopped.outcome == "needs_human"
    assert [row.symbol for row in stopped.fills] == ["TLT"]
    assert {row.status for row in stopped.orders if row.side == "buy"} == {"not_sent"}
    assert any("IEF" in remark for remark in stopped.remarks)
    assert [intent.state for intent in desk.intents.pending()] == ["AMBIGUOUS", "PLANNED"]

    desk.control.set_faults()
    done = desk.execute(plan)

    assert done.outcome == "complete"
    assert set(desk.booked().values()) == {1}
    assert desk.intents.pending() == []


def test_scenario_23_an_order_rejected_after_it_was_accepted_is_reported_and_not_tried_again(desk):
    desk.control.set_faults({"action": "reject_async", "method": "POST", "body": "TLT"})

    done = desk.execute(desk.plan(FIRST))

    rejected = by_symbol(done.orders)["TLT"]
    assert done.outcome == "adjusted"
    assert (rejected.status, rejected.filled_qty) == ("rejected", 0)
    assert rejected.message == "rejected by the broker after it had accepted it"
    assert {row.symbol for row in done.fills} == {"SPY", "IEF"}
    assert len(desk.posts()) == len(FIRST)


def test_an_order_refused_outright_has_the_brokers_words(desk):
    words = {"code": 40310000, "message": "no short squeezes today"}
    desk.control.set_faults(
        {"action": "status", "method": "POST", "symbol": "TLT", "status": 403, "answer": words}
    )

    done = desk.execute(desk.plan(FIRST))

    refused = by_symbol(done.orders)["TLT"]
    assert done.outcome == "adjusted"
    assert (refused.order_id, refused.status, refused.message) == (
        None,
        "rejected",
        "no short squeezes today",
    )


def test_a_partial_fill_is_booked_and_its_rest_canceled_at_the_deadline(desk):
    desk.control.set_faults({"action": "partial", "method": "POST", "body": "TLT", "fraction": "0.25"})

    done = desk.execute(desk.plan(FIRST))

    half = by_symbol(done.orders)["TLT"]
    assert done.outcome == "adjusted"
    assert (half.status, half.closed_at is not None) == ("canceled", True)
    assert by_symbol(done.fills)["TLT"].value == pytest.approx(
        Decimal("0.25") * half.notional, rel=Decimal("0.001")
    )
    assert by_symbol(done.positions)["TLT"].qty == half.filled_qty
    assert desk.broker.open_orders() == []


def test_scenario_17_buys_make_do_with_what_a_sell_brought_that_the_broker_canceled_half_way(desk):
    made_do_with_part_of_a_sell(desk, then="cancel")


def test_scenario_19_buys_make_do_with_what_a_sell_brought_by_its_deadline(desk):
    made_do_with_part_of_a_sell(desk, then="hold")


def made_do_with_part_of_a_sell(desk, *, then):
    plan = desk.invested().plan(SECOND)
    desk.control.set_faults(
        {"action": "partial", "body": '"sell"', "fraction": "0.5", "then": then, "times": None}
    )

    done = desk.execute(plan)

    planned = {row.symbol: row.notional for row in plan if row.action == "buy"}
    sent = {row.symbol: row.notional for row in done.orders if row.side == "buy"}
    assert done.outcome == "adjusted"
    assert sent["SPY"] / planned["SPY"] == pytest.approx(sent["IEF"] / planned["IEF"], rel=Decimal("1e-5"))
    assert sent["SPY"] < Decimal("0.85") * planned["SPY"]
    sold = [row for row in done.orders if row.side == "sell"]
    assert [row.status for row in sold] == ["canceled"]
    assert by_symbol(done.positions)["TLT"].qty == sold[0].qty - sum(row.filled_qty for row in sold)
    assert by_symbol(done.positions)["CASH"].weight == pytest.approx(0.01, abs=5e-4)


def test_without_any_proceeds_buys_are_not_sent_and_say_why(desk):
    plan = desk.invested().plan({"SPY": 0.58, "IEF": 0.4})  # a buffer of 2 %, of which half is there
    desk.control.set_faults({"action": "never_fill", "method": "POST", "body": '"sell"'})

    done = desk.execute(plan)

    bought = [row for row in done.orders if row.side == "buy"]
    assert {row.status for row in bought} == {"not_sent"}
    assert all(row.message.endswith("too small to send") for row in bought)
    assert len(desk.posts()) == 3 + 1


def test_wrong_keys_stop_everything_with_the_remedy(desk):
    plan = desk.plan(FIRST)

    with pytest.raises(ConfigError, match="ALPACA_SECRET_KEY"):
        desk.execute(plan, desk.broker_of(Broker, secret="wrong"))
    assert desk.posts() == []


def test_a_closed_market_gets_no_orders(desk):
    plan = desk.plan(FIRST)
    desk.control.advance("close")

    with pytest.raises(GuardRefusal, match="closed"):
        desk.execute(plan)
    assert desk.posts() == []


def test_neither_does_one_about_to_close(desk):
    plan = desk.plan(FIRST)
    desk.control.advance("2015-06-01T15:57:00-04:00")

    with pytest.raises(GuardRefusal, match="too soon"):
        desk.execute(plan)
    assert desk.posts() == []


def test_scenario_22_what_an_earlier_week_of_ours_left_open_is_canceled_first(desk):
    desk.control.set_faults({"action": "never_fill", "method": "POST"})
    leftover = OrderTicket("risk_parity-2015-W22-1-B-SPY-1", "SPY", "buy", notional=Decimal(100))
    desk.broker.submit(leftover)

    done = desk.execute(desk.plan(FIRST))

    assert done.outcome == "complete"
    assert desk.broker.order(leftover.client_order_id).status == "canceled"


@pytest.mark.parametrize(
    "name", ["by-hand", "risk_parity_2-2015-W22-1-B-SPY-1", "x-risk_parity-2015-W22-1-B-SPY-1"]
)
def test_scenario_22_beside_somebody_elses_open_orders_nothing_is_sent(desk, name):
    desk.control.set_faults({"action": "never_fill", "method": "POST"})
    desk.broker.submit(OrderTicket(name, "SPY", "buy", notional=Decimal(100)))

    with pytest.raises(GuardRefusal, match=name):
        desk.execute(desk.plan(FIRST))
    assert len(desk.posts()) == 1
    assert not desk.broker.order(name).is_terminal


def test_scenario_27_a_plan_for_other_holdings_is_not_carried_out(desk):
    plan = desk.invested().plan(SECOND)
    desk.broker.submit(OrderTicket("by-hand", "TLT", "sell", qty=Decimal(1)))

    with pytest.raises(GuardRefusal, match="TLT: holds"):
        desk.execute(plan)
    assert desk.posts()[-1]["client_order_id"] == "by-hand"


def test_a_suspended_account_gets_no_orders(desk):
    plan = desk.plan(FIRST)
    desk.broker._client.patch("/account/configurations", {"suspend_trade": True})

    with pytest.raises(BrokerRefusal, match="trade_suspended_by_user"):
        desk.execute(plan)
    assert desk.posts() == []


def test_nothing_to_trade_is_complete_even_when_the_market_is_closed(desk):
    desk.invested()
    plan = [dataclasses.replace(row, action="hold", qty=None, notional=None) for row in desk.plan(FIRST)]
    desk.control.advance("close")

    done = desk.execute(plan)

    assert (done.outcome, done.orders) == ("complete", ())
    assert {row.symbol for row in done.positions} == {*FIRST, "CASH"}


# States the exchange never shows: holdings that lag behind fills, money that comes and goes, odd orders.

OPEN = {
    "timestamp": "2015-06-01T14:00:00Z",
    "is_open": True,
    "next_open": "2015-06-02T13:30:00Z",
    "next_close": "2015-06-01T20:00:00Z",
}
BUY = PlannedOrder(
    sequence=1,
    symbol="SPY",
    action="buy",
    client_order_id="risk_parity-2015-W23-1-B-SPY-1",
    qty=None,
    notional=Decimal(500),
    reference_price=Decimal(100),
    current_qty=Decimal(0),
    current_value=Decimal(0),
    target_value=Decimal(500),
    current_weight=0.0,
    target_weight=0.5,
    reason="",
)
RUN = Run(
    strategy="risk_parity",
    session=dt.date(2015, 6, 1),
    decided_at=dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC),
    venue="paper",
    account="paper-00000000",
)


@pytest.fixture
def buy(misbehaving, misbehaving_endpoint, acts, tmp_path):
    return lambda: buy_at(misbehaving, misbehaving_endpoint, acts, tmp_path)


def buy_at(server, endpoint, acts, home):
    server.script("GET /v2/clock", acts.answer(200, OPEN))
    broker = Broker(endpoint, BrokerSettings(), sleep=lambda _: None)
    now = itertools.count(step=5)
    return execute(
        broker,
        RUN,
        [BUY],
        ExecutionParameters(poll_seconds=10, deadline_seconds=60),
        intents=IntentLog(home, RUN.account),
        before_sending=lambda: None,
        before_wave=lambda: None,
        before_each=lambda: None,
        sleep=lambda _: None,
        monotonic=lambda: float(next(now)),
    )


def test_scenario_26_holdings_that_lag_behind_the_fills_are_waited_for(misbehaving, acts, buy):
    position = {"symbol": "SPY", "qty": "5", "current_price": "100", "market_value": "500"}
    filled = acts.accept(status="filled", filled_qty="5", filled_avg_price="100")
    misbehaving.script("POST /v2/orders", filled)
    misbehaving.script("GET /v2/orders", acts.answer(200, []))
    nothing = acts.answer(200, [])
    misbehaving.script("GET /v2/positions", *[nothing] * 5, acts.answer(200, [position]))
    before, after = acts.account_json(), acts.account_json(cash="500")
    misbehaving.script("GET /v2/account", *[acts.answer(200, before)] * 9, acts.answer(200, after))

    done = buy()

    assert {row.symbol: row.qty for row in done.positions} == {"SPY": 5, "CASH": 500}


def test_holdings_that_never_agree_with_the_fills_need_a_person(misbehaving, acts, buy):
    misbehaving.script(
        "POST /v2/orders", acts.accept(status="filled", filled_qty="5", filled_avg_price="100")
    )
    misbehaving.script("GET /v2/orders", acts.answer(200, []))
    misbehaving.script("GET /v2/positions", acts.answer(200, []))

    done = buy()

    assert done.outcome == "needs_human"
    assert "SPY: holds 0 instead of 5" in done.remarks[0]
    assert [row.qty for row in done.fills] == [5]


def test_an_order_under_the_same_id_for_another_trade_needs_a_person(misbehaving, acts, buy):
    misbehaving.book[BUY.client_order_id] = acts.order_json(BUY.client_order_id, "TLT", "buy", qty="1")
    misbehaving.script("GET /v2/positions", acts.answer(200, []))

    done = buy()

    assert done.outcome == "needs_human"
    assert "buy TLT" in done.remarks[0]
    assert misbehaving.received("POST /v2/orders") == []


def test_a_leftover_that_fills_while_it_is_canceled_makes_the_plan_stale(misbehaving, acts, buy):
    """Holdings lag: they look like those of the plan although they are not."""
    name, order_id = "risk_parity-2015-W22-1-B-SPY-1", "7c1e5d9e-0000-4000-8000-000000000000"
    leftover = acts.order_json(name, "SPY", "buy", notional="100", id=order_id)
    misbehaving.book[name] = leftover | {"status": "filled", "filled_qty": "1", "filled_avg_price": "100"}
    misbehaving.script("GET /v2/orders", acts.answer(200, [leftover]), acts.answer(200, []))
    misbehaving.script(f"DELETE /v2/orders/{order_id}", acts.refuse(422, 42210000, "order is filled"))
    misbehaving.script("GET /v2/positions", acts.answer(200, []))

    with pytest.raises(GuardRefusal, match="filled 1 instead of 0"):
        buy()
    assert misbehaving.received("POST /v2/orders") == []
