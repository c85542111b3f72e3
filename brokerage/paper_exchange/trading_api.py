"""The trading endpoints: account, clock, calendar, assets, positions, orders, activities."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange import documents, query
from brokerage.paper_exchange.account import read_configuration, read_flags
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import invalid, not_found
from brokerage.paper_exchange.sessions import NEW_YORK
from brokerage.paper_exchange.ticket import parse_json, parse_ticket

_CONFIGURABLE: dict[str, type | tuple[str, ...]] = {
    "suspend_trade": bool,
    "no_shorting": bool,
    "fractional_trading": bool,
    "ptp_no_exception_entry": bool,
    "disable_overnight_trading": bool,
    "max_margin_multiplier": ("1", "2", "4"),
    "trade_confirm_email": ("all", "none"),
}
_IGNORED = ("max_options_trading_level", "dtbp_check", "pdt_check")


class TradingApi:
    """Handlers over one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Paths and methods served."""
        return [
            Route("/v2/account", self.account),
            Route("/v2/account/configurations", self.configurations, methods=["GET", "PATCH"]),
            Route("/v2/account/activities", self.activities),
            Route("/v2/account/activities/{kind}", self.activities),
            Route("/v2/clock", self.clock),
            Route("/v2/calendar", self.calendar),
            Route("/v2/assets", self.assets),
            Route("/v2/assets/{name}", self.asset),
            Route("/v2/positions", self.positions),
            Route("/v2/positions/{name}", self.position),
            Route("/v2/orders", self.submit, methods=["POST"]),
            Route("/v2/orders", self.cancel_all, methods=["DELETE"]),
            Route("/v2/orders", self.orders),
            Route("/v2/orders:by_client_order_id", self.order_by_client_id),
            Route("/v2/orders/{id}", self.cancel, methods=["DELETE"]),
            Route("/v2/orders/{id}", self.order),
        ]

    async def account(self, _: Request) -> Response:
        """GET /v2/account."""
        store = self._book.store
        facts = {row["key"]: row["value"] for row in store.rows("SELECT key, value FROM meta")}
        opened = dt.datetime.fromisoformat(facts["opened_at"])
        configuration = read_configuration(store.book)
        document = documents.account_document(self._book.account(), configuration, opened, facts["seed"])
        return JSONResponse(document | read_flags(store.book))

    async def configurations(self, request: Request) -> Response:
        """GET and PATCH /v2/account/configurations; nulls change nothing."""
        if request.method == "GET":
            return JSONResponse(read_configuration(self._book.store.book))
        wanted = parse_json(await request.body())
        changes = {name: value for name, value in wanted.items() if value is not None}
        for name in _IGNORED:
            changes.pop(name, None)
        for name, value in changes.items():
            legal = _CONFIGURABLE.get(name)
            if legal is None:
                raise invalid(f"unknown configuration {name}")
            if not (isinstance(value, legal) if isinstance(legal, type) else value in legal):
                raise invalid(f"invalid {name}")
        if changes.get("no_shorting") is False:
            raise invalid("short selling is not supported by the loopback exchange")
        return JSONResponse(self._book.configure(changes))

    async def activities(self, request: Request) -> Response:
        """GET /v2/account/activities[/{kind}]: fills are all that ever happens here."""
        kinds = request.path_params.get("kind") or request.query_params.get("activity_types") or "FILL"
        fills = self._book.store.rows("SELECT * FROM fill ORDER BY seq") if "FILL" in kinds.split(",") else []
        ascending = query.choice(request, "direction", ("desc", "asc"), invalid) == "asc"
        size = query.whole(request, "page_size", 100, 100, invalid)
        after, until = query.moment(request, "after", invalid), query.moment(request, "until", invalid)
        day = request.query_params.get("date")
        rows = [
            documents.fill_document(fill)
            for fill in (fills if ascending else reversed(fills))
            if _happened(fill, after, until, day)
        ]
        token = request.query_params.get("page_token")
        start = next((i + 1 for i, row in enumerate(rows) if row["id"] == token), 0)
        return JSONResponse(rows[start : start + size])

    async def clock(self, _: Request) -> Response:
        """GET /v2/clock."""
        return JSONResponse(documents.clock_document(self._book.sessions, self._book.now))

    async def calendar(self, request: Request) -> Response:
        """GET /v2/calendar."""
        sessions = self._book.sessions
        start = query.date(request, "start", sessions.days[0], invalid)
        end = query.date(request, "end", sessions.days[-2], invalid)
        days = sessions.between(start, min(end, sessions.days[-2]))
        return JSONResponse([documents.calendar_document(sessions, day) for day in days])

    async def assets(self, request: Request) -> Response:
        """GET /v2/assets."""
        wanted = request.query_params
        rows = self._book.store.rows("SELECT * FROM asset ORDER BY symbol")
        found = [self._asset_document(row) for row in rows]
        for parameter, field in (("status", "status"), ("asset_class", "class"), ("exchange", "exchange")):
            if parameter in wanted:
                found = [asset for asset in found if asset[field] == wanted[parameter]]
        return JSONResponse(found)

    async def asset(self, request: Request) -> Response:
        """GET /v2/assets/{symbol_or_id}."""
        name = request.path_params["name"]
        row = self._asset_row(name)
        if row is None:
            raise not_found(f"asset not found for {name}")
        return JSONResponse(self._asset_document(row))

    async def positions(self, _: Request) -> Response:
        """GET /v2/positions."""
        ids = self._asset_ids()
        holdings = self._book.account().holdings
        return JSONResponse(
            [documents.position_document(holding, ids[holding.symbol]) for holding in holdings]
        )

    async def position(self, request: Request) -> Response:
        """GET /v2/positions/{symbol_or_id}."""
        name = request.path_params["name"]
        row = self._asset_row(name)
        if row is None:
            raise not_found(f"symbol not found: {name}")
        holding = self._book.account().holding(row["symbol"])
        if holding is None:
            raise not_found("position does not exist")
        return JSONResponse(documents.position_document(holding, row["id"]))

    async def submit(self, request: Request) -> Response:
        """POST /v2/orders: on disk first, filled next, answered as it stood before the fill."""
        ticket = parse_ticket(parse_json(await request.body()))
        order = self._book.submit(ticket, fate=getattr(request.state, "fate", ""))
        self._book.settle()
        return JSONResponse(self._document(order))

    async def orders(self, request: Request) -> Response:
        """GET /v2/orders."""
        found = self._book.orders(query.choice(request, "status", ("open", "closed", "all"), invalid))
        limit = query.whole(request, "limit", 50, 500, invalid)
        after, until = query.moment(request, "after", invalid), query.moment(request, "until", invalid)
        wanted, side = query.symbols(request), request.query_params.get("side")
        if query.choice(request, "direction", ("desc", "asc"), invalid) == "desc":
            found.reverse()
        found = [
            order
            for order in found
            if (not wanted or order.symbol in wanted)
            and side in (None, order.side)
            and (after is None or order.created_at > after)
            and (until is None or order.created_at < until)
        ]
        ids = self._asset_ids()
        return JSONResponse([documents.order_document(order, ids[order.symbol]) for order in found[:limit]])

    async def order(self, request: Request) -> Response:
        """GET /v2/orders/{id}."""
        return JSONResponse(self._document(self._book.order(_order_id(request))))

    async def order_by_client_id(self, request: Request) -> Response:
        """GET /v2/orders:by_client_order_id."""
        client_id = request.query_params.get("client_order_id")
        if not client_id:
            raise invalid("client_order_id is missing")
        return JSONResponse(self._document(self._book.order(client_id, "client_order_id")))

    async def cancel(self, request: Request) -> Response:
        """DELETE /v2/orders/{id}: 204 says the request was taken, not that the order is cancelled."""
        self._book.cancel(_order_id(request))
        self._book.settle()
        return Response(status_code=204)

    async def cancel_all(self, _: Request) -> Response:
        """DELETE /v2/orders."""
        orders = self._book.cancel_all()
        self._book.settle()
        return JSONResponse([{"id": order.id, "status": 200} for order in orders], status_code=207)

    def _document(self, order: Order) -> dict[str, Any]:
        return documents.order_document(order, self._asset_ids()[order.symbol])

    def _asset_document(self, row: sqlite3.Row) -> dict[str, Any]:
        return documents.asset_document(row, listed=self._book.tape.listed(row["symbol"], self._book.now))

    def _asset_ids(self) -> dict[str, str]:
        return {row["symbol"]: row["id"] for row in self._book.store.rows("SELECT symbol, id FROM asset")}

    def _asset_row(self, name: str) -> sqlite3.Row | None:
        rows = self._book.store.rows("SELECT * FROM asset WHERE symbol = ? OR id = ?", name.upper(), name)
        return rows[0] if rows else None


def _order_id(request: Request) -> str:
    try:
        return str(uuid.UUID(request.path_params["id"]))
    except ValueError as error:
        raise invalid("order_id is missing") from error


def _happened(
    fill: sqlite3.Row, after: dt.datetime | None, until: dt.datetime | None, day: str | None
) -> bool:
    when = dt.datetime.fromisoformat(fill["at"])
    return (
        (after is None or when > after)
        and (until is None or when <= until)
        and (day is None or when.astimezone(NEW_YORK).date().isoformat() == day)
    )
