"""The web application: one front door for trading, data and admin."""

from __future__ import annotations

import hmac
import time
import uuid
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from brokerage.paper_exchange.address import Credentials
from brokerage.paper_exchange.admin_api import AdminApi
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.delivery import Answer, answer_of, send_answer
from brokerage.paper_exchange.fault_rule import FaultRule, Kind
from brokerage.paper_exchange.faults import Faults
from brokerage.paper_exchange.incidents import strike
from brokerage.paper_exchange.market_data_api import MarketDataApi
from brokerage.paper_exchange.mishaps import Mishaps
from brokerage.paper_exchange.refusal import NOT_FOUND, Refusal
from brokerage.paper_exchange.subject import call_of
from brokerage.paper_exchange.trading_api import TradingApi

_ADMIN, _DATA = "/__sim/", ("/v2/stocks/", "/v1/", "/v1beta1/")


class FrontDoor:
    """What every request passes: request id, credentials, the fault switchboard and the log."""

    def __init__(self, book: Book, credentials: Credentials) -> None:
        self._book = book
        self._credentials = credentials
        self._faults = Faults()
        self._mishaps = Mishaps()
        self._app = _application(book, self._faults)
        self.last_request = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.last_request = time.monotonic()
        request = Request(_tidied(scope), receive)
        body = await request.body()
        if request.url.path.startswith(_ADMIN):
            await send_answer(await self._processed(request, body), request.scope, send)
            return
        call = call_of(request, body, self._book)
        acting = self._faults.take(call)
        rule = acting.get("answer")
        answer = await self._mishaps.answer(rule, request, lambda: self._processed(request, body, acting))
        self._book.store.log(
            method=call.method,
            path=call.path,
            query=self._credentials.mask(call.query),
            body=self._credentials.mask(call.body),
            status=answer.status if answer else None,
            fault=",".join(rule.name for rule in acting.values()),
        )
        await self._mishaps.deliver(rule, answer, request.scope, receive, send)

    async def _processed(
        self, request: Request, body: bytes, acting: dict[Kind, FaultRule] | None = None
    ) -> Answer:
        """What the exchange answers; its book has changed when this returns."""
        acting = acting or {}
        if "incident" in acting:
            strike(self._book, acting["incident"])
        request.state.fate = acting["fate"].fate if "fate" in acting else ""
        answer = await answer_of(self._locked(request) or self._app, request.scope, body)
        answer.headers["x-request-id"] = uuid.uuid4().hex
        return answer

    def _locked(self, request: Request) -> ASGIApp | None:
        """The refusal of a request without the right credentials."""
        keys, path, sent = self._credentials, request.url.path, request.headers
        if path == f"{_ADMIN}health":
            return None
        if path.startswith(_ADMIN):
            fits = _same(sent.get("X-Sim-Token"), keys.admin_token)
        else:
            fits = _same(sent.get("APCA-API-KEY-ID"), keys.key_id) and _same(
                sent.get("APCA-API-SECRET-KEY"), keys.secret_key
            )
        if fits:
            return None
        if path.startswith((_ADMIN, *_DATA)):
            return JSONResponse({"message": "unauthorized."}, HTTPStatus.UNAUTHORIZED)
        return JSONResponse(
            {"code": 40110000, "message": "request is not authorized"}, HTTPStatus.UNAUTHORIZED
        )


def _tidied(scope: Scope) -> Scope:
    """The same request with single slashes and none at the end: base URLs are often given with one."""
    path = "/" + "/".join(part for part in scope["path"].split("/") if part)
    return {**scope, "path": path, "raw_path": path.encode()}


def _application(book: Book, faults: Faults) -> Starlette:
    return Starlette(
        routes=[
            *TradingApi(book).routes(),
            *MarketDataApi(book).routes(),
            *AdminApi(book, faults).routes(),
        ],
        exception_handlers={Refusal: _refused, HTTPException: _no_such_endpoint, Exception: _broken},
    )


async def _refused(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return JSONResponse(refusal.body, refusal.status)


async def _no_such_endpoint(_: Request, __: Exception) -> Response:
    return JSONResponse({"code": NOT_FOUND, "message": "endpoint not found"}, HTTPStatus.NOT_FOUND)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse(
        {"code": 50010000, "message": "internal server error occurred"}, HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _same(sent: str | None, expected: str) -> bool:
    return hmac.compare_digest((sent or "").encode(), expected.encode())
