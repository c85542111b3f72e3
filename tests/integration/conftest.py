"""A real Prefect server for the session, and the command line run in this process against it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
KEYS = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY")


@dataclass(frozen=True)
class Outcome:
    """What a command line answered."""

    code: int
    out: str
    err: str


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker takes this whole folder, so that one Prefect server serves it."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("prefect"))


@pytest.fixture
def free_port() -> int:
    """A TCP port nobody listens on now."""
    return _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of processes that talk to a running Prefect server."""
    home, port = tmp_path_factory.mktemp("prefect"), _free_port()
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port), "--no-ui"]
    with (home / "server.log").open("w") as log, _interruptible(command, environment, log) as server:
        _wait_until_healthy(environment["PREFECT_API_URL"], server, home / "server.log")
        yield environment


@pytest.fixture
def riskparity(prefect_environment, exchange) -> Callable[..., Outcome]:
    """Run the console script as a person would, on a loopback exchange of its own."""
    return _command_line({**prefect_environment, "RISKPARITY_HOME": str(exchange.home)})


@pytest.fixture(scope="module")
def shared_riskparity(prefect_environment, shared_exchange) -> Callable[..., Outcome]:
    """The same on one exchange for a whole module."""
    return _command_line({**prefect_environment, "RISKPARITY_HOME": str(shared_exchange.home)})


def _command_line(environment: dict[str, str]) -> Callable[..., Outcome]:
    kept = {name: value for name, value in os.environ.items() if name not in KEYS}

    def run(*arguments: str, **extra: str) -> Outcome:
        done = subprocess.run(
            [Path(sys.executable).with_name("riskparity"), *arguments],
            cwd=ROOT, env={**kept, **environment, **extra}, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def interruptible():
    """Start a process that ends with the test, cleanly when it can."""
    return _interruptible


@contextlib.contextmanager
def _interruptible(command, environment, log):
    # A server started in the background ignores SIGINT unless it is given back its default.
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_healthy(url, server, log):
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"the Prefect server ended: {log.read_text()[-2000:]}")
        try:
            if requests.get(f"{url}/health", timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    pytest.fail(f"the Prefect server did not answer: {log.read_text()[-2000:]}")
