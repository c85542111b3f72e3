"""What happened in the account, from the broker's own record: fills, dividends, fees, money in and out, splits."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from brokerage.client import Broker
from brokerage.models import Size
from schemas.errors import TemporaryError

PAGE_SIZE = 100
MOST_PAGES = 200
FLOWS = frozenset({"CSD", "CSW", "JNLC", "TRANS", "ACATC"})
"""Money paid in or out, which is neither gain nor loss."""


class Activity(BaseModel):
    """One line of the account's record; a fill has a price, everything else a net amount."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    activity_type: str
    symbol: str | None = None
    side: str | None = None
    qty: Size = Decimal(0)
    price: Size = Decimal(0)
    net_amount: Size = Decimal(0)
    order_id: str | None = None
    transaction_time: AwareDatetime | None = None
    date: dt.date | None = None

    @property
    def is_fill(self) -> bool:
        """Whether shares changed hands for money on the market."""
        return self.activity_type == "FILL"

    @property
    def shares(self) -> Decimal:
        """Shares that came (or went, below zero) with a fill."""
        sign = 1 if self.side == "buy" else -1
        return sign * self.qty if self.is_fill else Decimal(0)

    @property
    def cash(self) -> Decimal:
        """Money that came (or went, below zero), USD."""
        return -self.shares * self.price if self.is_fill else self.net_amount


def activities_since(broker: Broker, day: dt.date) -> list[Activity]:
    """Everything on ``day`` (New York) and later, oldest first.

    Raises:
        TemporaryError: If the record does not come to an end.
    """
    found: list[Activity] = []
    eve = (day - dt.timedelta(days=1)).isoformat()
    fields: dict[str, object] = {"after": f"{eve}T23:59:59Z", "direction": "asc", "page_size": PAGE_SIZE}
    for _ in range(MOST_PAGES):
        page = _ACTIVITIES.validate_python(broker.answer("/account/activities", **fields))
        found += page
        if len(page) < PAGE_SIZE:
            return found
        fields["page_token"] = page[-1].id
    raise TemporaryError(
        "The account's record does not come to an end",
        figures={"lines read": len(found), "since": day},
        remedy="Run the same command again later.",
    )


_ACTIVITIES = TypeAdapter(list[Activity])
