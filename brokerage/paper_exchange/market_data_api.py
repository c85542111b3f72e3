"""The market data endpoints: daily bars with paging, latest quotes, trades and snapshots."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange import documents, query
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.refusal import bad_data_request
from brokerage.paper_exchange.sessions import NEW_YORK
from brokerage.paper_exchange.tape import Bar, Quote

_MOST_BARS = 10_000
_ADJUSTMENTS = {"raw", "split", "dividend", "spin-off", "all"}
_FEEDS = ("sip", "iex", "boats", "otc", "delayed_sip", "overnight")


class MarketDataApi:
    """Handlers over one book's tape and clock.

    The bundled prices carry no corporate actions, so every ``adjustment`` gives the same bars; every
    ``feed`` does too.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Paths served."""
        return [
            Route("/v2/stocks/bars", self.bars),
            Route("/v2/stocks/quotes/latest", self._latest("quotes", documents.quote_document)),
            Route("/v2/stocks/trades/latest", self._latest("trades", documents.trade_document)),
            Route("/v2/stocks/bars/latest", self._latest("bars", documents.minute_document)),
            Route("/v2/stocks/snapshots", self.snapshots),
            Route("/v2/stocks/{symbol}/bars", self.bars_of_one),
        ]

    async def bars(self, request: Request) -> Response:
        """GET /v2/stocks/bars: the limit counts bars over all symbols."""
        page, token = self._page(request, self._symbols(request))
        answer: dict[str, list[dict[str, Any]]] = {}
        for symbol, bar in page:
            answer.setdefault(symbol, []).append(documents.bar_document(bar))
        return JSONResponse({"bars": answer, "next_page_token": token})

    async def bars_of_one(self, request: Request) -> Response:
        """GET /v2/stocks/{symbol}/bars."""
        symbol = self._known(request.path_params["symbol"].upper())
        page, token = self._page(request, [symbol])
        bars = [documents.bar_document(bar) for _, bar in page] or None
        return JSONResponse({"bars": bars, "symbol": symbol, "next_page_token": token})

    async def snapshots(self, request: Request) -> Response:
        """GET /v2/stocks/snapshots."""
        now, answer = self._book.now, {}
        for symbol in self._symbols(request):
            quote = self._book.tape.quote(symbol, now)
            first, last = self._book.tape.span()
            days = self._book.tape.bars(symbol, first, last, now)[-2:]
            latest = days[-1] if days else None
            answer[symbol] = {
                "latestTrade": documents.trade_document(quote) if quote else None,
                "latestQuote": documents.quote_document(quote) if quote else None,
                "minuteBar": documents.minute_document(quote) if quote else None,
                "dailyBar": documents.bar_document(latest) if latest else None,
                "prevDailyBar": documents.bar_document(days[0]) if len(days) > 1 else None,
            }
        return JSONResponse(answer)

    def _latest(self, name: str, document: Callable[[Quote], dict[str, Any]]) -> Callable[..., Any]:
        async def latest(request: Request) -> Response:
            query.choice(request, "feed", _FEEDS, bad_data_request)
            quotes = {
                symbol: self._book.tape.quote(symbol, self._book.now) for symbol in self._symbols(request)
            }
            return JSONResponse({name: {symbol: document(q) for symbol, q in quotes.items() if q}})

        return latest

    def _symbols(self, request: Request) -> list[str]:
        wanted = query.symbols(request)
        if not wanted:
            raise bad_data_request("symbols is required")
        return sorted(self._known(symbol) for symbol in wanted)

    def _known(self, symbol: str) -> str:
        if symbol not in self._book.tape.symbols:
            raise bad_data_request(f"invalid symbol: {symbol}")
        return symbol

    def _page(self, request: Request, symbols: list[str]) -> tuple[list[tuple[str, Bar]], str | None]:
        """The bars after the page token, at most ``limit`` of them, and the token of the next page."""
        _check_parameters(request)
        limit = query.whole(request, "limit", 1000, _MOST_BARS, bad_data_request)
        descending = query.choice(request, "sort", ("asc", "desc"), bad_data_request) == "desc"
        start, end = self._range(request)
        after = _decode(request.query_params.get("page_token"))
        page: list[tuple[str, Bar]] = []
        for symbol in symbols:
            if after and symbol < after[0]:
                continue
            bars = self._book.tape.bars(symbol, start, end, self._book.now)
            for bar in reversed(bars) if descending else bars:
                if after and symbol == after[0] and not _beyond(bar.session, after[1], descending=descending):
                    continue
                if len(page) == limit:
                    return page, _encode(page[-1])
                page.append((symbol, bar))
        return page, None

    def _range(self, request: Request) -> tuple[dt.date, dt.date]:
        """Sessions whose New York midnight lies in the interval asked for; from today on by default."""
        now = self._book.now
        midnight = now.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
        start = query.moment(request, "start", bad_data_request) or midnight
        end = query.moment(request, "end", bad_data_request, end_of_day=True) or now
        if end < start:
            raise bad_data_request("end should not be before start")
        first = start.astimezone(NEW_YORK)
        into_the_day = first.time() > dt.time.min
        return first.date() + dt.timedelta(days=into_the_day), end.astimezone(NEW_YORK).date()


def _check_parameters(request: Request) -> None:
    timeframe = request.query_params.get("timeframe", "")
    if timeframe not in ("1Day", "1D"):
        raise bad_data_request(f"invalid timeframe: {timeframe} (the loopback exchange has daily bars)")
    adjustment = request.query_params.get("adjustment", "raw")
    if not set(adjustment.split(",")) <= _ADJUSTMENTS:
        raise bad_data_request(f"invalid adjustment: {adjustment}")
    query.choice(request, "feed", _FEEDS, bad_data_request)


def _beyond(session: dt.date, last: dt.date, *, descending: bool) -> bool:
    return session < last if descending else session > last


def _encode(position: tuple[str, Bar]) -> str:
    symbol, bar = position
    return base64.urlsafe_b64encode(f"{symbol}|D|{bar.session}".encode()).decode()


def _decode(token: str | None) -> tuple[str, dt.date] | None:
    if token is None:
        return None
    try:
        symbol, _, session = base64.urlsafe_b64decode(token).decode().split("|")
        return symbol, dt.date.fromisoformat(session)
    except ValueError as error:
        raise bad_data_request("invalid page_token") from error
