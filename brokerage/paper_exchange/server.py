"""Serving one exchange in the foreground of this process, on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout
from uvicorn.protocols.http.h11_impl import H11Protocol

from brokerage.paper_exchange.address import publish, read_credentials
from brokerage.paper_exchange.app import FrontDoor
from brokerage.paper_exchange.opening import open_book
from schemas.errors import ConfigError
from schemas.settings import ExchangeSettings

LOOPBACK = "127.0.0.1"

_HANDOVER = 10.0
"""An exchange that is just ending itself still holds its home for a moment (seconds)."""


def serve(
    home: Path,
    settings: ExchangeSettings,
    *,
    bars: Path | None = None,
    port: int = 0,
    idle_exit: float | None = None,
) -> None:
    """Run the exchange of ``home`` until interrupted; the address is published in ``home/exchange.json``.

    Args:
        home: Folder of its state: ``exchange.sqlite``, ``exchange.json``.
        settings: Start, cash, seed and spread.
        bars: Parquet or CSV of daily bars for a new exchange; left out, the bundled closes.
        port: TCP port; 0 takes a free one.
        idle_exit: End after this long without a request (seconds); never when None.

    Raises:
        ConfigError: Another process serves this home, the port is taken, or the settings do not fit the
            exchange that lives there.
        DataError: The prices cannot be read, or the bundled ones were altered.
    """
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / "exchange.serving.lock", timeout=_HANDOVER):
            _serve(home, settings, bars, port, idle_exit)
    except Timeout as error:
        raise ConfigError(
            "Another process already serves the exchange of this home",
            remedy="Use the running one; its address stands in exchange.json.",
        ) from error


def _serve(
    home: Path, settings: ExchangeSettings, bars: Path | None, port: int, idle_exit: float | None
) -> None:
    book = open_book(home / "exchange.sqlite", settings, bars)
    credentials = read_credentials(home)
    door = FrontDoor(book, credentials, settings.requests_per_minute)
    server = uvicorn.Server(
        uvicorn.Config(
            door,
            http=_Connection,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    listener = _listen(port)
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    publish(home, credentials, url)
    print(f"exchange at {url}, clock {book.now.isoformat()}", flush=True)  # noqa: T201 - its log
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(server, listener, door, idle_exit))
    book.store.close()


async def _run(
    server: uvicorn.Server, listener: socket.socket, door: FrontDoor, idle_exit: float | None
) -> None:
    watch = asyncio.create_task(_exit_when_idle(server, door, idle_exit)) if idle_exit else None
    await server.serve(sockets=[listener])
    if watch:
        watch.cancel()


async def _exit_when_idle(server: uvicorn.Server, door: FrontDoor, idle_exit: float) -> None:
    while (left := idle_exit - door.idle) > 0:  # noqa: ASYNC110 - it slides
        await asyncio.sleep(left)
    print(f"ended: {idle_exit:g} s without a request", flush=True)  # noqa: T201 - its log
    server.should_exit = True


def _listen(port: int) -> socket.socket:
    # Only of a socket that says it is TCP does asyncio know to send small writes at once; else every answer waits
    # 40 ms for the client's acknowledgement of its own headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # whoever reads the published address may connect, and waits until it is served
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"The exchange cannot listen on port {port}",
            figures={"reason": error.strerror},
            remedy="Choose another port, or 0 for a free one.",
        ) from error
    return listener


class _Connection(H11Protocol):
    """Lets the front door hang up: each request's scope carries its connection's transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
