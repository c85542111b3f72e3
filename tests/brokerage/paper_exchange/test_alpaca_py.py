"""The official client, unchanged, cannot tell the loopback exchange from Alpaca."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    TrailingStopOrderRequest,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def trading(exchange) -> TradingClient:
    address = exchange.address
    return TradingClient(address.key_id, address.secret_key, url_override=address.url)


@pytest.fixture
def data(shared_exchange) -> StockHistoricalDataClient:
    address = shared_exchange.address
    return StockHistoricalDataClient(address.key_id, address.secret_key, url_override=address.url)


def buy(
    symbol: str, *, notional: float | None = None, qty: float | None = None, **more
) -> MarketOrderRequest:
    return MarketOrderRequest(
        symbol=symbol,
        notional=notional,
        qty=qty,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.DAY,
        **more,
    )


def test_a_new_account_holds_the_cash_it_was_opened_with_and_no_leverage(trading):
    account = trading.get_account()
    assert (account.cash, account.equity, account.buying_power) == ("100000",) * 3
    assert account.multiplier == "1"
    assert account.account_number.startswith("PA")
    assert account.status == "ACTIVE"


def test_an_order_is_pending_when_answered_and_filled_when_read_again(trading):
    answered = trading.submit_order(buy("SPY", notional=1000.25, client_order_id="week-23-B-SPY"))
    assert answered.status is OrderStatus.PENDING_NEW
    read = trading.get_order_by_client_id("week-23-B-SPY")
    assert read.id == answered.id
    assert read.status is OrderStatus.FILLED
    assert read.qty is None
    assert read.notional == "1000.25"
    spent = Decimal(read.filled_qty) * Decimal(read.filled_avg_price)
    assert spent <= Decimal("1000.25")
    assert Decimal(trading.get_account().cash) == Decimal(100_000) - spent.quantize(Decimal("0.01"))


def test_positions_carry_quantity_cost_and_value(trading):
    trading.submit_order(buy("TLT", qty=10))
    (position,) = trading.get_all_positions()
    assert position.symbol == "TLT"
    assert (position.qty, position.qty_available) == ("10", "10")
    assert Decimal(position.cost_basis) == 10 * Decimal(position.avg_entry_price)
    assert Decimal(position.market_value) == 10 * Decimal(position.current_price)
    assert trading.get_open_position("TLT") == position


def test_the_clock_is_virtual_and_the_calendar_knows_early_closes(trading):
    clock = trading.get_clock()
    assert clock.is_open
    assert clock.timestamp.isoformat() == "2015-06-01T10:00:00-04:00"
    assert clock.next_close.isoformat() == "2015-06-01T16:00:00-04:00"
    week = trading.get_calendar(GetCalendarRequest(start=dt.date(2015, 11, 25), end=dt.date(2015, 11, 28)))
    assert [(day.date.day, day.close.hour) for day in week] == [(25, 16), (27, 13)]


def test_assets_are_the_bundled_etfs(trading):
    assert len(trading.get_all_assets()) == 23
    spy = trading.get_asset("SPY")
    assert spy.tradable
    assert spy.fractionable
    assert trading.get_asset(spy.id) == spy


def test_orders_can_be_listed_by_status_and_symbol(trading):
    trading.submit_order(buy("SPY", qty=1))
    trading.submit_order(
        LimitOrderRequest(
            symbol="TLT", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=50
        )
    )
    listed = {
        status: [order.symbol for order in trading.get_orders(GetOrdersRequest(status=status))]
        for status in QueryOrderStatus
    }
    assert listed == {"open": ["TLT"], "closed": ["SPY"], "all": ["TLT", "SPY"]}
    only = trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, symbols=["SPY"]))
    assert [order.symbol for order in only] == ["SPY"]


def test_an_open_order_can_be_cancelled_and_a_filled_one_cannot(trading):
    trading.submit_order(buy("SPY", qty=1, client_order_id="filled"))
    resting = trading.submit_order(
        LimitOrderRequest(
            symbol="TLT", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=50
        )
    )
    trading.cancel_order_by_id(resting.id)
    assert trading.get_order_by_id(resting.id).status is OrderStatus.CANCELED
    with pytest.raises(APIError, match="order is already in"):
        trading.cancel_order_by_id(trading.get_order_by_client_id("filled").id)


def test_cancelling_all_answers_for_each_order(trading):
    for price in (50, 51):
        trading.submit_order(
            LimitOrderRequest(
                symbol="TLT", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=price
            )
        )
    assert [answer.status for answer in trading.cancel_orders()] == [200, 200]
    assert trading.get_orders() == []


def test_bars_page_over_symbols_and_end_at_the_clock(data):
    answer = data.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols=["TLT", "SPY"],
            timeframe=TimeFrame.Day,
            start=dt.datetime(2015, 5, 1),
            adjustment=Adjustment.ALL,
            feed=DataFeed.IEX,
        )
    )
    sessions = [bar.timestamp.date() for bar in answer["SPY"]]
    assert sessions == [bar.timestamp.date() for bar in answer["TLT"]]
    assert len(sessions) == 21
    assert sessions[-1] == dt.date(2015, 6, 1)
    assert answer["SPY"][0].timestamp.isoformat() == "2015-05-01T04:00:00+00:00"


def test_quotes_trades_bars_and_snapshots_agree(data):
    spy = "SPY"
    quote = data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=spy))[spy]
    trade = data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=spy))[spy]
    minute = data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=spy))[spy]
    snapshot = data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=spy))[spy]
    assert quote.bid_price < trade.price < quote.ask_price
    assert minute.close == trade.price
    assert snapshot.latest_quote == quote
    assert snapshot.previous_daily_bar.timestamp.date() == dt.date(2015, 5, 29)


def test_an_order_can_be_replaced_and_its_successor_followed(trading):
    resting = trading.submit_order(
        LimitOrderRequest(
            symbol="TLT", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=50
        )
    )
    successor = trading.replace_order_by_id(resting.id, ReplaceOrderRequest(qty=3, limit_price=900.0))
    replaced = trading.get_order_by_id(resting.id)
    assert (replaced.status, replaced.replaced_by) == (OrderStatus.REPLACED, successor.id)
    assert trading.get_order_by_id(successor.id).filled_qty == "3"


def test_positions_can_be_closed_in_part_and_all_at_once(trading):
    trading.submit_order(buy("SPY", qty=4))
    trading.submit_order(buy("TLT", qty=2))
    assert trading.close_position("SPY", ClosePositionRequest(percentage="25")).qty == "1"
    closed = trading.close_all_positions(cancel_orders=True)
    assert [(answer.symbol, answer.status, answer.body.qty) for answer in closed] == [
        ("SPY", 200, "3"),
        ("TLT", 200, "2"),
    ]
    assert trading.get_all_positions() == []


def test_stops_history_and_configuration_are_understood(trading):
    trading.submit_order(buy("SPY", qty=4))
    trailing = TrailingStopOrderRequest(
        symbol="SPY", qty=4, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, trail_percent=1.5
    )
    order = trading.get_order_by_id(trading.submit_order(trailing).id)
    assert (order.order_type, order.trail_percent, float(order.hwm) > 0) == ("trailing_stop", "1.5", True)
    history = trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe="5Min"))
    assert len(history.equity) == len(history.timestamp) == 1
    configuration = trading.get_account_configurations()
    configuration.suspend_trade = True
    assert trading.set_account_configurations(configuration).suspend_trade is True
    assert trading.get_account().trade_suspended_by_user
