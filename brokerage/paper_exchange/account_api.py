"""The account endpoints: account, configuration, activities, portfolio history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from brokerage.paper_exchange import documents, query
from brokerage.paper_exchange.account import read_configuration, read_flags
from brokerage.paper_exchange.activities import Happening, happenings, read_types
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.portfolio_history import portfolio_history, read_span
from brokerage.paper_exchange.refusal import invalid
from brokerage.paper_exchange.sessions import NEW_YORK
from brokerage.paper_exchange.ticket import parse_json

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


class AccountApi:
    """Handlers over one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def endpoints(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Methods, paths and handlers."""
        return [
            ("GET", "/v2/account", self.account),
            ("GET", "/v2/account/configurations", self.configuration),
            ("PATCH", "/v2/account/configurations", self.configure),
            ("GET", "/v2/account/activities", self.activities),
            ("GET", "/v2/account/activities/{kind}", self.activities),
            ("GET", "/v2/account/portfolio/history", self.history),
        ]

    async def account(self, _: Request) -> Response:
        """GET /v2/account."""
        store = self._book.store
        facts = {row["key"]: row["value"] for row in store.rows("SELECT key, value FROM meta")}
        opened = dt.datetime.fromisoformat(facts["opened_at"])
        configuration = read_configuration(store.book)
        document = documents.account_document(self._book.account(), configuration, opened, facts["seed"])
        return JSONResponse(document | read_flags(store.book))

    async def configuration(self, _: Request) -> Response:
        """GET /v2/account/configurations."""
        return JSONResponse(read_configuration(self._book.store.book))

    async def configure(self, request: Request) -> Response:
        """PATCH /v2/account/configurations; nulls change nothing."""
        wanted = parse_json(await request.body())
        changes = {
            name: value for name, value in wanted.items() if value is not None and name not in _IGNORED
        }
        for name, value in changes.items():
            legal = _CONFIGURABLE.get(name)
            if legal is None:
                raise invalid(f"unknown configuration {name}")
            if not (isinstance(value, legal) if isinstance(legal, type) else value in legal):
                raise invalid(f"invalid {name}")
        return JSONResponse(self._book.configure(changes))

    async def activities(self, request: Request) -> Response:
        """GET /v2/account/activities[/{kind}], newest first unless asked otherwise."""
        found = list(filter(_filter(request), happenings(self._book.store.book)))
        if query.choice(request, "direction", ("desc", "asc"), invalid) == "desc":
            found.reverse()
        rows = [happening.document for happening in found]
        size, start = query.whole(request, "page_size", 100, 100, invalid), 0
        if token := request.query_params.get("page_token"):
            ids = [row["id"] for row in rows]
            if token not in ids:
                raise invalid("invalid page_token")
            start = ids.index(token) + 1
        return JSONResponse(rows[start : start + size])

    async def history(self, request: Request) -> Response:
        """GET /v2/account/portfolio/history."""
        return JSONResponse(portfolio_history(self._book, read_span(request, self._book)))


def _filter(request: Request) -> Callable[[Happening], bool]:
    after, until = query.moment(request, "after", invalid), query.moment(request, "until", invalid)
    moment = query.moment(request, "date", invalid)
    day = moment.astimezone(NEW_YORK).date() if moment else None
    order_id = request.query_params.get("order_id")
    named = request.path_params.get("kind") or request.query_params.get("activity_types")
    category = query.choice(request, "category", ("", "trade_activity", "non_trade_activity"), invalid)
    if named and category:
        raise invalid("category cannot be used with activity_types")
    types = read_types(named) if named else None
    return lambda happening: (
        (types is None or happening.type in types)
        and (not category or (happening.type == "FILL") == (category == "trade_activity"))
        and order_id in (None, happening.order_id)
        and (after is None or happening.at > after)
        and (until is None or happening.at <= until)
        and day in (None, happening.at.astimezone(NEW_YORK).date())
    )
