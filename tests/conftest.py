"""Fixtures shared by all rooms."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from brokerage.paper_exchange.address import ExchangeAddress
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from brokerage.paper_exchange.opening import open_book
from schemas.settings import ExchangeSettings
from tests.compile_numerics import compile_numerics
from tests.prefect_processes import free_port, running_server, server_environment


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers begin."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        compile_numerics()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the gate leaves out."""
    for item in items:
        if item.get_closest_marker("thorough") and not os.environ.get("THOROUGH"):
            item.add_marker(pytest.mark.skip(reason="takes minutes with its likes: `make thorough` runs it"))


@dataclass(frozen=True)
class RunningExchange:
    """A loopback exchange of its own: where it is, how to steer it, where its state lies."""

    address: ExchangeAddress
    control: ExchangeControl
    home: Path


@pytest.fixture(scope="session")
def opened_exchange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite file of an exchange that nobody has used: copying it starts faster than reading prices."""
    file = tmp_path_factory.mktemp("opened") / "exchange.sqlite"
    open_book(file, ExchangeSettings()).store.close()
    return file


@pytest.fixture
def exchange(tmp_path: Path, opened_exchange: Path) -> Iterator[RunningExchange]:
    """A new exchange in a process of its own: 2015-06-01 10:00 New York, 100,000 USD, seed 7."""
    with _running(tmp_path / "exchange", opened_exchange) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def shared_exchange(
    tmp_path_factory: pytest.TempPathFactory, opened_exchange: Path
) -> Iterator[RunningExchange]:
    """The same, for all tests of a module that only read."""
    with _running(tmp_path_factory.mktemp("shared") / "exchange", opened_exchange) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of processes that talk to a Prefect server, which runs for the session. It takes 20 s to start."""
    environment = server_environment(tmp_path_factory.mktemp("prefect"), free_port())
    with running_server(environment):
        yield environment


@contextlib.contextmanager
def _running(home: Path, opened_exchange: Path) -> Iterator[RunningExchange]:
    home.mkdir()
    shutil.copy(opened_exchange, home)
    # the first test that decides may compile for minutes while nobody asks the exchange anything
    address = ensure_running(home, ExchangeSettings(idle_exit_seconds=1800))
    try:
        yield RunningExchange(address, ExchangeControl(address), home)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(address.pid, signal.SIGTERM)
