"""The newest of everything over HTTP: quotes, trades, minute bars and snapshots, of one symbol or many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange import data_query, documents
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.tape import Quote

Handler = Callable[[Request], Awaitable[Response]]

_LATEST = {
    "quotes": ("quote", documents.quote_document),
    "trades": ("trade", documents.trade_document),
    "bars": ("bar", documents.minute_document),
}
_TWO_SESSIONS = dt.timedelta(days=14)
"""Two sessions lie within so many days, whatever the holidays."""


class LatestApi:
    """Handlers over one book's tape and clock."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Paths served."""
        many = [Route(f"/v2/stocks/{name}/latest", self._many(name)) for name in _LATEST]
        one = [Route(f"/v2/stocks/{{symbol}}/{name}/latest", self._one(name)) for name in _LATEST]
        return [
            *many,
            Route("/v2/stocks/snapshots", self.snapshots),
            *one,
            Route("/v2/stocks/{symbol}/snapshot", self.snapshot),
        ]

    async def snapshots(self, request: Request) -> Response:
        """GET /v2/stocks/snapshots."""
        self._check(request)
        wanted = data_query.symbols(request, self._book)
        return JSONResponse({symbol: self._snapshot(symbol) for symbol in wanted})

    async def snapshot(self, request: Request) -> Response:
        """GET /v2/stocks/{symbol}/snapshot."""
        told = self._check(request)
        symbol = self._symbol(request)
        return JSONResponse({"symbol": symbol, **self._snapshot(symbol), **told})

    def _many(self, name: str) -> Handler:
        async def latest(request: Request) -> Response:
            told = self._check(request)
            quotes = {symbol: self._quote(symbol) for symbol in data_query.symbols(request, self._book)}
            document = _LATEST[name][1]
            return JSONResponse(
                {name: {symbol: document(quote) for symbol, quote in quotes.items() if quote}, **told}
            )

        return latest

    def _one(self, name: str) -> Handler:
        async def latest(request: Request) -> Response:
            told = self._check(request)
            symbol = self._symbol(request)
            quote, (member, document) = self._quote(symbol), _LATEST[name]
            if quote is None:
                raise data_query.nothing(symbol)
            return JSONResponse({"symbol": symbol, member: document(quote), **told})

        return latest

    def _check(self, request: Request) -> dict[str, str]:
        data_query.feed(request, self._book, data_query.LATEST_FEEDS, self._book.now)
        return data_query.currency(request)

    def _symbol(self, request: Request) -> str:
        return data_query.known(request.path_params["symbol"].upper(), self._book)

    def _quote(self, symbol: str) -> Quote | None:
        return self._book.tape.quote(symbol, self._book.now)

    def _snapshot(self, symbol: str) -> dict[str, Any]:
        now, quote = self._book.now, self._quote(symbol)
        newest = quote.at.date() if quote else now.date()
        days = self._book.tape.bars(symbol, newest - _TWO_SESSIONS, now.date(), now)[-2:]
        return {
            "latestTrade": documents.trade_document(quote) if quote else None,
            "latestQuote": documents.quote_document(quote) if quote else None,
            "minuteBar": documents.minute_document(quote) if quote else None,
            "dailyBar": documents.bar_document(days[-1]) if days else None,
            "prevDailyBar": documents.bar_document(days[-2]) if len(days) > 1 else None,
        }
