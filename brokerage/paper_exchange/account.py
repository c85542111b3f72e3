"""What the account holds, what it is worth and what it may still buy."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from brokerage.paper_exchange.order import Order, cents, open_orders
from brokerage.paper_exchange.store import get_meta
from brokerage.paper_exchange.tape import Tape

_INITIAL_MARGIN = Decimal("0.5")
_MAINTENANCE_MARGIN = Decimal("0.3")
_LEAST_MARGIN_EQUITY = 2000


@dataclass(frozen=True, slots=True)
class Holding:
    """A position, valued at the last trade; ``qty`` is negative when it is short.

    ``entered_today`` are the shares of it that were traded today, at ``entry_price`` on average; ``paid_today`` is
    what all purchases of the day cost, less what its sales brought (USD).
    """

    symbol: str
    qty: Decimal
    avg_entry_price: Decimal
    price: Decimal
    lastday_price: Decimal
    held_for_orders: Decimal
    entered_today: Decimal
    entry_price: Decimal
    paid_today: Decimal

    @property
    def available(self) -> Decimal:
        """Shares not held for open sell orders."""
        return self.qty - self.held_for_orders

    @property
    def market_value(self) -> Decimal:
        """Value at the last trade, USD."""
        return self.qty * self.price

    @property
    def cost_basis(self) -> Decimal:
        """What the shares cost, USD."""
        return self.qty * self.avg_entry_price

    @property
    def intraday_basis(self) -> Decimal:
        """What the shares were worth when the day began for them: at the last close, or when entered, USD."""
        return (self.qty - self.entered_today) * self.lastday_price + self.entered_today * self.entry_price


@dataclass(frozen=True, slots=True)
class Account:
    """The account at one instant; amounts in USD. ``balance_asof`` is the session of ``last_equity``.

    Buying power follows Alpaca: cash at multiplier 1; 2 * (equity - initial margin) at 2;
    4 * (last equity - last maintenance margin), less what was bought today, at 4. Open buys reserve
    their cost; open sells free nothing until they are filled.
    """

    balance_asof: dt.date
    cash: Decimal
    holdings: tuple[Holding, ...]
    last_equity: Decimal
    last_maintenance_margin: Decimal
    reserved: Decimal
    max_multiplier: str

    @property
    def long_market_value(self) -> Decimal:
        """Value of what is owned, whole cents."""
        return cents(sum((one.market_value for one in self.holdings if one.qty > 0), Decimal(0)))

    @property
    def short_market_value(self) -> Decimal:
        """Value of what is owed, negative, whole cents."""
        return cents(sum((one.market_value for one in self.holdings if one.qty < 0), Decimal(0)))

    @property
    def equity(self) -> Decimal:
        """Cash and holdings."""
        return self.cash + self.long_market_value + self.short_market_value

    @property
    def initial_margin(self) -> Decimal:
        """Half of the holdings (Regulation T)."""
        return cents((self.long_market_value - self.short_market_value) * _INITIAL_MARGIN)

    @property
    def maintenance_margin(self) -> Decimal:
        """Three tenths of the holdings."""
        return cents((self.long_market_value - self.short_market_value) * _MAINTENANCE_MARGIN)

    @property
    def multiplier(self) -> str:
        """Margin multiplier in force: below 2,000 USD of equity there is no margin."""
        return self.max_multiplier if self.equity >= _LEAST_MARGIN_EQUITY else "1"

    @property
    def regt_buying_power(self) -> Decimal:
        """What may be bought and held overnight."""
        if self.multiplier == "1":
            return self.free_cash
        return self._floor(2 * (self.equity - self.initial_margin))

    @property
    def buying_power(self) -> Decimal:
        """What may still be bought today."""
        if self.multiplier != "4":
            return self.regt_buying_power
        bought = max(Decimal(0), sum((holding.paid_today for holding in self.holdings), Decimal(0)))
        return self._floor(4 * (self.last_equity - self.last_maintenance_margin) - bought)

    @property
    def free_cash(self) -> Decimal:
        """Cash that no open order has reserved."""
        return self._floor(self.cash)

    def holding(self, symbol: str) -> Holding | None:
        """The position in ``symbol``, if there is one."""
        return next((holding for holding in self.holdings if holding.symbol == symbol), None)

    def _floor(self, amount: Decimal) -> Decimal:
        return max(Decimal(0), amount - self.reserved)


def read_account(book: sqlite3.Connection, tape: Tape, now: dt.datetime) -> Account:
    """The account as the book has it, valued at ``now``."""
    today = tape.sessions.latest(now)
    working = open_orders(book)
    day_end = book.execute(
        "SELECT * FROM day_end WHERE session < ? ORDER BY session DESC LIMIT 1", (today.isoformat(),)
    ).fetchone()
    return Account(
        balance_asof=tape.sessions.preceding(today),
        cash=Decimal(get_meta(book, "cash") or 0),
        holdings=tuple(_holdings(book, tape, now, working)),
        last_equity=Decimal(day_end["equity"] if day_end else get_meta(book, "opening_cash") or 0),
        last_maintenance_margin=Decimal(day_end["maintenance_margin"] if day_end else 0),
        reserved=sum((_reserve(order, tape, now) for order in working), Decimal(0)),
        max_multiplier=read_configuration(book)["max_margin_multiplier"],
    )


def read_configuration(book: sqlite3.Connection) -> dict[str, Any]:
    """The account's configuration, as ``/v2/account/configurations`` shows it."""
    return dict(json.loads(get_meta(book, "configuration") or "{}"))


def read_flags(book: sqlite3.Connection) -> dict[str, Any]:
    """What the broker has changed about the account: a status, blocks; empty as long as all is well."""
    return dict(json.loads(get_meta(book, "account_flags") or "{}"))


def _holdings(book: sqlite3.Connection, tape: Tape, now: dt.datetime, working: list[Order]) -> list[Holding]:
    opening = tape.sessions.hours(tape.sessions.latest(now)).open.isoformat()
    traded: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    value: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for fill in book.execute("SELECT symbol, side, qty, cash FROM fill WHERE at >= ?", (opening,)):
        traded[fill["symbol"], fill["side"]] += Decimal(fill["qty"])
        value[fill["symbol"], fill["side"]] += Decimal(fill["cash"])
    holdings = []
    for row in book.execute("SELECT * FROM position ORDER BY symbol"):
        symbol, quote = row["symbol"], tape.quote(row["symbol"], now)
        qty = Decimal(row["qty"])
        side, sign = ("buy", 1) if qty > 0 else ("sell", -1)
        entered = traded[symbol, side]
        price = quote.last if quote else Decimal(row["avg_entry_price"])
        sells = (order for order in working if order.symbol == symbol and order.side == "sell")
        holdings.append(
            Holding(
                symbol=symbol,
                qty=qty,
                avg_entry_price=Decimal(row["avg_entry_price"]),
                price=price,
                lastday_price=tape.previous_close(symbol, now) or price,
                held_for_orders=min(
                    max(Decimal(0), qty),
                    sum((order.remaining(price) for order in sells), Decimal(0)),
                ),
                # what was held longest is the first to go
                entered_today=sign * min(entered, abs(qty)),
                entry_price=value[symbol, side] / entered if entered else Decimal(0),
                paid_today=value[symbol, "buy"] - value[symbol, "sell"],
            )
        )
    return holdings


def _reserve(order: Order, tape: Tape, now: dt.datetime) -> Decimal:
    quote = tape.quote(order.symbol, now)
    if order.side != "buy" or quote is None:
        return Decimal(0)
    return order.remaining_value(order.limit_price or order.stop_price or quote.ask)
