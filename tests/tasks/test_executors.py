"""The same points whoever computes them, to the bit: this process, a pool, or Dask with a worker that dies on the way."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import load_settings
from config.sweep_overrides import sweep_parameters
from schemas.errors import ConfigError, TemporaryError
from tasks.executors import executor_of
from tasks.sweep_opening import begin_sweep
from tasks.sweep_running import run_sweep
from tests.prefect_processes import free_port, interruptible
from warehouse import Warehouse

DASK = Path(sys.executable).with_name("dask")
GRID = ("end=2012-06-30", "lookback=63,126", "max_weight=0.2,0.35,0.5", "minimum_acceptable_return=0,0.0005")
NOW = dt.datetime(2026, 1, 2, 15, tzinfo=dt.UTC)


def evaluated(home, runner, done=lambda _part, _before: None):
    """Checksums of the three tables."""
    told = sweep_parameters(load_settings(), "risk_parity", GRID, chunk=1, runner=runner, workers=1)
    store = Warehouse(home)
    result = run_sweep(store, begin_sweep(store, told, NOW), done)
    return {written.name: written.sha256 for written in result.artifacts}


@pytest.fixture(scope="module")
def in_process(tmp_path_factory):
    return evaluated(tmp_path_factory.mktemp("here"), "in_process")


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process as on a machine of its own: address and workers."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with ExitStack() as running:

        def start(*words):
            command = [DASK, *words]
            return running.enter_context(interruptible(command, {}, tmp_path / f"{words[0]}.log"))

        start("scheduler", "--host", address, "--no-dashboard")
        worker = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        yield address, [start(*worker, "--name", name) for name in ("first", "second")]


def test_a_pool_computes_the_same_to_the_bit(in_process, tmp_path):
    assert evaluated(tmp_path / "home", "process_pool") == in_process


@pytest.mark.crash
def test_a_dask_worker_is_killed_and_no_point_is_lost_doubled_or_different(in_process, cluster, tmp_path):
    address, (first, _) = cluster
    finished = []

    def done(part, _before):
        finished.append(part)
        if len(finished) == 1:
            first.send_signal(signal.SIGKILL)

    assert evaluated(tmp_path / "home", address, done) == in_process
    assert first.wait(10) == -signal.SIGKILL
    assert len(finished) == len(set(finished)) == 12


def test_a_pool_ends_with_whoever_started_it(tmp_path):
    """Its processes wait for work for ever; nobody would send any after a `kill -9`."""
    script = (
        "import os, time; from tasks.executors import executor_of\n"
        "if __name__ == '__main__':\n"
        "    with executor_of('process_pool', 1) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True); time.sleep(600)\n"
    )
    (tmp_path / "script.py").write_text(script)
    with subprocess.Popen(
        [sys.executable, tmp_path / "script.py"], stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    _wait_until_gone(child)


def test_without_a_scheduler_there_is_a_remedy():
    with (
        pytest.raises(TemporaryError, match="dask scheduler"),
        executor_of(f"tcp://127.0.0.1:{free_port()}", None),
    ):
        pass


def test_without_dask_there_is_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(ConfigError, match=r"riskparity\[dask\]"), executor_of("dask", 2):
        pass


def _wait_until_gone(process):
    for _ in range(600):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {process} lives on")
