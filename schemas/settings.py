"""Settings of the machine a run stands on: where orders go and how the loopback exchange behaves."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.forms import Fraction, Parameters, Share


class BrokerSettings(Parameters):
    """Where orders go."""

    venue: Literal["auto", "loopback", "paper", "live"] = "auto"
    """auto: Alpaca paper when ALPACA_API_KEY and ALPACA_SECRET_KEY are set, else the loopback exchange.
    live is real money and needs three more facts to agree: see docs/safety.md."""
    trading_url: str = "https://paper-api.alpaca.markets"
    """Base URL of the trading API; https://api.alpaca.markets is live trading."""
    live_cap: Decimal | None = Field(default=None, gt=0)
    """Greatest value of all orders of one run on a live account (USD); without it none is sent there."""
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

    start: dt.date | None = None
    """First session of a new exchange; its virtual clock opens there at 10:00 New York. Left out, it is 2015-06-01 on
    the bundled prices, and on others the first one with sessions enough before it to decide from."""
    cash: Decimal = Field(default=Decimal(100_000), gt=0)
    """Cash of a new account (USD)."""
    seed: int = Field(default=7, ge=0)
    """Seed of the intraday price path and of every id."""
    spread_bps: float = Field(default=2.0, ge=0, le=100)
    """Bid-ask spread (basis points of the mid price)."""
    idle_exit_seconds: float = Field(default=120.0, gt=0)
    """An exchange that was started on demand ends itself after this long without a request (seconds)."""
    requests_per_minute: int = Field(default=0, ge=0, le=10_000)
    """Requests answered a minute, trading and data apart; Alpaca's is 200, and 0 limits nothing: on a virtual
    clock a year of weeks passes in a minute."""


class LimitSettings(Parameters):
    """What no trade list may exceed, whoever made it: one that does is refused whole, never cut to size.

    Not among a run's own parameters: no flag, form or plan can lift them for once.
    """

    max_order_value: Decimal = Field(default=Decimal(100_000), gt=0)
    """Greatest value of one order (USD)."""
    max_order_share: Share = 0.6
    """Greatest value of one order (fraction of equity)."""
    max_orders: int = Field(default=50, ge=1, le=500)
    """Most orders in one run."""
    max_turnover: Share = 0.55
    """Half the value of all orders of one run (fraction of equity); a first funding turns over about half."""
    max_invested: Share = 0.9975
    """Greatest share of equity in assets once all has filled; what is left is the cash buffer (fraction)."""
    max_weight: Share = 0.6
    """Greatest weight of an asset that is bought (fraction of equity)."""
    min_weight: Fraction = 0.0
    """Least weight of an asset that is traded and not sold whole (fraction of equity)."""
    max_weight_change: Share = 0.4
    """Greatest change of an asset's target weight since the run before (fraction of equity)."""
    max_spread_bps: float = Field(default=100.0, gt=0, le=1000)
    """A quote wider than this is no price: the latest trade or the last close is used (basis points of its middle)."""
    max_clock_skew_seconds: float = Field(default=60.0, gt=0, le=3600)
    """Greatest distance of this machine's clock from the broker's (seconds); the loopback's virtual clock is exempt."""
    max_change_since_plan: Share = 0.01
    """Greatest change of cash (fraction of equity) or of a price (fraction) since a plan that is applied."""
    max_rejects_in_a_row: int = Field(default=5, ge=1, le=500)
    """So many refused or rejected orders in a row halt trading until a person releases it."""
    max_equity_drop: Share = 0.2
    """A fall of equity since the run before, money paid in or out apart, that halts trading (fraction)."""
    max_drawdown: Share = 0.35
    """A fall of equity from its highest at any run since the last release that halts trading (fraction)."""
