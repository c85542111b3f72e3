"""The market data endpoints, all over one book's tape and clock."""

from __future__ import annotations

from starlette.routing import Route

from brokerage.paper_exchange.actions_api import ActionsApi
from brokerage.paper_exchange.bars_api import BarsApi
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.latest_api import LatestApi


def market_data_routes(book: Book) -> list[Route]:
    """Paths served: bars, the newest of everything, corporate actions."""
    return [*LatestApi(book).routes(), *BarsApi(book).routes(), *ActionsApi(book).routes()]
