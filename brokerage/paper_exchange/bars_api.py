"""Bars of days, weeks and months over HTTP: by symbol then session, in pages whose limit counts bars over all symbols."""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange import data_query, query
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.documents import bar_document
from brokerage.paper_exchange.refusal import bad_data_request
from brokerage.paper_exchange.sessions import NEW_YORK
from brokerage.paper_exchange.tape import Bar
from brokerage.paper_exchange.timeframes import LONGEST, joined, read_period

_MOST_BARS = 10_000
_ADJUSTMENTS = {"raw", "split", "dividend", "spin-off", "all"}
_IEX_SHARE = 0.025
"""Share of the consolidated volume that trades on IEX."""


class BarsApi:
    """Handlers over one book's tape and clock."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Paths served."""
        return [Route("/v2/stocks/bars", self.bars), Route("/v2/stocks/{symbol}/bars", self.bars_of_one)]

    async def bars(self, request: Request) -> Response:
        """GET /v2/stocks/bars: a symbol without bars is absent."""
        page = self._page(request, data_query.symbols(request, self._book))
        answer: dict[str, list[dict[str, Any]]] = {}
        for symbol, bar in page.pop("page"):
            answer.setdefault(symbol, []).append(bar)
        return JSONResponse({"bars": answer, **page})

    async def bars_of_one(self, request: Request) -> Response:
        """GET /v2/stocks/{symbol}/bars: no bars are null."""
        symbol = data_query.known(request.path_params["symbol"].upper(), self._book)
        page = self._page(request, [symbol])
        bars = [bar for _, bar in page.pop("page")] or None
        return JSONResponse({"bars": bars, "symbol": symbol, **page})

    def _page(self, request: Request, symbols: list[str]) -> dict[str, Any]:
        """Under ``page`` symbols and bars, and what else belongs into the answer."""
        _check_asof(request)
        limit = query.whole(request, "limit", 1000, _MOST_BARS, bad_data_request)
        start, end = data_query.interval(request, self._book.now)
        feed = data_query.feed(request, self._book, data_query.HISTORICAL_FEEDS, end)
        found = self._after(request, symbols, start, end)
        full = len(found) > limit
        last = found[:limit][-1] if full else None
        return {
            "page": [(symbol, _shown(bar, feed)) for symbol, bar in found[:limit]],
            "next_page_token": data_query.page_token(last[0], "D", str(last[1].session)) if last else None,
            **data_query.currency(request),
        }

    def _after(
        self, request: Request, symbols: list[str], start: dt.datetime, end: dt.datetime
    ) -> list[tuple[str, Bar]]:
        """Every bar of the interval that comes after the page token."""
        first, last = _sessions(start, end)
        adjustment, period = _adjustment(request), read_period(request.query_params.get("timeframe", ""))
        descending = data_query.is_descending(request)
        token = data_query.after_token(request)
        tape, now, found = self._book.tape, self._book.now, []
        for symbol in symbols:
            days = tape.bars(symbol, first, last + LONGEST, now, adjustment)
            bars = [bar for bar in joined(days, period) if first <= bar.session <= last]
            found += [(symbol, bar) for bar in (reversed(bars) if descending else bars)]
        if token is None:
            return found
        return [place for place in found if _beyond(place[0], place[1].session, token, descending=descending)]


def _check_asof(request: Request) -> None:
    """No symbol was ever renamed here, so that any date gives the same bars."""
    asof = request.query_params.get("asof", "-")
    if asof != "-":
        query.date(request, "asof", dt.date.min, bad_data_request)


def _adjustment(request: Request) -> str:
    adjustment = request.query_params.get("adjustment", "raw")
    if not set(adjustment.split(",")) <= _ADJUSTMENTS:
        raise bad_data_request(f"invalid adjustment: {adjustment}")
    return adjustment


def _sessions(start: dt.datetime, end: dt.datetime) -> tuple[dt.date, dt.date]:
    """The days whose New York midnight, with which daily bars are stamped, lies in the interval."""
    first = start.astimezone(NEW_YORK)
    into_the_day = first.time() > dt.time.min
    return first.date() + dt.timedelta(days=into_the_day), end.astimezone(NEW_YORK).date()


def _beyond(symbol: str, session: dt.date, token: list[str], *, descending: bool) -> bool:
    if symbol != token[0]:
        return symbol > token[0]
    return str(session) < token[2] if descending else str(session) > token[2]


def _shown(bar: Bar, feed: str) -> dict[str, Any]:
    thin = bar._replace(volume=float(round(bar.volume * _IEX_SHARE)))
    return bar_document(thin if feed == "iex" else bar)
