"""What the broker says, in exact decimals: tolerant of news, strict about what money depends on.

alpaca-py's own models refuse an answer with one unknown status or one field missing, and hold sizes as
floats; these ignore unknown fields, take unknown statuses as they come and keep every digit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]
"""A boolean that the broker may leave null."""
Size = Annotated[Decimal, BeforeValidator(lambda value: 0 if value is None else value)]
"""A quantity that is null until there is one."""

TERMINAL = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Answer):
    """The account's money and whether it may trade."""

    account_number: str
    status: str
    cash: Decimal
    equity: Decimal
    non_marginable_buying_power: Decimal | None = None
    account_blocked: Flag = False
    trading_blocked: Flag = False
    trade_suspended_by_user: Flag = False

    @property
    def spendable(self) -> Decimal:
        """Cash that is neither borrowed nor reserved by open orders (USD)."""
        unreserved = self.non_marginable_buying_power
        return self.cash if unreserved is None else min(self.cash, unreserved)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why the account may not trade; empty when it may."""
        flags = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
        status = () if self.status == "ACTIVE" else (f"status {self.status}",)
        return status + tuple(flag for flag in flags if getattr(self, flag))


class Clock(_Answer):
    """The exchange's own time; the host's clock decides nothing."""

    timestamp: AwareDatetime
    is_open: bool
    next_open: AwareDatetime
    next_close: AwareDatetime


class CalendarDay(_Answer):
    """A session with its hours, New York time."""

    date: dt.date
    open: dt.time
    close: dt.time


class Asset(_Answer):
    """What may be done with a ticker."""

    symbol: str
    status: str
    tradable: Flag = False
    fractionable: Flag = False

    @property
    def is_tradable(self) -> bool:
        """Active and open for orders."""
        return self.tradable and self.status == "active"

    def frozen_if(self, frozen: bool) -> Asset:  # noqa: FBT001 - reads as a sentence
        """The same asset, closed for our orders when ``frozen``."""
        return self.model_copy(update={"tradable": self.tradable and not frozen})


class Position(_Answer):
    """A holding; prices are null for halted and delisted assets."""

    symbol: str
    qty: Decimal
    qty_available: Decimal | None = None
    """Shares that no open order holds."""
    side: str = "long"
    market_value: Decimal | None = None
    current_price: Decimal | None = None

    @property
    def is_short(self) -> bool:
        """Whether shares are owed rather than held."""
        return self.side == "short" or self.qty < 0


class Order(_Answer):
    """An order as last reported. A terminal order may still have filled in part."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    status: str
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    filled_qty: Size = Decimal(0)
    filled_avg_price: Decimal | None = None
    submitted_at: AwareDatetime | None = None
    filled_at: AwareDatetime | None = None
    canceled_at: AwareDatetime | None = None
    expired_at: AwareDatetime | None = None
    failed_at: AwareDatetime | None = None
    replaced_at: AwareDatetime | None = None
    replaced_by: str | None = None
    """Id of the order that goes on in its place."""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen to it; a status never seen before counts as open."""
        return self.status in TERMINAL

    @property
    def closed_at(self) -> dt.datetime | None:
        """When it became terminal."""
        ends = (self.filled_at, self.canceled_at, self.expired_at, self.failed_at, self.replaced_at)
        return next((end for end in ends if end is not None), None) if self.is_terminal else None

    @property
    def filled_value(self) -> Decimal:
        """Money that changed hands so far (USD)."""
        return self.filled_qty * (self.filled_avg_price or Decimal(0))


@dataclass(frozen=True)
class OrderTicket:
    """An order for the day, sized in shares or in USD, exactly one of them; a market order without a limit."""

    client_order_id: str
    symbol: str
    side: Literal["buy", "sell"]
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None

    def figures(self) -> dict[str, Any]:
        """The one size that is given, and the limit where there is one, in plain notation: ``{"qty": "0.5"}``."""
        sizes = {"qty": self.qty, "notional": self.notional, "limit_price": self.limit_price}
        return {name: f"{value:f}" for name, value in sizes.items() if value is not None}
