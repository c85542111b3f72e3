"""alpaca-trade-api, unchanged, against the loopback exchange: prints what it understood.

Run in a process of its own with the exchange's address in the environment, as that client reads it.
"""

import json

import alpaca_trade_api

api = alpaca_trade_api.REST()
bought = api.submit_order("SPY", qty=2, side="buy", type="market", client_order_id="from-legacy")
resting = api.submit_order("TLT", qty=1, side="buy", type="limit", limit_price="50", time_in_force="gtc")
api.cancel_order(resting.id)
try:
    api.submit_order("SPY", qty=1, client_order_id="from-legacy")
except alpaca_trade_api.rest.APIError as error:
    refused = {"status": error.status_code, "code": error.code, "text": str(error)}
print(  # noqa: T201 - its answer
    json.dumps(
        {
            "answered": bought.status,
            "filled": api.get_order_by_client_order_id("from-legacy").status,
            "refused": refused,
            "account": api.get_account().account_number,
            "clock": str(api.get_clock().timestamp),
            "calendar": [str(day.close) for day in api.get_calendar("2015-11-25", "2015-11-28")],
            "positions": {position.symbol: position.qty for position in api.list_positions()},
            "orders": [order.status for order in api.list_orders(status="all")],
            "fills": [activity.qty for activity in api.get_activities("FILL")],
            "history": api.get_portfolio_history(period="1M").timeframe,
            "bars": len(api.get_bars(["SPY", "TLT"], "1Day", "2015-05-01", "2015-05-29").df),
            "quote": api.get_latest_quote("SPY").bp,
            "trade": api.get_latest_trade("SPY").p,
            "snapshot": api.get_snapshot("SPY").prev_daily_bar.c,
            "closed": api.close_position("SPY").side,
        }
    )
)
