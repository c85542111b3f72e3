"""Who a run is: strategy, ISO week of its session, attempt; and the order ids that follow from it. And who a backtest and a sweep are."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict


class IsoWeek(NamedTuple):
    """An ISO week, the unit in which the portfolio is rebalanced once."""

    year: int
    week: int

    @classmethod
    def of(cls, session: dt.date) -> IsoWeek:
        """The week that holds ``session``.

        >>> str(IsoWeek.of(dt.date(2021, 1, 1)))
        '2020-W53'
        """
        iso = session.isocalendar()
        return cls(iso.year, iso.week)

    def __str__(self) -> str:
        return f"{self.year}-W{self.week:02d}"


class Run(BaseModel):
    """One attempt of one strategy at one ISO week; everything that must not change between retries.

    ``session`` is the exchange's trading date on which the decision is made and orders are sent;
    the newest bar used is that of an earlier session.
    """

    model_config = ConfigDict(frozen=True)

    strategy: str
    session: dt.date
    attempt: int = 1
    decided_at: AwareDatetime
    venue: str
    account: str
    """Venue and fingerprint of the account, never its number: ``paper-1f3a9c2b``."""
    dry_run: bool = False

    @property
    def week(self) -> IsoWeek:
        """ISO week of the session (not of the host's date)."""
        return IsoWeek.of(self.session)

    @property
    def run_id(self) -> str:
        """``risk_parity-2015-W23-1``; a dry run carries ``-plan`` so that it can never claim the week."""
        kind = "-plan" if self.dry_run else ""
        return f"{self.strategy}-{self.week}{kind}-{self.attempt}"

    def client_order_id(self, side: str, symbol: str, attempt: int = 1) -> str:
        """The only id under which this run may ever send this attempt at this order.

        A later attempt is for what an earlier one, proven over, left undone.
        """
        return f"{self.run_id}-{side[0].upper()}-{symbol}-{attempt}"


class Trial(BaseModel):
    """One backtest; run again, it is another one."""

    model_config = ConfigDict(frozen=True)

    strategy: str
    decided_at: AwareDatetime
    """Host clock when it began."""

    @property
    def session(self) -> dt.date:
        """Under which date its artifacts are filed: that of its beginning, UTC."""
        return self.decided_at.astimezone(dt.UTC).date()

    @property
    def run_id(self) -> str:
        """``risk_parity-backtest-20261122-155501-204811``."""
        return f"{self.strategy}-backtest-{self.decided_at.astimezone(dt.UTC):%Y%m%d-%H%M%S-%f}"


class Sweep(BaseModel):
    """One design on certain prices; run again, it is the same one, and goes on where it stopped."""

    model_config = ConfigDict(frozen=True)

    strategy: str
    session: dt.date
    """Under which date its artifacts are filed: the last one of its prices."""
    digest: str
    """Of prices, design and version of the code, hexadecimal."""

    @property
    def run_id(self) -> str:
        """``risk_parity-sweep-0f3a9c2b4d5e``."""
        return f"{self.strategy}-sweep-{self.digest[:12]}"


class PricePull(BaseModel):
    """The bars of a day, asked for once; asked for again, it is another one."""

    model_config = ConfigDict(frozen=True)

    session: dt.date
    """The last completed session then."""
    asked_at: AwareDatetime
    """The exchange's clock."""
    began_at: AwareDatetime
    """Host clock."""
    venue: str

    @property
    def run_id(self) -> str:
        """``daily-prices-20261123-223000-104512``."""
        return f"daily-prices-{self.began_at.astimezone(dt.UTC):%Y%m%d-%H%M%S-%f}"


Author = Run | Trial | Sweep | PricePull
"""Who writes artifacts."""


class StressTest(Trial):
    """One stress test; it counts as no trial, since nothing is chosen by it."""

    @property
    def run_id(self) -> str:
        """``risk_parity-stress-20261122-155501-204811``."""
        return f"{self.strategy}-stress-{self.decided_at.astimezone(dt.UTC):%Y%m%d-%H%M%S-%f}"


def account_name(venue: str, account_number: str) -> str:
    """Venue and fingerprint of an account; its number is written nowhere.

    >>> account_name("paper", "PA123")
    'paper-87f25f07'
    """
    return f"{venue}-{hashlib.sha256(account_number.encode()).hexdigest()[:8]}"
