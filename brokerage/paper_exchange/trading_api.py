"""The trading endpoints: every request is answered with the book as it stands, then the book settles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brokerage.paper_exchange.account_api import AccountApi
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.orders_api import OrdersApi
from brokerage.paper_exchange.positions_api import PositionsApi
from brokerage.paper_exchange.reference_api import ReferenceApi

Handler = Callable[[Request], Awaitable[Response]]


class TradingApi:
    """Handlers over one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Paths and methods served."""
        book = self._book
        apis = (AccountApi(book), OrdersApi(book), PositionsApi(book), ReferenceApi(book))
        return [
            Route(path, self._settled(handler), methods=[method])
            for api in apis
            for method, path, handler in api.endpoints()
        ]

    def _settled(self, handler: Handler) -> Handler:
        """The handler, with time passing after it: fills follow the answer, as they do at Alpaca."""

        async def served(request: Request) -> Response:
            answer = await handler(request)
            self._book.settle()
            return answer

        return served
