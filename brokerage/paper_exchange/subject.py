"""Whom a request is about: the symbols and the order that a fault rule may single out."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.fault_rule import Call


def call_of(request: Request, body: bytes, book: Book) -> Call:
    """What fault rules can look at in a request."""
    path, text = request.url.path, body.decode(errors="replace")
    sent = _members(text)
    order = _order(path, book)
    names = [
        *request.query_params.get("symbols", "").split(","),
        str(sent.get("symbol", "")),
        path.rpartition("/")[2] if path.startswith(("/v2/positions/", "/v2/assets/")) else "",
        path.split("/")[3] if path.startswith("/v2/stocks/") else "",
        order.get("symbol", ""),
    ]
    client_id = sent.get("client_order_id") or request.query_params.get("client_order_id")
    return Call(
        method=request.method,
        path=path,
        query=request.url.query,
        body=text,
        symbols=frozenset(name.upper() for name in names if name),
        client_order_id=str(client_id or order.get("client_order_id", "")),
        at=book.now,
    )


def _members(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _order(path: str, book: Book) -> dict[str, str]:
    """Symbol and client id of the order that a path names."""
    if not path.startswith("/v2/orders/"):
        return {}
    wanted = path.rpartition("/")[2]
    rows = book.store.rows("SELECT symbol, client_order_id FROM orders WHERE id = ?", wanted)
    return dict(rows[0]) if rows else {}
