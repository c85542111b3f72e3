"""The JSON that Alpaca would send: field names, decimal strings, time formats."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from decimal import Decimal
from typing import Any

from brokerage.paper_exchange.account import Account, Holding
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import plain
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions
from brokerage.paper_exchange.tape import Bar, Quote

Document = dict[str, Any]


def instant(when: dt.datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z, without trailing zeros of the second."""
    if when is None:
        return None
    text = when.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return text.rstrip("0").rstrip(".") + "Z"


def amount(number: Decimal | None) -> str | None:
    """A decimal string of at most nine places."""
    return None if number is None else plain(number.quantize(Decimal("1e-9")))


def order_document(order: Order, asset_id: str) -> Document:
    """An order as every order endpoint shows it."""
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": instant(order.created_at),
        "updated_at": instant(order.updated_at),
        "submitted_at": instant(order.created_at),
        "filled_at": instant(order.filled_at) if order.status == "filled" else None,
        "expired_at": instant(order.expired_at),
        "canceled_at": instant(order.canceled_at),
        "failed_at": instant(order.failed_at),
        "replaced_at": instant(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "expires_at": instant(order.expires_at),
        "asset_id": asset_id,
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": amount(order.notional),
        "qty": amount(order.qty),
        "filled_qty": amount(order.filled_qty),
        "filled_avg_price": amount(order.filled_avg_price),
        "order_class": "",
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        "position_intent": "buy_to_open" if order.side == "buy" else "sell_to_close",
        "time_in_force": order.time_in_force,
        "limit_price": amount(order.limit_price),
        "stop_price": amount(order.stop_price),
        "status": order.status,
        "extended_hours": order.extended_hours,
        "legs": None,
        "trail_percent": amount(order.trail_percent),
        "trail_price": amount(order.trail_price),
        "hwm": amount(order.hwm),
        "subtag": None,
        "source": None,
    }


def position_document(holding: Holding, asset_id: str, *, quoted: bool) -> Document:
    """A position; what depends on a price is null when the asset is not ``quoted`` any more."""
    gain = holding.market_value - holding.cost_basis
    gain_today = holding.market_value - holding.intraday_basis
    valued = {
        "market_value": holding.market_value,
        "unrealized_pl": gain,
        "unrealized_plpc": _ratio(gain, holding.cost_basis),
        "unrealized_intraday_pl": gain_today,
        "unrealized_intraday_plpc": _ratio(gain_today, holding.intraday_basis),
        "current_price": holding.price,
        "change_today": _ratio(holding.price - holding.lastday_price, holding.lastday_price),
    }
    return {
        "asset_id": asset_id,
        "symbol": holding.symbol,
        "exchange": "ARCA",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": amount(holding.qty),
        "qty_available": amount(holding.available),
        "avg_entry_price": amount(holding.avg_entry_price),
        "side": "long" if holding.qty > 0 else "short",
        "cost_basis": amount(holding.cost_basis),
        "lastday_price": amount(holding.lastday_price),
        **{name: amount(value) if quoted else None for name, value in valued.items()},
    }


def account_number(seed: str) -> str:
    """The number of the account; like that of any paper account it begins with PA."""
    return f"PA{_account_id(seed).int % 36**6:010d}"


def account_document(account: Account, configuration: Document, opened: dt.datetime, seed: str) -> Document:
    """The account."""
    identity = _account_id(seed)
    equity, buying_power = plain(account.equity), plain(account.buying_power)
    return {
        "id": str(identity),
        "account_number": account_number(seed),
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "currency": "USD",
        "cash": plain(account.cash),
        "buying_power": buying_power,
        "effective_buying_power": buying_power,
        "regt_buying_power": plain(account.regt_buying_power),
        "non_marginable_buying_power": plain(account.free_cash),
        "options_buying_power": "0",
        "options_approved_level": 0,
        "options_trading_level": 0,
        "equity": equity,
        "last_equity": plain(account.last_equity),
        "portfolio_value": equity,
        "position_market_value": plain(account.long_market_value + account.short_market_value),
        "long_market_value": plain(account.long_market_value),
        "short_market_value": plain(account.short_market_value),
        "initial_margin": plain(account.initial_margin),
        "maintenance_margin": plain(account.maintenance_margin),
        "last_maintenance_margin": plain(account.last_maintenance_margin),
        "sma": "0",
        "multiplier": account.multiplier,
        "shorting_enabled": False,
        "account_blocked": False,
        "trading_blocked": False,
        "transfers_blocked": False,
        "trade_suspended_by_user": configuration["suspend_trade"],
        "accrued_fees": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "balance_asof": account.balance_asof.isoformat(),
        "created_at": instant(opened),
        "admin_configurations": {},
        "user_configurations": None,
    }


def asset_document(asset: sqlite3.Row, *, listed: bool) -> Document:
    """An asset; one whose prices have not begun or have ended is inactive."""
    return {
        "id": asset["id"],
        "class": "us_equity",
        "exchange": "ARCA",
        "symbol": asset["symbol"],
        "name": asset["name"],
        "status": asset["status"] if listed else "inactive",
        "tradable": listed and bool(asset["tradable"]),
        "marginable": True,
        "shortable": False,
        "easy_to_borrow": False,
        "borrow_status": "hard_to_borrow",
        "fractionable": bool(asset["fractionable"]),
        "maintenance_margin_requirement": 30,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "attributes": [],
    }


def fill_document(fill: sqlite3.Row) -> Document:
    """A FILL activity; the digits of its id are New York time."""
    when = dt.datetime.fromisoformat(fill["at"])
    digits = when.astimezone(NEW_YORK).strftime("%Y%m%d%H%M%S%f")[:17]
    return {
        "id": f"{digits}::{fill['id']}",
        "activity_type": "FILL",
        "transaction_time": instant(when),
        "type": "fill" if fill["order_status"] == "filled" else "partial_fill",
        "price": plain(Decimal(fill["price"])),
        "qty": plain(Decimal(fill["qty"])),
        "side": fill["side"],
        "symbol": fill["symbol"],
        "leaves_qty": plain(Decimal(fill["leaves_qty"])),
        "order_id": fill["order_id"],
        "cum_qty": plain(Decimal(fill["cum_qty"])),
        "order_status": fill["order_status"],
    }


def clock_document(sessions: Sessions, now: dt.datetime) -> Document:
    """The market clock, with New York offsets."""
    return {
        "timestamp": now.astimezone(NEW_YORK).isoformat(),
        "is_open": sessions.is_open(now),
        "next_open": sessions.next_open(now).astimezone(NEW_YORK).isoformat(),
        "next_close": sessions.next_close(now).astimezone(NEW_YORK).isoformat(),
    }


def calendar_document(sessions: Sessions, session: dt.date) -> Document:
    """One trading day."""
    opening, closing = (time.astimezone(NEW_YORK) for time in sessions.hours(session))
    first, last = (time.astimezone(NEW_YORK) for time in sessions.extended_hours(session))
    return {
        "date": session.isoformat(),
        "open": opening.strftime("%H:%M"),
        "close": closing.strftime("%H:%M"),
        "session_open": first.strftime("%H%M"),
        "session_close": last.strftime("%H%M"),
        "settlement_date": sessions.following(session).isoformat(),
    }


def bar_document(bar: Bar) -> Document:
    """A daily bar, stamped with New York midnight of its session."""
    midnight = dt.datetime.combine(bar.session, dt.time(), NEW_YORK)
    return {
        "t": instant(midnight),
        "o": bar.open,
        "h": bar.high,
        "l": bar.low,
        "c": bar.close,
        "v": int(bar.volume),
        "n": int(bar.volume) // 100,
        "vw": round((bar.high + bar.low + bar.close) / 3, 6),
    }


def quote_document(quote: Quote) -> Document:
    """The best bid and ask."""
    return {
        "t": instant(quote.at),
        "ax": "P",
        "ap": float(quote.ask),
        "as": 10,
        "bx": "P",
        "bp": float(quote.bid),
        "bs": 10,
        "c": ["R"],
        "z": "B",
    }


def trade_document(quote: Quote) -> Document:
    """The last trade."""
    return {
        "t": instant(quote.at),
        "x": "P",
        "p": float(quote.last),
        "s": 100,
        "c": ["@"],
        "i": int(quote.at.timestamp()),
        "z": "B",
    }


def minute_document(quote: Quote) -> Document:
    """The last minute bar: one trade."""
    price = float(quote.last)
    minute = instant(quote.at.replace(second=0, microsecond=0))
    return {"t": minute, "o": price, "h": price, "l": price, "c": price, "v": 100, "n": 1, "vw": price}


def _account_id(seed: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}:account")


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return part / abs(whole) if whole else Decimal(0)
