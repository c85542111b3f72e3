"""The endpoints that are the same for every account: clock, calendar, assets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from brokerage.paper_exchange import documents, query
from brokerage.paper_exchange.assets import find_asset
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.markets import calendar_day, market_clock, read_market
from brokerage.paper_exchange.refusal import Refusal, bad_data_request, invalid, not_found
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions

_WEEK = dt.timedelta(days=7)


class ReferenceApi:
    """Handlers over one book's clock and assets."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def endpoints(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Methods, paths and handlers."""
        return [
            ("GET", "/v2/clock", self.clock),
            ("GET", "/v2/calendar", self.calendar),
            ("GET", "/v3/clock", self.market_clocks),
            ("GET", "/v3/calendar/{market}", self.market_calendar),
            ("GET", "/v2/assets", self.assets),
            ("GET", "/v2/assets/{name}", self.asset),
        ]

    async def clock(self, _: Request) -> Response:
        """GET /v2/clock."""
        return JSONResponse(documents.clock_document(self._book.sessions, self._book.now))

    async def calendar(self, request: Request) -> Response:
        """GET /v2/calendar; with ``date_type=SETTLEMENT`` the dates asked for are settlement dates."""
        sessions = self._book.sessions
        start, end = _dates(request, sessions, sessions.days[0], sessions.days[-2], invalid)
        if query.choice(request, "date_type", ("TRADING", "SETTLEMENT"), invalid) == "SETTLEMENT":
            days = [sessions.preceding(day) for day in sessions.between(max(start, sessions.days[1]), end)]
        else:
            days = sessions.between(start, end)
        return JSONResponse([documents.calendar_document(sessions, day) for day in days])

    async def market_clocks(self, request: Request) -> Response:
        """GET /v3/clock: the phase of each market asked for."""
        names = request.query_params.get("markets", "NYSE,NASDAQ").split(",")
        when = query.moment(request, "time", bad_data_request) or self._book.now
        markets = [read_market(name) for name in names]
        return JSONResponse({"clocks": [market_clock(one, self._book.sessions, when) for one in markets]})

    async def market_calendar(self, request: Request) -> Response:
        """GET /v3/calendar/{market}: the coming week unless asked otherwise."""
        market, sessions = read_market(request.path_params["market"]), self._book.sessions
        zone = dt.UTC if query.choice(request, "timezone", ("", "UTC"), bad_data_request) else NEW_YORK
        today = self._book.now.astimezone(NEW_YORK).date()
        first = query.date(request, "start", today, bad_data_request)
        start, end = _dates(request, sessions, first, min(first, sessions.days[-9]) + _WEEK, bad_data_request)
        days = [calendar_day(sessions, day, zone) for day in sessions.between(start, end)]
        return JSONResponse({"market": market, "calendar": days})

    async def assets(self, request: Request) -> Response:
        """GET /v2/assets."""
        wanted = request.query_params
        rows = self._book.store.rows("SELECT * FROM asset ORDER BY symbol")
        found = [self._document(row) for row in rows]
        for parameter, field in (("status", "status"), ("asset_class", "class"), ("exchange", "exchange")):
            if wanted.get(parameter):
                found = [asset for asset in found if asset[field] == wanted[parameter]]
        if wanted.get("attributes"):
            attributes = set(wanted["attributes"].split(","))
            found = [asset for asset in found if not attributes.isdisjoint(asset["attributes"])]
        return JSONResponse(found)

    async def asset(self, request: Request) -> Response:
        """GET /v2/assets/{symbol_or_id}."""
        name = request.path_params["name"]
        row = find_asset(self._book, name)
        if row is None:
            raise not_found(f"asset not found for {name}")
        return JSONResponse(self._document(row))

    def _document(self, row: Any) -> dict[str, Any]:
        listed = self._book.tape.listed(row["symbol"], self._book.now)
        return documents.asset_document(row, listed=listed)


def _dates(
    request: Request, sessions: Sessions, first: dt.date, last: dt.date, refuse: Callable[[str], Refusal]
) -> tuple[dt.date, dt.date]:
    start, end = query.date(request, "start", first, refuse), query.date(request, "end", last, refuse)
    # the last session of the table has no settlement date
    return start, min(end, sessions.days[-2])
