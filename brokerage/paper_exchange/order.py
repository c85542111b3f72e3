"""One order of the book: its record, its life, its row."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

OPEN = ("accepted", "pending_new", "new", "partially_filled", "pending_cancel")
"""Statuses in which an order can still change; it never leaves any other."""

_DECIMALS = {
    "qty",
    "notional",
    "limit_price",
    "stop_price",
    "trail_price",
    "trail_percent",
    "hwm",
    "collar",
    "filled_qty",
    "filled_value",
}
_FLAGS = {"extended_hours", "triggered"}
_INSTANTS = {
    "created_at",
    "updated_at",
    "expires_at",
    "filled_at",
    "expired_at",
    "canceled_at",
    "failed_at",
    "replaced_at",
}


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands; ``filled_value`` is the sum of quantity times price over its fills.

    ``collar`` is the worst price at which a market order trades, ``hwm`` the best price since a trailing
    stop arrived, ``triggered`` says that a stop was reached, ``fate`` what is in store (see ``fates``).
    """

    seq: int
    id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    qty: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None
    trail_percent: Decimal | None
    extended_hours: bool
    collar: Decimal | None
    status: str
    created_at: dt.datetime
    updated_at: dt.datetime
    expires_at: dt.datetime
    filled_at: dt.datetime | None = None
    expired_at: dt.datetime | None = None
    canceled_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    replaced_at: dt.datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    hwm: Decimal | None = None
    triggered: bool = False
    filled_qty: Decimal = Decimal(0)
    filled_value: Decimal = Decimal(0)
    fate: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can still change."""
        return self.status in OPEN

    @property
    def waits_for_stop(self) -> bool:
        """Whether its stop has not been reached yet."""
        return self.type in ("stop", "stop_limit", "trailing_stop") and not self.triggered

    @property
    def filled_avg_price(self) -> Decimal | None:
        """Average fill price, USD; None before the first fill."""
        return self.filled_value / self.filled_qty if self.filled_qty else None

    def remaining(self, price: Decimal) -> Decimal:
        """Shares still to trade at ``price``, cut to nine places when sized by notional."""
        if self.qty is not None:
            return self.qty - self.filled_qty
        return shares((self.notional or Decimal(0)) - self.filled_value, price)

    def remaining_value(self, price: Decimal) -> Decimal:
        """USD still to trade at ``price``, in cents."""
        if self.notional is not None:
            return cents(self.notional - self.filled_value)
        return cents(self.remaining(price) * price)

    def touched(self, now: dt.datetime, **changes: object) -> Order:
        """The order after a change at ``now``."""
        return dataclasses.replace(self, updated_at=now, **changes)  # type: ignore[arg-type]

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Order:
        """The order of a row of the table ``orders``."""
        return cls(**{name: _load(name, row[name]) for name in row.keys()})  # noqa: SIM118

    def save(self, book: sqlite3.Connection) -> None:
        """Insert or update the order's row."""
        values = [_dump(getattr(self, field.name)) for field in dataclasses.fields(self)]
        names = ", ".join(field.name for field in dataclasses.fields(self))
        slots = ", ".join("?" * len(values))
        book.execute(f"INSERT OR REPLACE INTO orders ({names}) VALUES ({slots})", values)  # noqa: S608


def cents(amount: Decimal) -> Decimal:
    """An amount of money rounded to whole cents, half up."""
    return amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def shares(value: Decimal, price: Decimal) -> Decimal:
    """Shares that ``value`` buys at ``price``, cut to nine places."""
    return (value / price).quantize(Decimal("1e-9"), "ROUND_DOWN")


def open_orders(book: sqlite3.Connection, symbol: str | None = None) -> list[Order]:
    """Orders that can still change, oldest first."""
    slots = ", ".join("?" * len(OPEN))
    rows = book.execute(f"SELECT * FROM orders WHERE status IN ({slots}) ORDER BY seq", OPEN)  # noqa: S608
    return [order for order in map(Order.from_row, rows) if symbol in (None, order.symbol)]


def _load(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DECIMALS:
        return Decimal(str(value))
    if name in _FLAGS:
        return bool(value)
    return dt.datetime.fromisoformat(str(value)) if name in _INSTANTS else value


def _dump(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, dt.datetime) else value
