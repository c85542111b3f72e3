"""What is not Alpaca's: steering the exchange from outside, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.errors import DataError

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def control(shared_exchange):
    return shared_exchange.control


def test_options_change_one_by_one(control):
    assert control.set_options(latency_seconds=1.5)["latency_seconds"] == 1.5
    assert control.set_options(slippage_bps="2") | {} == {
        **control.set_options(),
        "latency_seconds": 1.5,
        "slippage_bps": "2",
    }
    control.set_options(latency_seconds=0, slippage_bps="0")


def test_deposits_withdrawals_and_trades_by_others_keep_the_book_whole(control):
    before = Decimal(control.state()["cash"])
    control.transfer(Decimal("1000.25"))
    control.transfer(Decimal("-0.25"))
    assert Decimal(control.state()["cash"]) == before + 1000
    control.trade_by_hand("TLT", "buy", Decimal("2.5"))
    assert Decimal(control.state()["cash"]) < before + 1000
    assert control.violations() == []


def test_a_split_is_announced_and_drops_the_price_on_its_day(exchange):
    exchange.control.trade_by_hand("SPY", "buy", Decimal(3))
    split = {"type": "forward_split", "symbol": "SPY", "ex_date": "2015-06-02", "new_rate": 4}
    assert exchange.control.add_corporate_action(**split)
    before = Decimal(exchange.control.state()["equity"])
    exchange.control.advance("next_session")
    after = Decimal(exchange.control.state()["equity"])
    assert abs(after / before - 1) < Decimal("0.001")
    assert exchange.control.violations() == []


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("transfer", [Decimal("0.001")]),
        ("trade_by_hand", ["SPY", "hold", Decimal(1)]),
        ("trade_by_hand", ["SPY", "buy", Decimal(0)]),
        ("trade_by_hand", ["ZZZZ", "buy", Decimal(1)]),
    ],
)
def test_what_makes_no_sense_is_refused(control, command, arguments):
    with pytest.raises(DataError, match="refused"):
        getattr(control, command)(*arguments)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("set_options", {"magic": True}),
        ("set_options", {"collar": 0}),
        (
            "add_corporate_action",
            {"type": "forward_split", "symbol": "SPY", "ex_date": "2015-06-01", "new_rate": 2},
        ),
        ("add_corporate_action", {"type": "cash_dividend", "symbol": "SPY", "ex_date": "2015-06-02"}),
    ],
)
def test_settings_that_make_no_sense_are_refused(control, command, arguments):
    with pytest.raises(DataError, match="refused"):
        getattr(control, command)(**arguments)
