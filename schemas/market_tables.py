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


class PricePulls(Artifact):
    """Every pull of the day's bars, one row each; written last, and what makes its checks visible."""

    session: Session = pa.Field(description="Last completed session when it was asked")
    venue: str = pa.Field(description="Who was asked: loopback or paper")
    asked_at: Instant = pa.Field(description="Exchange clock, UTC")
    committed_at: Instant = pa.Field(description="Host clock when it became visible, UTC")
    symbols: int = pa.Field(ge=0, description="Assets of the configured universes that the venue trades")
    learnt: int = pa.Field(ge=0, description="Bars that were new or revised")
    verdict: str = pa.Field(isin=["sound", "in doubt"], description="in doubt: a rebalance may be refused")


class PriceChecks(Artifact):
    """What was found of each asset when the day's bars had been pulled."""

    symbol: str = pa.Field(unique=True, description="Ticker")
    universes: str = pa.Field(description="Configured universes that hold it, comma separated")
    finding: str = pa.Field(
        isin=["sound", "stale", "missing", "unusable", "not traded"],
        description="stale: lacks the last session; missing: no bars at all; unusable: cleaning leaves it out; "
        "not traded: the venue does not trade it, so nothing was asked",
    )
    newest: Session = pa.Field(nullable=True, description="Session of its newest bar")
    sessions: int = pa.Field(ge=0, description="Bars in the window that was looked at")
    altered: int = pa.Field(ge=0, description="Cells that cleaning would alter or remove")
    detail: str = pa.Field(description="Why it is in doubt; empty when it is not")
