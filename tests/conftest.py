"""Fixtures shared by all rooms."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from brokerage.paper_exchange.address import ExchangeAddress
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from schemas.settings import ExchangeSettings


@dataclass(frozen=True)
class RunningExchange:
    """A loopback exchange of its own: where it is, how to steer it, where its state lies."""

    address: ExchangeAddress
    control: ExchangeControl
    home: Path


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    """A new exchange in a process of its own: 2015-06-01 10:00 New York, 100,000 USD, seed 7."""
    home = tmp_path / "exchange"
    address = ensure_running(home, ExchangeSettings())
    yield RunningExchange(address, ExchangeControl(address), home)
    with contextlib.suppress(ProcessLookupError):
        os.kill(address.pid, signal.SIGTERM)
