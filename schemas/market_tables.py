"""Prices as they were learnt, and the returns that cleaning makes of them."""

from __future__ import annotations

import pandera.pandas as pa

from schemas.columns import Artifact, Instant, Session


class Bars(Artifact):
    """Daily OHLCV bars as delivered, every version kept: dirty ones included, cleaning decides."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(description="Exchange trading date of the bar (New York)")
    open: float = pa.Field(nullable=True, description="First price, USD, as delivered")
    high: float = pa.Field(nullable=True, description="Highest price, USD, as delivered")
    low: float = pa.Field(nullable=True, description="Lowest price, USD, as delivered")
    close: float = pa.Field(nullable=True, description="Last price, USD, as delivered")
    volume: float = pa.Field(nullable=True, description="Shares traded, as delivered")
    source: str = pa.Field(description="Who delivered the bar: loopback or paper")
    feed: str = pa.Field(description="Market data feed: iex or sip")
    adjustment: str = pa.Field(
        description="Corporate actions taken out of the prices: raw, split, dividend, all"
    )
    known_at: Instant = pa.Field(description="When this version of the bar was learnt, UTC (exchange clock)")


class WindowBars(Bars):
    """The exact bars a run decided on, as it knew them then."""


class Returns(Artifact):
    """Cleaned daily simple returns of the assets that may be held."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(description="Trading date on which the return was earned")
    daily_return: float = pa.Field(gt=-1.0, lt=10.0, description="close / previous close - 1, fraction")

    class Config:
        unique = ["symbol", "session"]


class CleaningLog(Artifact):
    """Every cell that cleaning altered, every symbol it excluded, and why."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(
        nullable=True, description="Trading date; null when the whole symbol is meant"
    )
    rule: str = pa.Field(description="Rule that fired, e.g. bad_print or unadjusted_split")
    action: str = pa.Field(isin=["repaired", "removed", "excluded", "flagged"], description="What was done")
    field: str = pa.Field(nullable=True, description="Column altered: open, high, low, close, volume")
    raw_value: float = pa.Field(nullable=True, description="Value as delivered")
    clean_value: float = pa.Field(nullable=True, description="Value used instead; null when removed")
    detail: str = pa.Field(description="The figures behind the decision")
