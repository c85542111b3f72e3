"""Settings of the machine a run stands on: where orders go and how the loopback exchange behaves."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.forms import Parameters


class BrokerSettings(Parameters):
    """Where orders go."""

    venue: Literal["auto", "loopback", "paper"] = "auto"
    """auto: Alpaca paper when ALPACA_API_KEY and ALPACA_SECRET_KEY are set, else the loopback exchange."""
    trading_url: str = "https://paper-api.alpaca.markets"
    """Base URL of the paper trading API."""
    data_url: str = "https://data.alpaca.markets"
    """Base URL of the market data API."""
    connect_timeout: float = Field(default=5.0, gt=0, le=60)
    """Longest wait for a connection (seconds)."""
    read_timeout: float = Field(default=20.0, gt=0, le=120)
    """Longest wait between bytes of an answer (seconds)."""
    patience_seconds: float = Field(default=45.0, gt=0, le=600)
    """Longest time over which a question that got no answer is asked again (seconds); orders never are."""


class ExchangeSettings(Parameters):
    """The loopback paper exchange."""

    start: dt.date = dt.date(2015, 6, 1)
    """First session of a new exchange; its virtual clock opens there at 10:00 New York."""
    cash: Decimal = Field(default=Decimal(100_000), gt=0)
    """Cash of a new account (USD)."""
    seed: int = Field(default=7, ge=0)
    """Seed of the intraday price path and of every id."""
    spread_bps: float = Field(default=2.0, ge=0, le=100)
    """Bid-ask spread (basis points of the mid price)."""
    idle_exit_seconds: float = Field(default=120.0, gt=0)
    """An exchange that was started on demand ends itself after this long without a request (seconds)."""
