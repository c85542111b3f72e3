"""What every market data endpoint asks of its parameters: symbols, feed, plan, currency, dates, pages."""

from __future__ import annotations

import base64
import datetime as dt
from http import HTTPStatus

from starlette.requests import Request

from brokerage.paper_exchange import query
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.options import read_options
from brokerage.paper_exchange.refusal import Refusal, bad_data_request
from brokerage.paper_exchange.sessions import NEW_YORK

HISTORICAL_FEEDS = ("sip", "iex", "boats", "otc")
LATEST_FEEDS = ("sip", "iex", "delayed_sip", "boats", "overnight", "otc")
_RECENT = dt.timedelta(minutes=15)


def symbols(request: Request, book: Book) -> list[str]:
    """The symbols asked for, sorted.

    Raises:
        Refusal: 400 when there is none, or when one of them is not traded here.
    """
    wanted = query.symbols(request)
    if not wanted:
        raise bad_data_request("symbols is required")
    return sorted(known(symbol, book) for symbol in wanted)


def known(symbol: str, book: Book) -> str:
    """``symbol`` itself.

    Raises:
        Refusal: 400 when it is not traded here.
    """
    if symbol not in book.tape.symbols:
        raise bad_data_request(f"invalid symbol: {symbol}")
    return symbol


def feed(request: Request, book: Book, feeds: tuple[str, ...], until: dt.datetime) -> str:
    """The feed asked for; without a plan for recent consolidated prices the default is IEX.

    Args:
        request: The request.
        book: The exchange's book.
        feeds: Feeds that the endpoint has; the first is the default.
        until: The newest instant asked for.

    Raises:
        Refusal: 400 for another feed, 403 when the plan does not include it so soon.
    """
    paying = read_options(book.store.book).recent_sip
    if not paying and "feed" not in request.query_params:
        return "iex"
    chosen = query.choice(request, "feed", feeds, bad_data_request)
    if chosen == "sip" and not paying and until > book.now - _RECENT:
        raise Refusal(HTTPStatus.FORBIDDEN, None, "subscription does not permit querying recent SIP data")
    return chosen


def currency(request: Request) -> dict[str, str]:
    """What to tell about the currency: nothing when none was asked for.

    Raises:
        Refusal: 400 for any but US dollars.
    """
    wanted = request.query_params.get("currency")
    if wanted not in (None, "", "USD"):
        raise bad_data_request(f"invalid currency: {wanted} (the loopback exchange has USD)")
    return {"currency": wanted} if wanted else {}


def is_descending(request: Request) -> bool:
    """Whether the newest comes first.

    Raises:
        Refusal: 400 for a ``sort`` that is neither asc nor desc.
    """
    return query.choice(request, "sort", ("asc", "desc"), bad_data_request) == "desc"


def interval(request: Request, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """``start`` and ``end``; from New York midnight until now by default.

    Raises:
        Refusal: 400 when one is no date or instant, or the end comes before the start.
    """
    midnight = now.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
    start = query.moment(request, "start", bad_data_request) or midnight
    end = query.moment(request, "end", bad_data_request, end_of_day=True) or now
    if end < start:
        raise bad_data_request("end should not be before start")
    return start, end


def page_token(first: str, kind: str, second: str) -> str:
    """The token of the page that begins after a position."""
    return base64.urlsafe_b64encode(f"{first}|{kind}|{second}".encode()).decode()


def after_token(request: Request) -> list[str] | None:
    """The position after which the page asked for begins; None for the first page.

    Raises:
        Refusal: 400 when it is no token of this exchange.
    """
    token = request.query_params.get("page_token")
    if not token:
        return None
    try:
        position = base64.urlsafe_b64decode(token).decode().split("|")
    except ValueError:
        position = []
    if len(position) != 3:  # noqa: PLR2004 - as page_token makes them
        raise bad_data_request("invalid page_token")
    return position


def nothing(symbol: str) -> Refusal:
    """404 for a symbol of which there is no price yet."""
    return Refusal(HTTPStatus.NOT_FOUND, None, f"no data found for symbol: {symbol}")
