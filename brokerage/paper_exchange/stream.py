"""``/stream``: the WebSocket on which Alpaca tells what happens to orders."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from brokerage.paper_exchange.access import Access
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.documents import amount, instant
from brokerage.paper_exchange.fault_rule import Call
from brokerage.paper_exchange.faults import Faults

_STREAM = "trade_updates"
_UNUSABLE = 1003


class OrderStream:
    """Sends each connection the events that happen while it listens; what it missed is never repeated.

    Frames may come as text or binary; answers are JSON in binary frames, as on Alpaca's paper endpoint.
    """

    def __init__(self, book: Book, access: Access, faults: Faults) -> None:
        self._book = book
        self._access = access
        self._faults = faults
        self._listeners: set[_Listener] = set()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def wake(self) -> None:
        """Send what the last request has caused."""
        for listener in self._listeners:
            listener.news.set()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        listener = _Listener(socket)
        sender = asyncio.create_task(self._send(listener))
        try:
            while True:
                await self._obey(listener, _read(await socket.receive()))
        except WebSocketDisconnect:
            pass
        finally:
            sender.cancel()
            self._listeners.discard(listener)

    async def _obey(self, listener: _Listener, message: dict[str, Any] | None) -> None:
        if message is None:
            await listener.socket.close(_UNUSABLE)
            raise WebSocketDisconnect(_UNUSABLE)
        action, data = message.get("action"), message.get("data")
        data = data if isinstance(data, dict) else {}
        if action in {"authenticate", "auth"}:
            listener.known = self._access.knows(
                _text(message.get("key") or data.get("key_id")),
                _text(message.get("secret") or data.get("secret_key")),
            )
            await listener.tell("authorization", {"action": "authenticate", "status": listener.status})
        elif not listener.known:
            await listener.tell("authorization", {"action": _text(action), "status": listener.status})
        elif action == "listen":
            await self._listen(listener, data.get("streams"))

    async def _listen(self, listener: _Listener, wanted: object) -> None:
        streams = [_STREAM] if isinstance(wanted, list) and _STREAM in wanted else []
        if streams and listener not in self._listeners:
            listener.last = self._book.store.rows("SELECT COALESCE(MAX(seq), 0) FROM event")[0][0]
        (self._listeners.add if streams else self._listeners.discard)(listener)
        await listener.tell("listening", {"streams": streams})

    async def _send(self, listener: _Listener) -> None:
        while True:
            await listener.news.wait()
            listener.news.clear()
            for event in self._after(listener):
                await self._pass_on(listener, event)

    def _after(self, listener: _Listener) -> Iterator[sqlite3.Row]:
        for event in self._book.store.rows("SELECT * FROM event WHERE seq > ? ORDER BY seq", listener.last):
            listener.last = event["seq"]
            yield event

    async def _pass_on(self, listener: _Listener, event: sqlite3.Row) -> None:
        update = trade_update(event)
        order = update["order"]
        names = frozenset([order["symbol"]])
        rule = self._faults.take(
            Call("WS", "/stream", "", event["body"], names, order["client_order_id"], self._book.now)
        ).get("stream")
        action = rule.action if rule else ""
        if action == "ws_drop":
            await listener.socket.close(1011)
        elif action == "ws_reorder":
            listener.late.append(update)
        else:
            for part in [update] * (2 if action == "ws_dup" else 1) + listener.late:
                await listener.tell(_STREAM, part)
            listener.late.clear()


class _Listener:
    """One connection."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.known = False
        self.last = 0
        self.late: list[dict[str, Any]] = []
        self.news = asyncio.Event()

    @property
    def status(self) -> str:
        return "authorized" if self.known else "unauthorized"

    async def tell(self, stream: str, data: dict[str, Any]) -> None:
        await self.socket.send_bytes(json.dumps({"stream": stream, "data": data}).encode())


def trade_update(event: sqlite3.Row) -> dict[str, Any]:
    """A row of the event table as the stream shows it; fills carry price, shares and position."""
    when = instant(dt.datetime.fromisoformat(event["at"]))
    update = {"event": event["name"], "timestamp": when, "order": json.loads(event["body"])}
    if event["execution_id"]:
        update["execution_id"] = event["execution_id"]
        update |= {name: amount(Decimal(event[name])) for name in ("price", "qty", "position_qty")}
    return update


def _read(message: Any) -> dict[str, Any] | None:
    """The JSON object of a text or binary frame; None when it is none."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    try:
        content = json.loads(message.get("text") or message.get("bytes") or b"")
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
