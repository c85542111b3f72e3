"""Who may come in, and how often."""

from __future__ import annotations

import base64
import hmac
from http import HTTPStatus
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from brokerage.paper_exchange.address import Credentials
from brokerage.paper_exchange.rate_limit import RateLimiter

ADMIN = "/__sim/"
DATA = ("/v2/stocks", "/v1/", "/v1beta")
"""How the paths of the market data API begin; its errors have no code."""


class Admission(NamedTuple):
    """Whether a request may come in: the answer if not, and what to tell about its budget."""

    refusal: Response | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Access:
    """The account's keys open trading and data, the admin token what is not Alpaca's.

    The keys come in Alpaca's two headers or as HTTP Basic. Trading and data have a budget each.
    """

    def __init__(self, credentials: Credentials, limiter: RateLimiter) -> None:
        self._keys = credentials
        self._limiter = limiter

    def admit(self, request: Request) -> Admission:
        """Look at the keys, then take one request from the budget of its API."""
        path = request.url.path
        if path == f"{ADMIN}health":
            return Admission()
        if not self._fits(request):
            return Admission(_refusal(path, HTTPStatus.UNAUTHORIZED))
        if path.startswith(ADMIN):
            return Admission()
        allowance = self._limiter.take("data" if path.startswith(DATA) else "trading")
        refusal = None if allowance.granted else _refusal(path, HTTPStatus.TOO_MANY_REQUESTS)
        return Admission(refusal, allowance.headers())

    def knows(self, key_id: str | None, secret_key: str | None) -> bool:
        """Whether these are the account's keys."""
        return _same(key_id, self._keys.key_id) and _same(secret_key, self._keys.secret_key)

    def mask(self, text: str) -> str:
        """``text`` without the keys, should a client have put them where they do not belong."""
        for key in (self._keys.key_id, self._keys.secret_key, self._keys.admin_token):
            text = text.replace(key, "***")
        return text

    def _fits(self, request: Request) -> bool:
        sent = request.headers
        if request.url.path.startswith(ADMIN):
            return _same(sent.get("X-Sim-Token"), self._keys.admin_token)
        if "authorization" in sent:
            return self.knows(*_basic(sent["authorization"]))
        return self.knows(sent.get("APCA-API-KEY-ID"), sent.get("APCA-API-SECRET-KEY"))


def _refusal(path: str, status: HTTPStatus) -> Response:
    unknown = status is HTTPStatus.UNAUTHORIZED
    if unknown and path.startswith(DATA):
        # market data calls whoever is unknown forbidden, trading calls him unauthorised
        return JSONResponse({"message": "forbidden."}, HTTPStatus.FORBIDDEN)
    if path.startswith((ADMIN, *DATA)):
        return JSONResponse({"message": "unauthorized." if unknown else "rate limit exceeded"}, status)
    if unknown:
        return JSONResponse({"code": 40110000, "message": "request is not authorized"}, status)
    return JSONResponse({"code": 42910000, "message": "rate limit exceeded"}, status)


def _basic(header: str) -> tuple[str, str]:
    kind, _, packed = header.partition(" ")
    try:
        key_id, _, secret_key = base64.b64decode(packed).decode().partition(":")
    except ValueError:
        return "", ""
    return (key_id, secret_key) if kind.lower() == "basic" else ("", "")


def _same(sent: str | None, expected: str) -> bool:
    return hmac.compare_digest((sent or "").encode(), expected.encode())
