"""Daily bars and latest prices through alpaca-py's StockHistoricalDataClient: all of it, or an error."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.requests import StockBarsRequest, StockSnapshotRequest
from alpaca.data.timeframe import TimeFrame
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from brokerage.calendar import NEW_YORK
from brokerage.collar import Quote
from brokerage.data_calls import lacks_plan, read, read_pages
from brokerage.endpoint import Endpoint
from brokerage.failures import CallFailed
from brokerage.transport import LOG, harden, once
from schemas.settings import BrokerSettings, LimitSettings

PAGE_SIZE = 10_000
DEFAULTS = BrokerSettings()

_PRICES = ("open", "high", "low", "close", "volume")

Feed = Literal["iex", "sip"]
AdjustmentName = Literal["raw", "split", "dividend", "all"]


def daily_bars(
    endpoint: Endpoint,
    symbols: Sequence[str],
    start: dt.date,
    end: dt.date,
    *,
    feed: Feed,
    adjustment: AdjustmentName,
    settings: BrokerSettings = DEFAULTS,
) -> pd.DataFrame:
    """Daily bars of the sessions from ``start`` to ``end``, both included, sorted by symbol and session.

    While the exchange is open the bar of the current session is partial: end at the session before.

    Returns:
        Columns symbol, session (New York trading date), open, high, low, close (USD) and volume (shares).
        A symbol without bars is absent; prices the broker left out are NaN. Values are as delivered.

    Raises:
        DataError: If the broker does not know a symbol; it is named.
        ConfigError: If the plan of the keys does not include the feed, or the keys are wrong.
        TemporaryError: If any page stayed unavailable; no partial frame is ever returned.
    """
    request = StockBarsRequest(
        symbol_or_symbols=sorted(symbols),
        timeframe=TimeFrame.Day,
        start=dt.datetime.combine(start, dt.time(), NEW_YORK),
        end=dt.datetime.combine(end, dt.time(), NEW_YORK),
        limit=PAGE_SIZE,
        adjustment=Adjustment(adjustment),
        feed=DataFeed(feed),
    )
    client = data_client(endpoint, settings)

    def ask(fields: Mapping[str, Any]) -> _Page:
        return _Page.model_validate(client.get("/stocks/bars", dict(fields)))

    rows = [
        (symbol, bar.t.astimezone(NEW_YORK).date(), bar.o, bar.h, bar.low, bar.c, bar.v)
        for page in read_pages(ask, request.to_request_fields(), settings)
        for symbol, bars in page.bars.items()
        for bar in bars
    ]
    return _frame(rows)


def latest_prices(
    endpoint: Endpoint,
    symbols: Sequence[str],
    *,
    feed: Feed,
    settings: BrokerSettings = DEFAULTS,
    max_spread_bps: float = LimitSettings().max_spread_bps,
) -> dict[str, Decimal]:
    """The best price to size a trade on now, by symbol; a symbol without any is absent.

    The middle of the latest quote where that quote is sane (two sides, not crossed, at most
    ``max_spread_bps`` of its middle wide, for a wide one says nothing about value: IEX is thin), else the
    latest trade, else the last close. Where the keys' plan has no recent consolidated prices those of IEX
    serve, and the run's log says so.

    Raises:
        DataError: If the broker does not know a symbol; it is named.
        ConfigError: If the keys are wrong.
        TemporaryError: If the prices stayed unavailable.
    """
    widest = Decimal(str(max_spread_bps)) / 10_000
    prices = {
        symbol: snapshot.price(widest)
        for symbol, snapshot in _snapshots(endpoint, symbols, feed, settings).items()
    }
    return {symbol: price for symbol, price in prices.items() if price is not None}


def latest_quotes(
    endpoint: Endpoint,
    symbols: Sequence[str],
    *,
    feed: Feed,
    settings: BrokerSettings = DEFAULTS,
    max_spread_bps: float = LimitSettings().max_spread_bps,
) -> dict[str, Quote]:
    """Both sides of the market now, by symbol; a symbol without a sane quote is absent.

    Raises what ``latest_prices`` raises.
    """
    widest = Decimal(str(max_spread_bps)) / 10_000
    quotes = {
        symbol: snapshot.quote for symbol, snapshot in _snapshots(endpoint, symbols, feed, settings).items()
    }
    return {
        symbol: Quote(quote.bp, quote.ap) for symbol, quote in quotes.items() if quote and quote.mid(widest)
    }


def data_client(endpoint: Endpoint, settings: BrokerSettings) -> StockHistoricalDataClient:
    """The hardened client of the market data service; it gives raw answers."""
    client = StockHistoricalDataClient(
        api_key=endpoint.key_id.get_secret_value(),
        secret_key=endpoint.secret_key.get_secret_value(),
        raw_data=True,
        url_override=endpoint.data_url,
    )
    return harden(client, settings)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Bar(_Answer):
    t: AwareDatetime
    o: float | None = None
    h: float | None = None
    low: float | None = Field(default=None, alias="l")
    c: float | None = None
    v: float | None = None


class _Page(_Answer):
    bars: Annotated[dict[str, list[_Bar]], BeforeValidator(lambda bars: bars or {})]
    next_page_token: str | None = None


class _Quote(_Answer):
    bp: Decimal = Decimal(0)
    ap: Decimal = Decimal(0)

    def mid(self, widest: Decimal) -> Decimal | None:
        """Middle of bid and ask; none for a one-sided or crossed quote, or one wider than ``widest`` of it."""
        middle = (self.bp + self.ap) / 2
        sane = 0 < self.bp <= self.ap and self.ap - self.bp <= widest * middle
        return middle if sane else None


class _Trade(_Answer):
    p: Decimal


class _Close(_Answer):
    c: Decimal


class _Snapshot(_Answer):
    quote: _Quote | None = Field(default=None, alias="latestQuote")
    trade: _Trade | None = Field(default=None, alias="latestTrade")
    today: _Close | None = Field(default=None, alias="dailyBar")
    previous: _Close | None = Field(default=None, alias="prevDailyBar")

    def price(self, widest: Decimal) -> Decimal | None:
        """The first usable of mid quote, trade, and last close."""
        candidates = (
            self.quote and self.quote.mid(widest),
            self.trade and self.trade.p,
            self.today and self.today.c,
            self.previous and self.previous.c,
        )
        return next((price for price in candidates if price), None)


_SNAPSHOTS = TypeAdapter(dict[str, _Snapshot | None])


def _snapshots(
    endpoint: Endpoint, symbols: Sequence[str], feed: Feed, settings: BrokerSettings
) -> dict[str, _Snapshot]:
    client = data_client(endpoint, settings)

    def ask(source: Feed) -> dict[str, _Snapshot | None]:
        request = StockSnapshotRequest(symbol_or_symbols=sorted(symbols), feed=DataFeed(source))
        return _SNAPSHOTS.validate_python(client.get("/stocks/snapshots", request.to_request_fields()))

    def ask_what_the_plan_includes() -> dict[str, _Snapshot | None]:
        try:
            return once(lambda: ask(feed))
        except CallFailed as failure:
            if feed == "iex" or not lacks_plan(failure):
                raise
        LOG.warning(
            "prices are of IEX alone: the keys' plan has no consolidated prices of the last 15 minutes"
        )
        return ask("iex")

    found = read(ask_what_the_plan_includes, settings)
    return {symbol: snapshot for symbol, snapshot in found.items() if snapshot is not None}


def _frame(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["symbol", "session", *_PRICES])
    frame = frame.astype(dict.fromkeys(_PRICES, "float64")).astype({"symbol": "str"})
    frame["session"] = frame["session"].astype(pd.ArrowDtype(pa.date32()))
    return frame.sort_values(["symbol", "session"], ignore_index=True)
