"""The position endpoints: list, look up, close one or all."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from brokerage.paper_exchange import query
from brokerage.paper_exchange.account import Holding
from brokerage.paper_exchange.assets import find_asset, is_quoted
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.documents import order_document, position_document
from brokerage.paper_exchange.orders_api import fate_of
from brokerage.paper_exchange.refusal import Refusal, invalid, not_found
from brokerage.paper_exchange.ticket import Ticket, check_values, number

_PERCENT = 100


class PositionsApi:
    """Handlers over one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def endpoints(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Methods, paths and handlers."""
        return [
            ("GET", "/v2/positions", self.positions),
            ("DELETE", "/v2/positions", self.close_all),
            ("GET", "/v2/positions/{name}", self.position),
            ("DELETE", "/v2/positions/{name}", self.close),
        ]

    async def positions(self, _: Request) -> Response:
        """GET /v2/positions."""
        return JSONResponse([self._document(holding) for holding in self._book.account().holdings])

    async def position(self, request: Request) -> Response:
        """GET /v2/positions/{symbol_or_id}."""
        return JSONResponse(self._document(self._holding(request.path_params["name"])))

    async def close(self, request: Request) -> Response:
        """DELETE /v2/positions/{symbol_or_id}: the order that closes all of it, or the part asked for."""
        holding = self._holding(request.path_params["name"])
        return JSONResponse(self._close(holding, _part(holding, request), fate_of(request)))

    async def close_all(self, request: Request) -> Response:
        """DELETE /v2/positions: one order, or one refusal, for each position."""
        if query.flag(request, "cancel_orders", invalid):
            self._book.cancel_all()
            self._book.settle()
        answers = []
        for holding in self._book.account().holdings:
            try:
                status, body = 200, self._close(holding, abs(holding.qty), fate_of(request))
            except Refusal as refusal:
                status, body = refusal.status, refusal.body
            answers.append({"symbol": holding.symbol, "status": status, "body": body})
        return JSONResponse(answers, status_code=207)

    def _close(self, holding: Holding, qty: Decimal, fate: str) -> dict[str, Any]:
        side = "sell" if holding.qty > 0 else "buy"
        ticket = Ticket(holding.symbol, side, "market", "day", qty)
        check_values(ticket)
        return order_document(self._book.submit(ticket, fate), self._asset(holding.symbol)["id"])

    def _document(self, holding: Holding) -> dict[str, Any]:
        asset = self._asset(holding.symbol)
        return position_document(holding, asset["id"], quoted=is_quoted(self._book, asset))

    def _holding(self, name: str) -> Holding:
        holding = self._book.account().holding(self._asset(name)["symbol"])
        if holding is None:
            raise not_found("position does not exist")
        return holding

    def _asset(self, name: str) -> sqlite3.Row:
        asset = find_asset(self._book, name)
        if asset is None:
            raise not_found(f"symbol not found: {name}")
        return asset


def _part(holding: Holding, request: Request) -> Decimal:
    asked = dict(request.query_params)
    qty, percentage = number(asked, "qty"), number(asked, "percentage")
    if qty is not None and percentage is not None:
        raise invalid("only one of qty or percentage is accepted")
    if percentage is None:
        return abs(holding.qty) if qty is None else qty
    if not 0 < percentage <= _PERCENT:
        raise invalid("percentage must be between 0 and 100")
    # a part of whole shares is whole shares again
    unit = Decimal(1) if holding.qty % 1 == 0 else Decimal("1e-9")
    return (abs(holding.qty) * percentage / _PERCENT).quantize(unit, "ROUND_DOWN")
