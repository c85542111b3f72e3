"""How many requests a second the loopback exchange holds: ``python -m bench.exchange``.

One process serves, this one asks over HTTP on 127.0.0.1, one connection for each client. An order is on disk
(fsync) before it is answered, which is what bounds it.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from brokerage.paper_exchange.address import ExchangeAddress
from brokerage.paper_exchange.launch import ensure_running
from schemas.settings import ExchangeSettings

CLIENTS = (1, 4)
SECONDS = 5.0
_ORDER = {"symbol": "SPY", "notional": "1", "side": "buy", "type": "market", "time_in_force": "day"}
_CALLS = {
    "GET /v2/clock": ("GET", "/v2/clock", None),
    "GET /v2/account": ("GET", "/v2/account", None),
    "GET bars, 20 sessions of 3 symbols": (
        "GET",
        "/v2/stocks/bars?symbols=SPY,TLT,IEF&timeframe=1Day&start=2015-05-01&end=2015-05-29",
        None,
    ),
    "POST /v2/orders, filled": ("POST", "/v2/orders", _ORDER),
}


def measure() -> dict[str, list[float]]:
    """Requests a second of each call, by number of clients, each on an exchange of its own."""
    rates: dict[str, list[float]] = {}
    for name, (method, path, body) in _CALLS.items():
        for clients in CLIENTS:
            with tempfile.TemporaryDirectory() as folder:
                address = ensure_running(Path(folder), ExchangeSettings())
                try:
                    rate = _rate(_asker(address, method, path, body), clients)
                finally:
                    os.kill(address.pid, signal.SIGTERM)
            rates.setdefault(name, []).append(rate)
    return rates


def _asker(
    address: ExchangeAddress, method: str, path: str, body: dict[str, str] | None
) -> Callable[[float], int]:
    """Asks until a moment; returns how often it was answered."""

    def ask(until: float) -> int:
        session, answered = requests.Session(), 0
        session.trust_env = False
        session.headers["APCA-API-KEY-ID"] = address.key_id
        session.headers["APCA-API-SECRET-KEY"] = address.secret_key
        while time.monotonic() < until:
            session.request(method, address.url + path, json=body, timeout=30).raise_for_status()
            answered += 1
        return answered

    return ask


def _rate(ask: Callable[[float], int], clients: int) -> float:
    counts: list[int] = []
    ends = time.monotonic() + SECONDS
    threads = [threading.Thread(target=lambda: counts.append(ask(ends))) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


if __name__ == "__main__":
    print(
        f"{'requests a second':40}"
        + "".join(f"{clients:>4} client{'s' * (clients > 1)}" for clients in CLIENTS)
    )
    for call, measured in measure().items():
        print(f"{call:40}" + "".join(f"{rate:>10,.0f}" for rate in measured))
