"""alpaca-py's HTTP session made safe: bounded waits, no proxy, no redirect, retries only where harmless.

Unhardened, alpaca-py 0.44 waits for ever for a silent server, sends POST again after 429 and 504 without
looking whether the order exists, goes through ``HTTP_PROXY`` to reach this machine, and raises errors
that pickle together with the secret key.
"""

from __future__ import annotations

import io
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from http.client import HTTPResponse
from socket import socket
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import stamina
from alpaca.common.rest import RESTClient
from pydantic import ValidationError
from requests.adapters import HTTPAdapter
from stamina.instrumentation import RetryDetails, set_on_retry_hooks
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from brokerage.failures import TOO_MANY_REQUESTS, CallFailed
from schemas.settings import BrokerSettings

ANSWER_READS = 3
"""A whole answer may take this many read time-outs, however slowly its bytes drip."""
LONGEST_PAUSE = 60.0
"""Alpaca's request budget renews every minute: no pause it asks for is longer (seconds)."""
MESSAGE_LENGTH = 300
ACCOUNT_NUMBER = re.compile(r"\bPA[0-9A-Z]{6,}\b|(?<![\d.])\d{9}(?![\d.])")
"""A paper account's number, or what may be a live one's: it is written nowhere."""

LOG = logging.getLogger("brokerage")
"""Says when the broker keeps us waiting; whoever shows progress listens here."""

Client = TypeVar("Client", bound=RESTClient)
Answer = TypeVar("Answer")


def harden(client: Client, settings: BrokerSettings) -> Client:
    """Bound, isolate and strip the session of ``client``; returns the same client.

    alpaca-py offers no setting for any of this, hence the private attributes; a test pins them.
    """
    client._retry = 0  # noqa: SLF001
    session = client._session  # noqa: SLF001
    session.trust_env = False
    adapter = _BoundedAdapter(settings)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return client


def once(call: Callable[[], Answer]) -> Answer:
    """Make one call and nothing more.

    Raises:
        CallFailed: For whatever went wrong, cut off from the request (and its headers) that caused it.
    """
    try:
        return call()
    except CallFailed as caught:
        failure = caught
    except requests.JSONDecodeError:
        failure = _unreadable("not JSON")
    except ValidationError as caught:
        failure = _unreadable(f"not a {caught.title}")
    except requests.RequestException as caught:
        failure = _no_answer(caught)
    # Raised out here, so that neither context nor traceback leads back to the request's headers.
    raise failure.with_traceback(None)


def with_retries(call: Callable[[], Answer], patience: float) -> Answer:
    """Make a call that may be repeated without harm, waiting as long as the broker asks.

    Args:
        call: What to ask.
        patience: Longest time over which it is asked again (seconds).

    Raises:
        CallFailed: If the last attempt failed, or if the failure will not pass.
    """
    patiently = stamina.RetryingCaller(attempts=12, timeout=patience, wait_initial=0.5, wait_max=10.0)
    return patiently(_pause, once, call)


class _Deadline(io.RawIOBase):
    """A socket's bytes, until a moment: a read time-out alone starts anew with every byte."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw = raw
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if time.monotonic() > self._ends:
            raise TimeoutError("the answer took too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        read_timeout = sock.gettimeout()
        if read_timeout is None:
            raise TimeoutError("a connection without a time-out")
        self.fp = io.BufferedReader(_Deadline(self.fp.detach(), ANSWER_READS * read_timeout))


class _BoundedHTTPConnection(HTTPConnection):
    response_class = _BoundedResponse


class _BoundedHTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse


class _BoundedAdapter(HTTPAdapter):
    """Sends one request within its time and raises CallFailed for every answer that is no success.

    alpaca-py sees good answers only, so its own retries and its own errors never come into play.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        super().__init__()
        self._timeouts = (settings.connect_timeout, settings.read_timeout)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _BoundedHTTPSConnection if pool.scheme == "https" else _BoundedHTTPConnection
        return pool

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        response = super().send(request, **options | {"timeout": self._timeouts})
        if not requests.codes.ok <= response.status_code < requests.codes.multiple_choices:
            raise _refused(request, response)
        return response


def _say(details: RetryDetails) -> None:
    LOG.warning(
        "no luck yet (%s); asking again in %.0f s, %.0f s so far",
        details.caused_by,
        details.wait_for,
        details.waited_so_far,
    )


# Process-wide, but nothing else here retries with stamina; it would print to stdout otherwise.
set_on_retry_hooks([_say])


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, CallFailed) or not error.is_temporary:
        return False
    return error.retry_after or True


def _refused(request: requests.PreparedRequest, response: requests.Response) -> CallFailed:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    fields: Mapping[str, Any] = body if isinstance(body, dict) else {}
    message = str(fields.get("message") or response.reason or "no message")
    for secret in (value for name, value in request.headers.items() if name.startswith("APCA-")):
        message = message.replace(str(secret), "***")
    message = ACCOUNT_NUMBER.sub("***", message)
    code = fields.get("code")
    return CallFailed(
        _call_of(request),
        message[:MESSAGE_LENGTH],
        status=response.status_code,
        code=code if isinstance(code, int) else None,
        retry_after=_wanted_pause(response),
    )


def _wanted_pause(response: requests.Response) -> float | None:
    try:
        if "Retry-After" in response.headers:
            seconds = float(response.headers["Retry-After"])
        elif response.status_code == TOO_MANY_REQUESTS:
            seconds = float(response.headers["X-RateLimit-Reset"]) - time.time()
        else:
            return None
    except (KeyError, ValueError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _no_answer(error: requests.RequestException) -> CallFailed:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    unsent = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
    call = _call_of(error.request) if error.request is not None else "request"
    return CallFailed(call, f"no answer: {type(error).__name__}", sent=not unsent)


def _unreadable(what: str) -> CallFailed:
    return CallFailed("answer", f"unreadable: {what}", status=requests.codes.ok)


def _call_of(request: requests.PreparedRequest | requests.Request) -> str:
    return f"{request.method} {urlsplit(str(request.url)).path}"
