"""``riskparity serve``: Prefect's server, the deployments and a worker on one machine, kept alive until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import requests

from config.settings import home
from flows import screens
from flows.children import Child, end_tree
from flows.served import Served, alone, forget, last_served, served_api, write_down
from schemas.errors import ConfigError, RiskParityError, TemporaryError

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
"""Prefect's server asks nobody who he is, so only this machine may reach it."""
KEYS = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "I_UNDERSTAND_LIVE")
"""What only the worker's runs need: the server never has it."""
PATIENCE = 180.0
"""Seconds for a server on a busy machine to make its database."""


def serve(port: int) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Raises:
        GuardRefusal: Another one serves this state folder.
        ConfigError: The port is taken, or the deployments cannot be made.
        TemporaryError: The server does not come up.
    """
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.default_int_handler)
    state = home()
    with alone(state):
        _end_what_was_left(state)
        _require_free(port)
        environment = _environment(state, port)
        os.environ.update(environment)  # before Prefect is imported here
        children = _children(state, port, environment)
        try:
            _begin(state, environment, children)
            _watch(state, environment, children)
        except KeyboardInterrupt:
            screens.talk(
                "\nEnding the worker, then the server. A run under way goes on where it stopped when it is retried."
            )
        finally:
            # what ends here has been told so once, and each of them is killed if it takes too long
            for interruption in (signal.SIGINT, signal.SIGTERM):
                signal.signal(interruption, signal.SIG_IGN)
            for child in reversed(children):
                child.stop()
            forget(state)
    return 0


def deploy() -> int:
    """Bring the server that ``PREFECT_API_URL`` names, or that of ``serve``, up to date with this checkout.

    Raises:
        ConfigError: No server is named, or the deployments cannot be made.
        TemporaryError: The server does not answer, or schedules nothing.
    """
    api = os.environ.get("PREFECT_API_URL") or served_api(home())
    if api is None:
        raise ConfigError(
            "No Prefect server is named",
            remedy="Set PREFECT_API_URL to that of a running one, or start one here: riskparity serve",
        )
    os.environ["PREFECT_API_URL"] = api  # before Prefect is imported here
    _install(api)
    return 0


def _install(api: str) -> None:
    """Wait for the server, make what belongs into it, and say what runs when."""
    from flows.deploying import install  # noqa: PLC0415 - Prefect reads its settings when it is imported

    _wait_until_healthy(api)
    cells = [
        (row.deployment, f"{row.starts:%a %Y-%m-%d %H:%M} New York" if row.starts else "on request")
        for row in install(api)
    ]
    screens.rows("Deployments", ["deployment", "next run"], cells)


def _environment(state: Path, port: int) -> dict[str, str]:
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(state / "prefect"),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "RISKPARITY_HOME": str(state),
        "PROJECT_DIR": str(ROOT),
    }


def _children(state: Path, port: int, environment: Mapping[str, str]) -> tuple[Child, Child]:
    everything = {**os.environ, **environment}
    prefect = [sys.executable, "-m", "prefect"]
    server = Child(
        "server",
        [*prefect, "server", "start", "--host", HOST, "--port", str(port)],
        {name: value for name, value in everything.items() if name not in KEYS},
        ROOT,
        state / "prefect" / "server.log",
        screens.talk,
    )
    worker = Child(
        "worker",
        [*prefect, "worker", "start", "--pool", "local", "--name", "local"],
        everything,
        ROOT,
        state / "prefect" / "worker.log",
        screens.talk,
    )
    return server, worker


def _begin(state: Path, environment: Mapping[str, str], children: tuple[Child, Child]) -> None:
    server, worker = children
    api = environment["PREFECT_API_URL"]
    url = api.removesuffix("/api")
    screens.talk(
        f"Starting Prefect's server on {url}; the first time it makes its database, up to a minute ..."
    )
    server.start()
    _note(environment, state, children)
    _wait_until_healthy(api, server)
    screens.talk("Deployments and automations ...")
    _install(api)
    worker.start()
    _note(environment, state, children)
    screens.talk(f"Look and click: {url}    Logs and database: {state / 'prefect'}")
    screens.talk("Serving until Ctrl-C.")


def _watch(state: Path, environment: Mapping[str, str], children: tuple[Child, Child]) -> None:
    while True:
        time.sleep(1)
        revived = [child for child in children if child.revive()]
        if revived:
            _note(environment, state, children)
        if children[0] in revived:
            _greet(environment["PREFECT_API_URL"], children[0])


def _greet(api: str, server: Child) -> None:
    """Ask a server that was away after the runs it believes in; what fails is said, and the serving goes on."""
    try:
        _wait_until_healthy(api, server)
        _install(api)
    except RiskParityError as error:
        screens.talk(str(error))


def _wait_until_healthy(api: str, server: Child | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not (server and server.ended):
        try:
            if requests.get(f"{api}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise TemporaryError(
        "Prefect's server did not come up",
        figures={"server": api} | ({"the end of its log": _tail(server.log)} if server else {}),
        remedy="Mend what its log says, then run the same command again.",
    )


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:] if log.exists() else "empty"


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise ConfigError(
                f"Port {port} is taken; nothing was started",
                remedy=f"End what listens there (a Prefect server of yours?), or serve on another: riskparity serve --port {port + 1}",
            ) from None


def _note(environment: Mapping[str, str], state: Path, children: tuple[Child, Child]) -> None:
    began = {
        str(child.process.pid): psutil.Process(child.process.pid).create_time()
        for child in children
        if child.process
    }
    write_down(state, Served(environment["PREFECT_API_URL"], began))


def _end_what_was_left(state: Path) -> None:
    """End the server and worker of one that was killed."""
    served = last_served(state)
    for pid, began in served.began.items() if served else ():
        if psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).create_time() == began:
            screens.talk(
                f"An earlier `riskparity serve` was killed and left process {pid} behind; it is ended first."
            )
            end_tree(int(pid))
