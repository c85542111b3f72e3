"""The order endpoints: submit, replace, cancel, list, look up."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from brokerage.paper_exchange import query
from brokerage.paper_exchange.assets import asset_ids
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.documents import order_document
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import invalid
from brokerage.paper_exchange.ticket import parse_json, parse_ticket


class OrdersApi:
    """Handlers over one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def endpoints(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Methods, paths and handlers."""
        return [
            ("POST", "/v2/orders", self.submit),
            ("GET", "/v2/orders", self.orders),
            ("DELETE", "/v2/orders", self.cancel_all),
            ("GET", "/v2/orders:by_client_order_id", self.order_by_client_id),
            ("GET", "/v2/orders/{id}", self.order),
            ("PATCH", "/v2/orders/{id}", self.replace),
            ("DELETE", "/v2/orders/{id}", self.cancel),
        ]

    async def submit(self, request: Request) -> Response:
        """POST /v2/orders: on disk first, answered as it stands before any fill."""
        ticket = parse_ticket(parse_json(await request.body()))
        return JSONResponse(self._document(self._book.submit(ticket, fate_of(request))))

    async def replace(self, request: Request) -> Response:
        """PATCH /v2/orders/{id}: the order that takes its place."""
        order_id, content = _order_id(request), parse_json(await request.body())
        return JSONResponse(self._document(self._book.replace(order_id, content, fate_of(request))))

    async def orders(self, request: Request) -> Response:
        """GET /v2/orders."""
        found = self._book.orders(query.choice(request, "status", ("open", "closed", "all"), invalid))
        limit = query.whole(request, "limit", 50, 500, invalid)
        query.flag(request, "nested", invalid)
        if query.choice(request, "direction", ("desc", "asc"), invalid) == "desc":
            found.reverse()
        wanted = self._filter(request)
        ids = asset_ids(self._book)
        shown = [order for order in found if wanted(order)][:limit]
        return JSONResponse([order_document(order, ids[order.symbol]) for order in shown])

    async def order(self, request: Request) -> Response:
        """GET /v2/orders/{id}."""
        query.flag(request, "nested", invalid)
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
        return Response(status_code=204)

    async def cancel_all(self, _: Request) -> Response:
        """DELETE /v2/orders."""
        orders = self._book.cancel_all()
        return JSONResponse([{"id": order.id, "status": 200} for order in orders], status_code=207)

    def _document(self, order: Order) -> dict[str, Any]:
        return order_document(order, asset_ids(self._book)[order.symbol])

    def _filter(self, request: Request) -> Callable[[Order], bool]:
        after, until = query.moment(request, "after", invalid), query.moment(request, "until", invalid)
        first, last = self._seq(request, "after_order_id"), self._seq(request, "before_order_id")
        if first is not None and last is not None:
            raise invalid("only one of before_order_id and after_order_id is accepted")
        if (first is not None or last is not None) and (after or until):
            raise invalid("before_order_id and after_order_id cannot be combined with after and until")
        classes = request.query_params.get("asset_class", "us_equity").split(",")
        symbols, side = query.symbols(request), query.choice(request, "side", ("", "buy", "sell"), invalid)
        return lambda order: (
            (not symbols or order.symbol in symbols)
            and side in ("", order.side)
            and not {"us_equity", "all"}.isdisjoint(classes)
            and (after is None or order.created_at > after)
            and (until is None or order.created_at < until)
            and (first is None or order.seq > first)
            and (last is None or order.seq < last)
        )

    def _seq(self, request: Request, name: str) -> int | None:
        order_id = request.query_params.get(name)
        return None if order_id is None else self._book.order(order_id).seq


def fate_of(request: Request) -> str:
    """What the fault switchboard has in store for the order of this request."""
    return str(getattr(request.state, "fate", ""))


def _order_id(request: Request) -> str:
    try:
        return str(uuid.UUID(request.path_params["id"]))
    except ValueError as error:
        raise invalid("order_id is missing") from error
