"""The web application: one front door for trading, data and admin."""

from __future__ import annotations

import time
import uuid
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from brokerage.paper_exchange.access import ADMIN, DATA, Access
from brokerage.paper_exchange.address import Credentials
from brokerage.paper_exchange.admin_api import AdminApi
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.delivery import Answer, answer_of, send_answer
from brokerage.paper_exchange.fault_rule import Call, FaultRule, Kind
from brokerage.paper_exchange.faults import Faults
from brokerage.paper_exchange.incidents import strike
from brokerage.paper_exchange.market_data_api import market_data_routes
from brokerage.paper_exchange.mishaps import Mishaps
from brokerage.paper_exchange.rate_limit import RateLimiter
from brokerage.paper_exchange.refusal import NOT_FOUND, WRONG_METHOD, Refusal
from brokerage.paper_exchange.stream import OrderStream
from brokerage.paper_exchange.subject import call_of
from brokerage.paper_exchange.trading_api import TradingApi

Acting = dict[Kind, FaultRule]
"""The fault rules that act on one request."""


class FrontDoor:
    """What every request passes: credentials, budget, the fault switchboard and the log."""

    def __init__(self, book: Book, credentials: Credentials, requests_per_minute: int = 0) -> None:
        self._book = book
        self._faults = Faults()
        self._mishaps = Mishaps()
        limiter = RateLimiter(requests_per_minute)
        self._access = Access(credentials, limiter)
        self._stream = OrderStream(book, self._access, self._faults)
        self._app = Starlette(
            routes=[
                *TradingApi(book).routes(),
                *market_data_routes(book),
                *AdminApi(book, self._faults, limiter).routes(),
                WebSocketRoute("/stream", self._stream.serve),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _not_served, Exception: _broken},
        )
        self._last_request = time.monotonic()

    @property
    def idle(self) -> float:
        """How long nobody has asked anything (seconds); who listens to the stream still wants something."""
        return 0.0 if self._stream.is_heard else time.monotonic() - self._last_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(_tidied(scope), receive, send)
            return
        self._last_request = time.monotonic()
        request = Request(_tidied(scope), receive)
        body = await request.body()
        admission = self._access.admit(request)
        app = admission.refusal or self._app
        if request.url.path.startswith(ADMIN):
            answer = await answer_of(app, request.scope, body)
            self._stream.wake()
            await send_answer(answer, request.scope, send)
            return
        call = call_of(request, body, self._book)
        acting = {} if admission.refusal else self._faults.take(call)
        rule = acting.get("answer")

        async def process() -> Answer:
            self._prepare(request, acting)
            return await answer_of(app, request.scope, body)

        told = await self._mishaps.answer(rule, request, process)
        self._stream.wake()
        self._log(call, told, acting)
        if told:
            told = told.with_headers(_traced(admission.headers))
        await self._mishaps.deliver(rule, told, request.scope, receive, send)

    def _prepare(self, request: Request, acting: Acting) -> None:
        if "incident" in acting:
            strike(self._book, acting["incident"])
        request.state.fate = acting["fate"].fate if "fate" in acting else ""

    def _log(self, call: Call, answer: Answer | None, acting: Acting) -> None:
        self._book.store.log(
            method=call.method,
            path=call.path,
            query=self._access.mask(call.query),
            body=self._access.mask(call.body),
            status=answer.status if answer else None,
            fault=",".join(rule.name for rule in acting.values()),
        )


def _traced(headers: dict[str, str]) -> dict[str, str]:
    return {"x-request-id": uuid.uuid4().hex, **headers}


def _tidied(scope: Scope) -> Scope:
    """The same request with single slashes and none at the end: base URLs are often given with one."""
    path = "/" + "/".join(part for part in scope["path"].split("/") if part)
    return {**scope, "path": path, "raw_path": path.encode()}


async def _refused(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return JSONResponse(refusal.body, refusal.status)


async def _not_served(request: Request, error: Exception) -> Response:
    status, code, message = HTTPStatus.NOT_FOUND, NOT_FOUND, "endpoint not found"
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        status, code, message = HTTPStatus.METHOD_NOT_ALLOWED, WRONG_METHOD, "method not allowed"
    refusal = Refusal(status, None if request.url.path.startswith(DATA) else code, message)
    return JSONResponse(refusal.body, refusal.status)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse(
        {"code": 50010000, "message": "internal server error occurred"}, HTTPStatus.INTERNAL_SERVER_ERROR
    )
