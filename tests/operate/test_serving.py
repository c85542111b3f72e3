"""`riskparity serve` with the real prefect.yaml: what it schedules, what it outlives, and what is left when it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
import yaml
from prefect.client.schemas.sorting import FlowRunSort

from tests.operate.operator import Operator
from tests.prefect_processes import ROOT, free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

RISKPARITY = Path(sys.executable).with_name("riskparity")
SECRET = "nobody-may-read-this-9f2b"
NEW_YORK = ZoneInfo("America/New_York")


class Serving:
    """One `riskparity serve`, and what it says."""

    def __init__(self, process, home, port):
        self.process, self.home, self.port = process, home, port
        self.log = home / "serve.log"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/api"

    def children(self):
        """Process ids of server and worker, by their order."""
        return [int(pid) for pid in json.loads((self.home / "serve.json").read_text())["began"]]

    def says(self, text, *, patience=500):
        deadline = time.monotonic() + patience
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)


def environment(home):
    return {
        "RISKPARITY_HOME": str(home),
        "ALPACA_API_KEY": "PK", "ALPACA_SECRET_KEY": SECRET,
        "RISKPARITY__BROKER__VENUE": "loopback",  # a run that is due meanwhile must not try the key
    }  # fmt: skip


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    home, port = tmp_path_factory.mktemp("serve"), free_port()
    command = [RISKPARITY, "serve", "--port", str(port)]
    (home / "serve.log").touch()
    with (home / "serve.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=home, env={**os.environ, **environment(home)}, stdout=log, stderr=log,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - as a shell starts it with &
        )  # fmt: skip
        serving = Serving(process, home, port)
        try:
            serving.says("Serving until Ctrl-C")
            yield serving
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def operator(serving):
    with Operator.at(serving.url) as operator:
        yield operator


def again(home, port):
    command = [RISKPARITY, "serve", "--port", str(port)]
    return subprocess.run(
        command,
        env={**os.environ, **environment(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_schedule_of_the_file_has_its_next_run_in_new_york(serving, operator):
    described = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    said = serving.log.read_text()

    assert {row["name"] for row in described} == {row.name for row in operator.client.read_deployments()}
    for row in described:
        line = next(line.rstrip() for line in said.splitlines() if line.startswith(f"{row['name']} "))
        cron = row["schedules"][0]["cron"].split() if "schedules" in row else None
        assert line.endswith(
            "on request" if cron is None else f"{int(cron[1]):02d}:{int(cron[0]):02d} New York"
        )


@pytest.mark.parametrize("change", ["2027-03-14", "2027-11-07"])
def test_the_server_schedules_at_the_same_new_york_time_before_and_after_the_clocks_change(operator, change):
    rebalance = operator.deployment("weekly-rebalance")
    first, last = (f"{change[:8]}{int(change[8:]) + days:02d}T00:00:00Z" for days in (-3, 4))
    span = {"start_time": first, "end_time": last, "min_runs": 5, "max_runs": 5}
    operator.client.request("POST", "/deployments/{id}/schedule", path_params={"id": rebalance.id}, json=span)

    runs = operator.client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_ASC)
    due = [run.expected_start_time for run in runs if first <= run.expected_start_time.isoformat() <= last]

    there = [instant.astimezone(NEW_YORK) for instant in due]
    assert {instant.strftime("%H:%M") for instant in there} == {"10:45"}
    assert [instant.strftime("%a") for instant in there] == ["Thu", "Fri", "Mon", "Tue", "Wed"]
    assert len({instant.utcoffset() for instant in there}) == 2


def test_a_second_one_is_refused_with_a_remedy_and_changes_nothing(serving):
    same_folder = again(serving.home, free_port())
    same_port = again(serving.home / "other", serving.port)

    assert same_folder.returncode == 3
    assert serving.url in same_folder.stderr
    assert "end it with Ctrl-C where it runs" in same_folder.stderr
    assert same_port.returncode == 2
    assert f"Port {serving.port} is taken" in same_port.stderr
    assert f"--port {serving.port + 1}" in same_port.stderr
    assert serving.process.poll() is None


def test_the_keys_are_neither_with_the_server_nor_in_its_database(serving):
    server, worker = (psutil.Process(pid).environ() for pid in serving.children())

    assert "ALPACA_SECRET_KEY" not in server
    assert worker["ALPACA_SECRET_KEY"] == SECRET
    kept = [path for path in (serving.home / "prefect").rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in kept)
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_a_worker_that_died_is_begun_again(serving):
    _, worker = serving.children()
    os.kill(worker, signal.SIGKILL)

    serving.says("The worker ended with signal SIGKILL; it is begun again")

    until = time.monotonic() + 60
    while (begun := serving.children()[1]) == worker and time.monotonic() < until:  # said first, then noted
        time.sleep(0.2)
    assert begun != worker
    assert psutil.pid_exists(begun)


def test_ctrl_c_leaves_no_process_and_says_so_with_its_exit_code(serving):
    family = psutil.Process(serving.process.pid).children(recursive=True)

    serving.process.send_signal(signal.SIGINT)

    assert serving.process.wait(120) == 0
    assert len(family) >= 2
    assert not [process for process in family if process.is_running()]
    assert not (serving.home / "serve.json").exists()
    assert "Traceback" not in serving.log.read_text()
