"""Limits on a whole trade list: each refused by name, none cut to size, and a good plan let through."""

from dataclasses import replace
from decimal import Decimal

import pytest

from brokerage.limits import require_within_limits
from brokerage.orders import PlannedOrder
from schemas.errors import GuardRefusal
from schemas.settings import LimitSettings

D = Decimal
EQUITY = D(10_000)


def row(symbol, action, value, *, held=0, target=0.0, price=100):
    """A trade of ``value`` USD in an asset of which ``held`` USD are held."""
    sell = action == "sell"
    return PlannedOrder(
        sequence=1,
        symbol=symbol,
        action=action,
        client_order_id=None if action == "hold" else f"id-{symbol}",
        qty=D(value) / price if sell else None,
        notional=D(value) if action == "buy" else None,
        reference_price=D(price),
        current_qty=D(held) / price,
        current_value=D(held),
        target_value=D(str(target)) * EQUITY,
        current_weight=float(D(held) / EQUITY),
        target_weight=target,
        reason="",
    )


GOOD = [
    row("TLT", "sell", 1000, held=4000, target=0.3),
    row("SPY", "buy", 2000, held=1000, target=0.3),
    row("EEM", "hold", 0, held=3000, target=0.3),
]


def check(plan, *, equity=EQUITY, previous=(), run_cap=None, allowed=("SPY", "TLT", "EEM"), **limits):
    require_within_limits(
        plan,
        equity=equity,
        limits=LimitSettings(**limits),
        allowed=allowed,
        previous=dict(previous),
        run_cap=run_cap,
    )


def test_an_ordinary_plan_passes():
    check(GOOD, previous={"SPY": 0.1, "TLT": 0.4, "EEM": 0.3})


@pytest.mark.parametrize(
    ("limit", "broken"),
    [
        ({"max_order_value": 1999}, "max_order_value, SPY"),
        ({"max_order_share": 0.19}, "max_order_share, SPY"),
        ({"max_orders": 1}, "max_orders"),
        ({"max_turnover": 0.14}, "max_turnover"),
        ({"max_invested": 0.89}, "max_invested"),
        ({"max_weight": 0.29}, "max_weight, SPY"),
        ({"min_weight": 0.31}, "min_weight, TLT"),
        ({"max_weight_change": 0.19, "previous": {"SPY": 0.1, "TLT": 0.3, "EEM": 0.3}}, "max_weight_change, SPY"),
        ({"run_cap": D(2999)}, "broker.live_cap"),
        ({"allowed": ("TLT", "EEM")}, "universe, SPY"),
    ],
)  # fmt: skip
def test_scenario_58_a_limit_that_is_broken_is_named_with_its_figures(limit, broken):
    with pytest.raises(GuardRefusal, match="nothing was sent") as refused:
        check(GOOD, **limit)

    assert broken in refused.value.figures


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_weight": float("nan")},
        {"notional": D("NaN")},
        {"notional": D("Infinity")},
        {"notional": D(0)},
        {"notional": D(-5)},
        {"current_qty": D(-1)},
    ],
)
def test_scenario_58_what_is_no_number_is_refused_whatever_the_limits(wrong):
    with pytest.raises(GuardRefusal) as refused:
        check([replace(GOOD[1], **wrong)])

    assert list(refused.value.figures) == ["no size, SPY"]


@pytest.mark.parametrize("equity", [D(0), D(-1), D("NaN")])
def test_without_equity_nothing_is_within_limits(equity):
    with pytest.raises(GuardRefusal):
        check(GOOD, equity=equity)


def test_more_shares_than_are_held_are_never_sold():
    with pytest.raises(GuardRefusal, match="long only, TLT"):
        check([row("TLT", "sell", 4001, held=4000)])


def test_scenario_25_a_margin_account_is_never_borrowed_from():
    levered = [row(symbol, "buy", 5000, target=0.5) for symbol in ("SPY", "TLT", "EEM")]

    with pytest.raises(GuardRefusal, match=r"max_invested: 150\.00% > 99\.75%"):
        check(levered, max_turnover=1.0)


def test_a_sale_that_brings_a_figure_down_towards_its_limit_is_let_through():
    too_much = [row("SPY", "sell", 1000, held=11_000, target=0.9), row("TLT", "sell", 500, held=500)]

    check(too_much, max_weight=0.35, min_weight=0.02)
