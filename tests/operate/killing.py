"""The kill matrix: who is killed, where in the rebalance, what became of the run, and of its orders. ``make kill-matrix``.

``riskparity serve`` as it is, with its server, its worker and the deployment of the rebalance. Who dies is begun again by
it; when the whole machine dies it is started anew. The loopback exchange lives on, as the broker would. Takes an hour.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import requests

from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from schemas.settings import ExchangeSettings
from tests.operate.operator import Operator
from tests.prefect_processes import free_port, interruptible

RISKPARITY = Path(sys.executable).with_name("riskparity")
SERVING = "Serving until Ctrl-C."
VICTIMS = ("flow process", "worker", "server", "the machine")
POINTS = ("before the orders", "between a POST and its answer", "after the orders, before the books")
REBOOT, POWER_CUT = 10.0, 300.0
"""Seconds for which the machine is down."""
PATIENCE = 900.0
SECOND_REPORT = 60.0
"""Seconds before a Retry: the worker reports the death of a process twice, and would end a retry with the second time."""
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


class Served:
    """``riskparity serve`` in a state folder of its own, whose processes can be killed."""

    def __init__(self, folder: Path) -> None:
        self.log, self.port = folder / "serve.log", free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._environment = {"RISKPARITY_HOME": str(folder / "served"), "DO_NOT_TRACK": "1"}
        self._stack = ExitStack()

    def begin(self) -> None:
        """Start it; returns when it serves."""
        command = [RISKPARITY, "serve", "--port", str(self.port)]
        began = self.log.read_text().count(SERVING) if self.log.exists() else 0
        self._process = psutil.Process(
            self._stack.enter_context(interruptible(command, self._environment, self.log)).pid
        )
        wait(lambda: self.log.read_text().count(SERVING) > began, "it does not serve")

    def kill(self, victim: str) -> None:
        """SIGKILL."""
        parts = {name: self._part(name) for name in ("server", "worker")}
        flows = parts["worker"].children(recursive=True)
        doomed = {
            "flow process": flows,
            "worker": [parts["worker"]],
            "server": [parts["server"], *parts["server"].children(recursive=True)],
            "the machine": [self._process, *self._process.children(recursive=True)],
        }[victim]
        for process in doomed:
            process.kill()
        psutil.wait_procs(doomed, timeout=30)

    def come_back(self) -> None:
        """Until its server answers."""
        wait(self._answers, "its server does not answer")

    def end(self) -> None:
        self._stack.close()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def _part(self, name: str) -> psutil.Process:
        return next(child for child in self._process.children() if [name, "start"] == child.cmdline()[3:5])


@contextmanager
def served(folder: Path) -> Iterator[tuple[Served, Operator]]:
    """Everything running, and an operator who has paused the schedules."""
    here = Served(folder)
    try:
        here.begin()
        with Operator.at(here.url) as operator:
            operator.pause_schedules()
            yield here, operator
    finally:
        here.end()


def killed(
    here: Served, operator: Operator, victim: str, point: str, home: Path, *, down: float = REBOOT
) -> Cell:
    """Kill, after ``down`` seconds reboot the machine if it was that, wait for the run's end, retry it, and count."""
    deployment, job = operator.deployment("weekly-rebalance").id, {"env": {"RISKPARITY_HOME": str(home)}}
    with _exchange(home) as control:
        control.set_faults(*faults(point))
        run = operator.client.create_flow_run_from_deployment(deployment, job_variables=job)
        wait_for(point, control, home)
        at = dt.datetime.now(dt.UTC)
        here.kill(victim)
        control.set_faults()
        if victim == "the machine":
            time.sleep(down)
            here.begin()
        here.come_back()
        ended = operator.ended(run.id, patience=PATIENCE)
        retried = None
        if not ended.state.is_completed():
            time.sleep(SECOND_REPORT)
            retried = operator.retry(ended, patience=PATIENCE).state.name
        later = operator.client.create_flow_run_from_deployment(deployment, job_variables=job)
        sent = orders(control)
        return Cell(
            victim=victim,
            point=point,
            state=f"{ended.state.name}: {ended.state.message or ''}".split(". ")[0],
            after=(ended.state.timestamp - at).total_seconds(),
            retry=retried or "not needed",
            orders=len(sent),
            doubled=len(sent) - len(set(sent)) + len(control.violations()),
            next_run=operator.ended(later.id, patience=PATIENCE).state.name,
        )


def main(*chosen: str) -> None:
    """Print one line a cell as it ends. ``chosen``: victims; all of them when none is named. The machine also dies of a power cut."""
    folder = Path(tempfile.mkdtemp(prefix="kill-matrix-"))
    cells = [(victim, point, REBOOT) for victim in chosen or VICTIMS for point in POINTS]
    if not chosen or "the machine" in chosen:
        cells.append(("the machine", POINTS[1], POWER_CUT))
    print(
        "| killed | when | the run became | after | retry | orders | doubled | next run |\n"
        + "|---" * 8
        + "|"
    )
    with served(folder) as (here, operator):
        for number, (victim, point, down) in enumerate(cells):
            cell = killed(here, operator, victim, point, folder / str(number), down=down)
            gone = f"{victim}, {down:.0f} s down" if victim == "the machine" else victim
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
    """What the exchange has to do so that there is time to kill at that point."""
    held = {"action": "delay", "seconds": HELD, "times": 1}
    return {
        POINTS[0]: [{"path": "/v2/stocks/bars", **held}],
        POINTS[1]: [{"method": "POST", "path": "/v2/orders", **held}],
        POINTS[2]: [],
    }[point]


def wait_for(point: str, control: ExchangeControl, home: Path) -> None:
    """Until the exchange keeps an answer back, or the last of what the sending of orders writes is there."""

    def reached() -> bool:
        held = any(rule["matches"] for rule in control.faults())
        return held or bool(list(home.glob("artifacts/positions/*/*.parquet")))

    wait(reached, f"it never came to: {point}")


def orders(control: ExchangeControl) -> list[tuple[str, str]]:
    """Side and symbol of every order the exchange has, whatever became of it."""
    keys = {"APCA-API-KEY-ID": control.address.key_id, "APCA-API-SECRET-KEY": control.address.secret_key}
    query = {"status": "all", "limit": 500}
    found = requests.get(f"{control.address.url}/v2/orders", params=query, headers=keys, timeout=30).json()
    return [(order["side"], order["symbol"]) for order in found]


def wait(reached: Callable[[], bool], otherwise: str) -> None:
    """Until it is so; fails when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
