"""From where a run left the account to where it stands now: what the broker's record explains, and what not."""

import datetime as dt
from decimal import Decimal

import pytest

from brokerage.activities import Activity, activities_since
from brokerage.models import OrderTicket
from brokerage.reconciliation import LeftBehind, since

D = Decimal
RUN_AT = dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC)
LEFT = LeftBehind(
    at=RUN_AT,
    session=dt.date(2015, 6, 1),
    shares={"SPY": D(10), "TLT": D(5)},
    cash=D(100),
    filled={"own": (D(10), D(-2000))},
)
HELD = {"SPY": D(10), "TLT": D(5)}
OWN = Activity(
    id="1", activity_type="FILL", symbol="SPY", side="buy", qty=D(10), price=D(200), order_id="own",
    transaction_time=RUN_AT + dt.timedelta(seconds=1),
)  # fmt: skip


def entry(kind, day="2015-06-03", **members):
    return Activity(id="x", activity_type=kind, date=day, **members)


def fill(side, symbol, qty, price, at=RUN_AT + dt.timedelta(days=1)):
    return Activity(
        id="y", activity_type="FILL", symbol=symbol, side=side, qty=D(qty), price=D(price), order_id="other",
        transaction_time=at,
    )  # fmt: skip


def test_what_the_run_itself_did_is_not_counted_twice():
    assert since(LEFT, HELD, D(100), [OWN]).unexplained == {}


@pytest.mark.parametrize(
    ("record", "shares", "cash"),
    [
        ([fill("buy", "EEM", 2, 40)], HELD | {"EEM": D(2)}, D(20)),
        ([fill("sell", "TLT", 5, 120)], {"SPY": D(10)}, D(700)),
        ([entry("DIV", symbol="SPY", net_amount=D("12.34"))], HELD, D("112.34")),
        ([entry("FEE", net_amount=D("-3"))], HELD, D(97)),
        ([entry("SPLIT", symbol="SPY", qty=D(30))], HELD | {"SPY": D(40)}, D(100)),
    ],
    ids=["manual buy", "manual sale", "dividend", "fee", "split"],
)
def test_what_the_record_tells_is_explained(record, shares, cash):
    assert since(LEFT, shares, cash, [OWN, *record]).unexplained == {}


def test_scenario_41_a_week_with_dividend_and_capital_gains_is_explained_to_the_cent():
    record = [
        entry("DIV", symbol="SPY", net_amount=D("12.34")),
        entry("CGD", symbol="TLT", net_amount=D("5.66")),
    ]

    assert since(LEFT, HELD, D(118), record).unexplained == {}
    assert set(since(LEFT, HELD, D(118), record[:1]).unexplained) == {"CASH"}


@pytest.mark.parametrize(
    ("shares", "cash", "names"),
    [
        (HELD | {"SPY": D(9)}, D(100), {"SPY"}),
        (HELD | {"EEM": D(1)}, D(100), {"EEM"}),
        ({"TLT": D(5)}, D(2000), {"SPY", "CASH"}),
        (HELD, D(150), {"CASH"}),
    ],
)
def test_what_it_does_not_tell_is_named(shares, cash, names):
    assert set(since(LEFT, shares, cash, [OWN]).unexplained) == names


def test_late_fills_of_the_runs_own_orders_are_explained():
    late = OWN.model_copy(update={"id": "2", "qty": D(3), "transaction_time": RUN_AT + dt.timedelta(hours=1)})

    assert since(LEFT, HELD | {"SPY": D(13)}, D(-500), [OWN, late]).unexplained == {}


@pytest.mark.parametrize("cash", [D(100), D(150)], ids=["before the run", "after it"])
def test_what_carries_only_the_date_of_the_run_may_have_come_before_or_after(cash):
    same_day = entry("CSD", day="2015-06-01", net_amount=D(50))

    assert since(LEFT, HELD, cash, [OWN, same_day]).unexplained == {}


@pytest.mark.parametrize(("left", "cash"), [("5", D(100)), ("3", D(340))], ids=["before its end", "after it"])
def test_a_trade_by_hand_while_the_run_was_at_work_may_be_in_what_it_left_or_not(left, cash):
    by_hand = fill("sell", "TLT", 2, 120, at=RUN_AT + dt.timedelta(minutes=1))

    assert since(LEFT, HELD | {"TLT": D(left)}, cash, [OWN, by_hand]).unexplained == {}


def test_of_several_lines_of_that_day_each_may_have_come_before_or_after():
    dividend = entry("DIV", day="2015-06-01", symbol="SPY", net_amount=D(300))
    deposit = entry("CSD", day="2015-06-01", net_amount=D(5000))
    fees = [entry("FEE", day="2015-06-01", net_amount=D("-0.01"))] * 20

    found = since(LEFT, HELD, D(5100), [OWN, dividend, deposit, *fees])

    assert (found.unexplained, found.flows) == ({}, D(5000))
    assert set(since(LEFT, HELD, D(2600), [OWN, dividend, deposit, *fees]).unexplained) == {"CASH"}


def test_money_paid_in_or_out_is_told_apart_from_gain_and_loss():
    record = [
        entry("CSD", net_amount=D(500)),
        entry("CSW", net_amount=D(-100)),
        entry("DIV", net_amount=D(7)),
    ]

    found = since(LEFT, HELD, D(507), record)

    assert (found.unexplained, found.flows) == ({}, D(400))


@pytest.mark.integration
def test_the_record_is_read_from_the_broker_with_all_its_pages(trader, monkeypatch):
    monkeypatch.setattr("brokerage.activities.PAGE_SIZE", 2)
    for number in range(5):
        trader.submit(OrderTicket(f"id-{number}", "SPY", "buy", notional=D(10)))

    record = activities_since(trader, dt.date(2015, 6, 1))

    assert [entry.symbol for entry in record] == ["SPY"] * 5
    assert sum(entry.cash for entry in record) == pytest.approx(D(-50), abs=D("0.01"))
    assert trader.account().cash == D(100_000) + sum(entry.cash for entry in record).quantize(D("0.01"))
    assert activities_since(trader, dt.date(2015, 6, 2)) == []
