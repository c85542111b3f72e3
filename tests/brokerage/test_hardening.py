"""The broker's own safety catches, and stopping on every level."""

from decimal import Decimal

import pytest

from brokerage.halting import cancel_own, suspend
from brokerage.hardening import HARDENED, harden_account, weak_spots
from brokerage.models import OrderTicket
from schemas.errors import RiskParityError

pytestmark = pytest.mark.integration


def test_what_is_weaker_than_it_should_be_is_named_and_hardened_on_request(trader, exchange):
    weak = {"max_margin_multiplier": "4", "fractional_trading": False}
    trader.configure(weak)

    assert weak_spots(trader) == weak
    assert harden_account(trader) == weak
    assert weak_spots(trader) == {}
    changes = [request for request in exchange.control.requests() if request["method"] == "PATCH"]
    assert "no_shorting" not in changes[-1]["body"], "what is right already is left alone"


def test_a_hardened_account_is_asked_and_not_changed(trader, exchange):
    trader.configure(HARDENED)

    assert harden_account(trader) == {}
    assert sum(request["method"] == "PATCH" for request in exchange.control.requests()) == 1


def test_a_halt_cancels_own_orders_and_nobody_elses(trader, exchange):
    exchange.control.set_faults(
        {"method": "POST", "path": "/v2/orders", "action": "never_fill", "times": None}
    )
    own = trader.submit(OrderTicket("risk_parity-2015-W23-1-B-SPY-1", "SPY", "buy", notional=Decimal(10)))
    foreign = trader.submit(OrderTicket("by-hand", "TLT", "buy", notional=Decimal(10)))

    ended = cancel_own(trader, ["risk_parity", "equal_weight"])

    assert [(order.id, order.status) for order in ended] == [(own.id, "canceled")]
    assert [order.id for order in trader.open_orders()] == [foreign.id]


def test_a_suspended_account_takes_no_order_until_it_is_resumed(trader):
    ticket = OrderTicket("risk_parity-2015-W23-1-B-SPY-1", "SPY", "buy", notional=Decimal(10))
    suspend(trader, suspended=True)

    with pytest.raises(RiskParityError, match="new orders are rejected by user request"):
        trader.submit(ticket)
    assert trader.account().obstacles == ("trade_suspended_by_user",)

    suspend(trader, suspended=False)
    assert trader.submit(ticket).symbol == "SPY"
