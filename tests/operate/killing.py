"""The kill matrix: who is killed, where in the rebalance, what became of the run, and of its orders. ``make kill-matrix``.

A real server, a real worker and the deployment of prefect.yaml. What is killed is begun again after ten seconds, as a
supervisor does it; the loopback exchange lives on, as the broker would. Takes an hour.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import requests

from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from schemas.settings import ExchangeSettings
from tests.operate.operator import Operator
from tests.prefect_processes import (
    deploy,
    free_port,
    running_server,
    running_worker,
    server_environment,
    without_keys,
)

RISKPARITY = Path(sys.executable).with_name("riskparity")
VICTIMS = ("flow process", "worker", "server", "all three")
POINTS = ("before the orders", "between a POST and its answer", "after the orders, before the books")
RESTART = 10.0
"""Seconds after which a supervisor begins anew what has died."""
PATIENCE = 900.0
HELD = 8.0
"""Seconds for which the exchange keeps back the answer during which somebody is killed."""


class Cell(NamedTuple):
    """What became of one killing."""

    victim: str
    point: str
    state: str
    """Of the run, once it had ended by itself."""
    after: float
    """Seconds from the killing until then."""
    retry: str
    """Its state after a Retry; empty where it had completed."""
    orders: int
    doubled: int
    next_run: str
    """State of a run that was started afterwards."""


class Site:
    """A Prefect installation whose parts can be killed and begun anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "prefect").mkdir(parents=True)
        self.environment = server_environment(folder / "prefect", free_port())
        self._parts: dict[str, ExitStack] = {}
        self._processes: dict[str, psutil.Process] = {}

    def begin(self, *names: str) -> None:
        """Start ``server`` or ``worker``; a server also gets its automations."""
        for name in names:
            stack = self._parts[name] = ExitStack()
            log = self.folder / "worker.log"
            starting = (
                running_server(self.environment)
                if name == "server"
                else running_worker(self.environment, log)
            )
            self._processes[name] = psutil.Process(stack.enter_context(starting).pid)
            if name == "server":
                subprocess.run(
                    [RISKPARITY, "automations"],
                    env=without_keys(self.environment),
                    check=True,
                    capture_output=True,
                )

    def kill(self, victim: str) -> list[str]:
        """SIGKILL; returns which parts have to be begun anew."""
        worker, server = self._processes["worker"], self._processes["server"]
        flows, uvicorns = worker.children(recursive=True), server.children(recursive=True)
        doomed = {
            "flow process": flows,
            "worker": [worker],
            "server": [server, *uvicorns],
            "all three": [worker, server, *flows, *uvicorns],
        }[victim]
        for process in doomed:
            process.kill()
        psutil.wait_procs(doomed, timeout=30)
        return [name for name, process in self._processes.items() if process in doomed]

    def end(self) -> None:
        for stack in reversed(self._parts.values()):
            stack.close()


@contextmanager
def site(folder: Path) -> Iterator[tuple[Site, Operator]]:
    """Everything running, with the deployment of the rebalance."""
    here = Site(folder)
    try:
        here.begin("server")
        deploy(here.environment, "weekly-rebalance")
        with Operator.at(here.environment["PREFECT_API_URL"]) as operator:
            operator.pause_schedules()
            here.begin("worker")
            yield here, operator
    finally:
        here.end()


def killed(
    here: Site, operator: Operator, victim: str, point: str, home: Path, *, down: float = RESTART
) -> Cell:
    """Kill, begin anew after ``down`` seconds, wait for the run's end, retry it, and count."""
    deployment, job = operator.deployment("weekly-rebalance").id, {"env": {"RISKPARITY_HOME": str(home)}}
    with _exchange(home) as control:
        control.set_faults(*faults(point))
        run = operator.client.create_flow_run_from_deployment(deployment, job_variables=job)
        wait_for(point, control, home)
        dead, at = here.kill(victim), time.monotonic()
        control.set_faults()
        if dead:
            time.sleep(down)
            here.begin(*sorted(dead))  # the server first
        ended = operator.ended(run.id, patience=PATIENCE)
        after = time.monotonic() - at
        retried = None if ended.state.is_completed() else operator.retry(ended).state.name
        later = operator.client.create_flow_run_from_deployment(deployment, job_variables=job)
        sent = orders(control)
        return Cell(
            victim=victim,
            point=point,
            state=f"{ended.state.name}: {ended.state.message}",
            after=after,
            retry=retried or "not needed",
            orders=len(sent),
            doubled=len(sent) - len(set(sent)) + len(control.violations()),
            next_run=operator.ended(later.id, patience=PATIENCE).state.name,
        )


def main(*chosen: str) -> None:
    """Print one line a cell as it ends. ``chosen``: victims; all of them, and a long power cut, when none is named."""
    folder = Path(tempfile.mkdtemp(prefix="kill-matrix-"))
    cells = [(victim, point, RESTART) for victim in chosen or VICTIMS for point in POINTS]
    if not chosen:
        cells.append(("all three", POINTS[1], 300.0))
    print(
        "| killed | when | the run became | after | retry | orders | doubled | next run |\n"
        + "|---" * 8
        + "|"
    )
    with site(folder) as (here, operator):
        for number, (victim, point, down) in enumerate(cells):
            cell = killed(here, operator, victim, point, folder / str(number), down=down)
            gone = f"{victim}, {down / 60:.0f} min down" if down > RESTART else victim
            print(
                f"| {gone} | {point} | {cell.state} | {cell.after:.0f} s | {cell.retry} | {cell.orders} | "
                f"{cell.doubled} | {cell.next_run} |",
                flush=True,
            )
    shutil.rmtree(folder)


@contextmanager
def _exchange(home: Path) -> Iterator[ExchangeControl]:
    home.mkdir()
    address = ensure_running(home, ExchangeSettings(idle_exit_seconds=3600))
    try:
        yield ExchangeControl(address)
    finally:
        psutil.Process(address.pid).kill()


def faults(point: str) -> list[dict[str, object]]:
    held = {"action": "delay", "seconds": HELD, "times": 1}
    return {
        POINTS[0]: [{"path": "/v2/stocks/bars", **held}],
        POINTS[1]: [{"method": "POST", "path": "/v2/orders", **held}],
        POINTS[2]: [],
    }[point]


def wait_for(point: str, control: ExchangeControl, home: Path) -> None:
    """Until the exchange keeps an answer back, or the last of what the sending of orders writes is there."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if any(rule["matches"] for rule in control.faults()) or list(
            home.glob("artifacts/positions/*/*.parquet")
        ):
            return
        time.sleep(0.02)
    raise AssertionError(f"never came to: {point}")


def orders(control: ExchangeControl) -> list[tuple[str, str]]:
    """Side and symbol of every order the exchange has, whatever became of it."""
    keys = {"APCA-API-KEY-ID": control.address.key_id, "APCA-API-SECRET-KEY": control.address.secret_key}
    query = {"status": "all", "limit": 500}
    found = requests.get(f"{control.address.url}/v2/orders", params=query, headers=keys, timeout=30).json()
    return [(order["side"], order["symbol"]) for order in found]


if __name__ == "__main__":
    main(*sys.argv[1:])
