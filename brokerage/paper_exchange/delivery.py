"""How an answer reaches the client: whole, in part, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
import traceback
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_PACKING = 1024
"""Shorter bodies are sent as they are (bytes)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, not sent yet."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    @property
    def is_json(self) -> bool:
        """Whether it is a success with JSON in it."""
        return self.status in {200, 207} and self.headers.get("content-type") == "application/json"

    def with_json(self, content: Any) -> Answer:
        """The same answer with another body."""
        return replace(self, body=json.dumps(content, separators=(",", ":")).encode())

    def with_headers(self, headers: dict[str, str]) -> Answer:
        """The same answer with further headers; its own win."""
        return replace(
            self, headers={**headers, **{name.lower(): value for name, value in self.headers.items()}}
        )


async def answer_of(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """What ``app`` answers to a request whose body was read already."""
    messages: list[Message] = []

    async def replay() -> Message:
        """The request's body, read already."""
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Message) -> None:
        """Keep what would be sent."""
        messages.append(message)

    try:
        await app(scope, replay, collect)
    except Exception:
        # Starlette raises again what it has answered with a 500: the exchange's log wants the whole story
        if not messages:
            raise
        traceback.print_exc()
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return Answer(messages[0]["status"], headers, b"".join(part.get("body", b"") for part in messages[1:]))


async def send_answer(answer: Answer, scope: Scope, send: Send, *, sent: float = 1.0) -> None:
    """Send the answer, packed if the client likes that; of the body only the share ``sent``."""
    headers, body = answer.headers, answer.body
    if len(body) > _WORTH_PACKING and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers = {**headers, "content-encoding": "gzip", "vary": "Accept-Encoding"}
    if answer.status != 204:  # noqa: PLR2004 - no content has no length
        headers = {**headers, "content-length": str(len(body))}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    part = body if scope["method"] != "HEAD" else b""
    if sent < 1:
        await send({"type": "http.response.body", "body": part[: int(len(part) * sent)], "more_body": True})
    else:
        await send({"type": "http.response.body", "body": part})


async def hang_up(scope: Scope, *, reset: bool) -> None:
    """End the connection without another byte; ``reset`` does so the hard way."""
    transport = scope["state"]["transport"]
    if reset:
        # closing at once, with nobody waiting for what is unsent, is what makes TCP send a reset
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    # one more turn of the loop lets the server notice; it would answer 500 otherwise
    await asyncio.sleep(0.01)


async def outlast(receive: Receive) -> None:
    """Wait until the client has given up."""
    while (await receive())["type"] != "http.disconnect":
        pass
