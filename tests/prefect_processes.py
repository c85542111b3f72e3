"""Prefect as one runs it: a server, a worker, the deployments of prefect.yaml. Each process can be stopped, or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
PREFECT = Path(sys.executable).with_name("prefect")
KEYS = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY")


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_environment(home: Path, port: int) -> dict[str, str]:
    """What processes must know to talk to the server on that port."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PROJECT_DIR": str(ROOT),
    }


@contextmanager
def running_server(environment: Mapping[str, str]) -> Iterator[subprocess.Popen]:
    """A server on the port of ``PREFECT_API_URL``, its state in ``PREFECT_HOME``; healthy from the first line on."""
    url = environment["PREFECT_API_URL"]
    port, log = url.removesuffix("/api").rpartition(":")[2], Path(environment["PREFECT_HOME"], "server.log")
    with interruptible([PREFECT, "server", "start", "--port", port], environment, log) as server:
        _wait_until_healthy(url, server, log)
        yield server


@contextmanager
def running_worker(environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """A worker that takes the runs of the pool ``local``; what its runs say is in ``log`` too."""
    with interruptible([PREFECT, "worker", "start", "--pool", "local"], environment, log) as worker:
        yield worker


def deploy(environment: Mapping[str, str], *names: str) -> None:
    """Make the pool, and the named deployments of prefect.yaml; all of them without a name."""
    _prefect(environment, "work-pool", "create", "local", "--type", "process", "--overwrite")
    chosen = [word for name in names for word in ("--name", name)] or ["--all"]
    _prefect(environment, "--no-prompt", "deploy", *chosen)


@contextmanager
def interruptible(
    command: list[str | Path], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen]:
    """A process that ends with the block, cleanly when it can; what it says is in ``log``."""
    with log.open("a") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=without_keys(environment), stdout=said, stderr=subprocess.STDOUT,
            # Begun in the background it ignores SIGINT, unless it is given back its default: and then it can
            # only be killed, for Prefect's worker turns SIGTERM into SIGINT.
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


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment over that of this process, in which nobody's broker keys are."""
    return {name: value for name, value in os.environ.items() if name not in KEYS} | dict(environment)


def _prefect(environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(
        [PREFECT, *arguments], cwd=ROOT, env=without_keys(environment), check=True, capture_output=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _wait_until_healthy(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            if requests.get(f"{url}/health", timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    raise AssertionError(f"the Prefect server did not answer: {log.read_text()[-2000:]}")
