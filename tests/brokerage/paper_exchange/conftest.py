"""Books in this process, without HTTP: three symbols, two months, no spread unless asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.prices import BUNDLED, read_prices
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings


@pytest.fixture(scope="session")
def bars(tmp_path_factory) -> Path:
    """SPY, TLT and EEM from May to July 2015 as CSV: small, so that a book opens at once."""
    file = tmp_path_factory.mktemp("bars") / "bars.csv"
    rows = [
        f"{price.symbol},{price.session},{price.close!r}\n"
        for price in read_prices(BUNDLED)
        if price.symbol in ("SPY", "TLT", "EEM") and "2015-05" <= str(price.session) < "2015-08"
    ]
    file.write_text("symbol,session,close\n" + "".join(rows))
    return file


@pytest.fixture
def book(tmp_path, bars) -> Iterator[Book]:
    """A new book: 2015-06-01 10:00 New York, 100,000 USD."""
    settings = ExchangeSettings(start=dt.date(2015, 6, 1))
    book = open_book(tmp_path / "exchange.sqlite", settings, bars)
    yield book
    book.store.close()


@pytest.fixture
def send(book) -> Callable[..., Order]:
    """Send a market DAY buy of SPY, but for what is said; returns the order as it was answered."""

    def send(fate: str = "", **members: Any) -> Order:
        request = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"} | members
        order = book.submit(parse_ticket(request), fate)
        book.settle()
        return order

    return send
