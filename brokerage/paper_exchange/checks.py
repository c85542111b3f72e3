"""May this account send this order now? Alpaca's checks, in Alpaca's order, with its words."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal

from brokerage.paper_exchange.account import read_account, read_configuration, read_flags
from brokerage.paper_exchange.order import Order, cents, open_orders, shares
from brokerage.paper_exchange.refusal import Refusal, forbidden, invalid, plain, unprocessable
from brokerage.paper_exchange.tape import Quote, Tape
from brokerage.paper_exchange.ticket import Ticket
from brokerage.paper_exchange.trading_rules import check_rules


def check(book: sqlite3.Connection, tape: Tape, now: dt.datetime, ticket: Ticket) -> Decimal:
    """Let a well-formed order pass, or refuse it; returns the price by which it was judged.

    Raises:
        Refusal: The first check that fails: duplicate id, asset, rules, configuration, holdings,
            wash trade, minimum cost basis, buying power.
    """
    _check_client_id(book, ticket)
    quote = _check_asset(book, tape, now, ticket)
    check_rules(ticket, tape.sessions, now)
    _check_short_fraction(book, ticket)
    _check_configuration(book, ticket)
    price = _price(ticket, quote, is_open=tape.sessions.is_open(now))
    if ticket.side == "sell":
        _check_holdings(book, tape, now, ticket, price)
    _check_wash(book, ticket, is_open=tape.sessions.is_open(now))
    if ticket.side == "buy":
        _check_funds(book, tape, now, ticket, price)
    return price


def _check_client_id(book: sqlite3.Connection, ticket: Ticket) -> None:
    taken = "SELECT 1 FROM orders WHERE client_order_id = ?"
    if book.execute(taken, (ticket.client_order_id,)).fetchone():
        raise invalid("client_order_id must be unique")


def _check_asset(book: sqlite3.Connection, tape: Tape, now: dt.datetime, ticket: Ticket) -> Quote:
    asset = book.execute("SELECT * FROM asset WHERE symbol = ?", (ticket.symbol,)).fetchone()
    if asset is None:
        raise unprocessable(f'asset "{ticket.symbol}" not found')
    quote = tape.quote(ticket.symbol, now)
    usable = asset["status"] == "active" and asset["tradable"] and tape.listed(ticket.symbol, now)
    if not usable or quote is None:
        raise unprocessable(f'asset "{ticket.symbol}" is not tradable')
    if ticket.fractional and not asset["fractionable"]:
        raise forbidden(f'asset "{ticket.symbol}" is not fractionable')
    return quote


def _check_short_fraction(book: sqlite3.Connection, ticket: Ticket) -> None:
    held = book.execute("SELECT 1 FROM position WHERE symbol = ?", (ticket.symbol,)).fetchone()
    if ticket.side == "sell" and ticket.fractional and not held:
        raise unprocessable("fractional orders cannot be sold short")


def _check_configuration(book: sqlite3.Connection, ticket: Ticket) -> None:
    flags = read_flags(book)
    if (
        flags.get("account_blocked")
        or flags.get("trading_blocked")
        or flags.get("status", "ACTIVE") != "ACTIVE"
    ):
        raise forbidden("account is not authorized to trade")
    configuration = read_configuration(book)
    if configuration["suspend_trade"]:
        raise forbidden("new orders are rejected by user request")
    if ticket.fractional and not configuration["fractional_trading"]:
        raise forbidden("fractional trading is disabled by user request")


def _price(ticket: Ticket, quote: Quote, *, is_open: bool) -> Decimal:
    """The price an order is judged by: its limit or stop, else the far side, else the last trade."""
    named = ticket.limit_price or ticket.stop_price
    if named is not None:
        return named
    if not is_open:
        return quote.last
    return quote.ask if ticket.side == "buy" else quote.bid


def _check_holdings(
    book: sqlite3.Connection, tape: Tape, now: dt.datetime, ticket: Ticket, price: Decimal
) -> None:
    holding = read_account(book, tape, now).holding(ticket.symbol)
    existing = holding.qty if holding else Decimal(0)
    available = holding.available if holding else Decimal(0)
    requested = ticket.qty if ticket.qty is not None else shares(ticket.notional or Decimal(0), price)
    if requested <= available:
        return
    held = existing - available
    raise forbidden(
        f"insufficient qty available for order (requested: {plain(requested)}, available: {plain(available)})",
        available=plain(available),
        existing_qty=plain(existing),
        held_for_orders=plain(held),
        symbol=ticket.symbol,
    )


def _check_wash(book: sqlite3.Connection, ticket: Ticket, *, is_open: bool) -> None:
    for order in open_orders(book, ticket.symbol):
        if order.side == ticket.side or not _crosses(ticket, order):
            continue
        if ticket.notional is not None and ticket.side == "buy" and not is_open:
            raise forbidden("unable to open new notional orders while having open closing position orders")
        raise _wash(order)


def _crosses(ticket: Ticket, order: Order) -> bool:
    if ticket.limit_price is None or order.limit_price is None:
        return True
    buy, sell = (
        (ticket.limit_price, order.limit_price)
        if ticket.side == "buy"
        else (order.limit_price, ticket.limit_price)
    )
    return buy >= sell


def _wash(order: Order) -> Refusal:
    kind = order.type if order.type in ("market", "limit") else "stop"
    return forbidden(
        "potential wash trade detected. use complex orders",
        existing_order_id=order.id,
        reject_reason=f"opposite side {kind} order exists",
    )


def _check_funds(
    book: sqlite3.Connection, tape: Tape, now: dt.datetime, ticket: Ticket, price: Decimal
) -> None:
    cost = cents(ticket.notional if ticket.notional is not None else (ticket.qty or Decimal(0)) * price)
    if cost < 1:
        raise forbidden("cost basis must be >= minimal amount of order 1")
    buying_power = read_account(book, tape, now).buying_power
    if cost > buying_power:
        raise forbidden("insufficient buying power", buying_power=plain(buying_power), cost_basis=plain(cost))
