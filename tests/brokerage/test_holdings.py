"""Stock is taken once, foreign positions are left alone, and every row of the trade list has its reason."""

import datetime as dt
from decimal import Decimal

import pytest

from brokerage.holdings import take_stock, trade_list
from brokerage.models import Asset, Position
from schemas.errors import BrokerRefusal, DataError, GuardRefusal, NeedsHuman
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

RUN = Run(
    strategy="risk_parity",
    session=dt.date(2015, 6, 1),
    decided_at=dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC),
    venue="loopback",
    account="loopback-00000000",
)
ASSETS = {
    symbol: Asset(symbol=symbol, status="active", tradable=True, fractionable=True)
    for symbol in ("SPY", "TLT")
}
PRICES = {"SPY": Decimal(200), "TLT": Decimal(100)}
REASONS = {"SPY": "buy: why not", "TLT": "sell: why not"}


def stock(cash="1000", **held):
    positions = [
        Position(symbol=symbol, qty=Decimal(qty), market_value=Decimal(500)) for symbol, qty in held.items()
    ]
    return take(positions, cash=cash)


def take(positions, *, cash="1000", **given):
    known = {"prices": PRICES, "last_closes": PRICES, "assets": ASSETS, "max_price_deviation": 0.1}
    return take_stock(Decimal(cash), positions, **known | given)


def rows(holdings):
    return {row["symbol"]: row for row in holdings}


def test_weights_are_shares_of_cash_and_the_universe():
    held = rows(stock(cash="1000", SPY="5"))

    assert {symbol: row["weight"] for symbol, row in held.items()} == {"SPY": 0.5, "TLT": 0.0, "CASH": 0.5}
    assert held["SPY"]["market_value"] == Decimal(1000)


def test_scenario_30_a_position_outside_the_universe_is_foreign_and_counts_for_nothing():
    held = rows(stock(cash="1000", XYZ="7"))

    assert held["XYZ"]["in_universe"] is False
    assert held["XYZ"]["weight"] == 0.0
    assert held["CASH"]["weight"] == 1.0


def test_an_empty_account_is_refused():
    with pytest.raises(GuardRefusal, match="no equity"):
        stock(cash="0")


def holding(symbol, qty="5", **more):
    return Position(symbol=symbol, qty=Decimal(qty), market_value=Decimal(500), **more)


@pytest.mark.parametrize(
    ("prices", "closes", "figures"),
    [
        ({"SPY": Decimal(200)}, PRICES, {"TLT": "no usable price"}),
        (PRICES, {"SPY": Decimal(200)}, {"TLT": "no usable last close"}),
        (PRICES | {"TLT": Decimal(50)}, PRICES, {"TLT": "price 50 is 50.0% from the last close 100"}),
    ],
)
def test_one_bad_price_of_what_is_held_stops_everything(prices, closes, figures):
    """The equity that every trade is sized from would move with it."""
    with pytest.raises(DataError) as caught:
        take([holding("TLT")], prices=prices, last_closes=closes)
    assert caught.value.figures == figures


def test_what_is_only_wanted_may_lack_a_price():
    held = rows(take([holding("SPY")], prices={"SPY": Decimal(200)}))

    assert held["TLT"]["price"] is None
    assert held["SPY"]["weight"] == 0.5


def test_without_any_price_there_is_nothing_to_plan_with():
    with pytest.raises(DataError, match="No asset has a usable price"):
        take([], prices={})


@pytest.mark.parametrize("short", [{"qty": "-5"}, {"qty": "5", "side": "short"}])
@pytest.mark.parametrize("symbol", ["SPY", "XYZ"])
def test_scenario_31_a_short_position_needs_a_person(symbol, short):
    with pytest.raises(NeedsHuman, match=symbol):
        take([holding(symbol, **short)])


@pytest.mark.parametrize("kept", [[], ["XYZ"]], ids=["foreign", "in the universe, its bars have stopped"])
def test_scenario_38_a_delisted_holding_without_a_price_needs_a_person(kept):
    delisted = Position(symbol="XYZ", qty=Decimal(50), market_value=None, current_price=None)

    with pytest.raises(NeedsHuman, match="XYZ"):
        take([delisted], kept=kept)


def test_the_ticker_cash_is_not_taken_for_cash():
    with pytest.raises(BrokerRefusal, match="CASH"):
        take([holding("CASH")])
    with pytest.raises(BrokerRefusal, match="CASH"):
        take([], assets=ASSETS | {"CASH": ASSETS["SPY"]})


def plan(holdings, targets, *, hold=False):
    trades = trade_list(RUN, holdings, targets, ExecutionParameters(), reasons=REASONS, hold=hold)
    return {row.symbol: row for row in trades}


def test_trades_carry_the_reason_of_the_decision():
    trades = plan(stock(cash="1000", TLT="10"), {"SPY": 0.5, "TLT": 0.25})

    assert (trades["SPY"].action, trades["SPY"].notional, trades["SPY"].reason) == (
        "buy",
        1000,
        "buy: why not",
    )
    assert (trades["TLT"].action, trades["TLT"].qty, trades["TLT"].reason) == ("sell", 5, "sell: why not")


def test_a_week_of_holding_trades_nothing_and_still_shows_the_targets():
    trades = plan(stock(cash="1000", TLT="10"), {"SPY": 0.5, "TLT": 0.25}, hold=True)

    assert {row.action for row in trades.values()} == {"hold"}
    assert {row.client_order_id for row in trades.values()} == {None}
    assert trades["SPY"].target_weight == 0.5


def test_what_is_neither_held_nor_wanted_says_so():
    assert plan(stock(), {"SPY": 0.5})["SPY"].action == "buy"
    assert plan(stock(), {"SPY": 0.5, "TLT": 0.0})["TLT"].reason == "neither held nor wanted"


def test_scenario_30_a_foreign_position_is_in_no_trade_list_and_no_trade_is_sized_on_it():
    trades = plan(stock(cash="1000", XYZ="7"), {"SPY": 0.5, "TLT": 0.25})

    assert {symbol: row.notional for symbol, row in trades.items()} == {"SPY": 500, "TLT": 250}


def test_a_held_asset_without_usable_returns_is_kept_counted_and_not_traded():
    position = Position(symbol="GLD", qty=Decimal(5), market_value=Decimal(500))
    held = take([position], cash="500", kept={"GLD"})

    assert rows(held)["GLD"]["weight"] == 0.5
    trades = trade_list(
        RUN,
        held,
        {"SPY": 0.5, "GLD": 0.5},
        ExecutionParameters(),
        reasons={**REASONS, "GLD": "kept"},
        hold=False,
    )
    kept = next(row for row in trades if row.symbol == "GLD")
    assert (kept.action, kept.current_value, kept.target_value) == ("hold", 500, 500)
