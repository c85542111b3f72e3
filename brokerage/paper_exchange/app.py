"""The web application: one front door for trading, data and admin."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import uuid
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brokerage.paper_exchange.address import Credentials
from brokerage.paper_exchange.admin_api import AdminApi
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.faults import FaultRule, Faults
from brokerage.paper_exchange.market_data_api import MarketDataApi
from brokerage.paper_exchange.refusal import NOT_FOUND, Refusal
from brokerage.paper_exchange.trading_api import TradingApi

_ADMIN, _DATA = "/__sim/", "/v2/stocks/"


class FrontDoor:
    """What every request passes: request id, credentials, the fault switchboard and the log."""

    def __init__(self, book: Book, credentials: Credentials) -> None:
        self._store = book.store
        self._credentials = credentials
        self._faults = Faults()
        self._app = _application(book, self._faults)
        self.last_request = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.last_request = time.monotonic()
        request = Request(scope, receive)
        body = await request.body()
        admin = request.url.path.startswith(_ADMIN)
        rule = None if admin else self._faults.take(request.method, request.url.path, _text(body))
        answer = await self._answer(request, body, rule)
        if not admin:
            self._store.log(
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                body=_text(body),
                status=answer[0]["status"] if answer else None,
                fault=rule.action if rule else "",
            )
        if rule and rule.action in ("drop_before", "drop_after_commit"):
            await _hang_up(scope)
            return
        for message in answer:
            await send(message)

    async def _answer(self, request: Request, body: bytes, rule: FaultRule | None) -> list[Message]:
        """The complete answer, not sent yet: a fault may still swallow it."""
        if rule and rule.action == "drop_before":
            return []
        if rule and rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        request.state.fate = rule.fate if rule else ""
        app = self._locked(request) or (_canned(rule) if rule and rule.action == "status" else self._app)
        answer: list[Message] = []

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def collect(message: Message) -> None:
            answer.append(message)

        await app(request.scope, replay, collect)
        request_id = uuid.uuid4().hex.encode()
        answer[0]["headers"] = [*answer[0]["headers"], (b"x-request-id", request_id)]
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
        if path.startswith((_ADMIN, _DATA)):
            return JSONResponse({"message": "unauthorized."}, HTTPStatus.UNAUTHORIZED)
        return JSONResponse(
            {"code": 40110000, "message": "request is not authorized"}, HTTPStatus.UNAUTHORIZED
        )


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


def _canned(rule: FaultRule) -> ASGIApp:
    if isinstance(rule.answer, str):
        return Response(rule.answer, rule.status, media_type="text/html")
    return Response(json.dumps(rule.answer), rule.status, media_type="application/json")


async def _hang_up(scope: Scope) -> None:
    scope["state"]["transport"].abort()
    # one more turn of the loop lets the server notice; it would answer 500 otherwise
    await asyncio.sleep(0.01)


def _same(sent: str | None, expected: str) -> bool:
    return hmac.compare_digest((sent or "").encode(), expected.encode())


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
