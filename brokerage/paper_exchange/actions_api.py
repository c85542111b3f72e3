"""``/v1/corporate-actions``: what was announced to this exchange, grouped by type, in pages."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange import data_query, query
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.corporate_actions import CorporateAction, action_document
from brokerage.paper_exchange.refusal import bad_data_request
from brokerage.paper_exchange.sessions import NEW_YORK

_MOST_ACTIONS = 1000
_TYPES = {
    "forward_split",
    "reverse_split",
    "unit_split",
    "cash_dividend",
    "stock_dividend",
    "capital_gains_distribution",
    "spin_off",
    "cash_merger",
    "stock_merger",
    "stock_and_cash_merger",
    "redemption",
    "name_change",
    "worthless_removal",
    "rights_distribution",
    "partial_call",
    "reorganization",
}


class ActionsApi:
    """Handler over one book's corporate actions."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Path served."""
        return [Route("/v1/corporate-actions", self.actions)]

    async def actions(self, request: Request) -> Response:
        """GET /v1/corporate-actions: ordered by process date; today's when no dates are given."""
        limit = query.whole(request, "limit", 100, _MOST_ACTIONS, bad_data_request)
        descending = data_query.is_descending(request)
        token = data_query.after_token(request)
        found = sorted(self._found(request), key=_place, reverse=descending)
        last = (token[0], token[2]) if token else None
        rest = (
            action
            for action in found
            if last is None or (_place(action) < last if descending else _place(action) > last)
        )
        page = list(islice(rest, limit))
        more = next(rest, None) is not None
        answer: dict[str, list[dict[str, Any]]] = {}
        for group, document in page:
            answer.setdefault(group, []).append(document)
        process_date, action_id = _place(page[-1]) if more else ("", "")
        next_token = data_query.page_token(process_date, "A", action_id) if more else None
        return JSONResponse({"corporate_actions": answer, "next_page_token": next_token})

    def _found(self, request: Request) -> list[tuple[str, dict[str, Any]]]:
        """The actions asked for, each with the name of its group."""
        today = self._book.now.astimezone(NEW_YORK).date()
        start = query.date(request, "start", today, bad_data_request)
        end = query.date(request, "end", max(start, today), bad_data_request)
        if end < start:
            raise bad_data_request("end should not be before start")
        symbols, ids, types = query.symbols(request), _ids(request), _types(request)
        rows = self._book.store.rows("SELECT id, body FROM corp_action")
        actions = ((row["id"], CorporateAction.model_validate_json(row["body"])) for row in rows)
        return [
            (f"{action.type}s", action_document(action, action_id))
            for action_id, action in actions
            if (action_id in ids if ids else start <= action.ex_date <= end)
            and (not symbols or action.symbol in symbols)
            and (not types or action.type in types)
        ]


def _place(action: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    return action[1]["process_date"], action[1]["id"]


def _ids(request: Request) -> set[str]:
    wanted = [text for text in request.query_params.get("ids", "").split(",") if text]
    try:
        return {str(uuid.UUID(text)) for text in wanted}
    except ValueError as error:
        raise bad_data_request("invalid ids: must be UUIDs") from error


def _types(request: Request) -> set[str]:
    wanted = {text for text in request.query_params.get("types", "").split(",") if text}
    for text in sorted(wanted - _TYPES):
        raise bad_data_request(f"invalid type: {text}")
    return wanted
