"""Four writers and four readers at once, and writers killed at any moment: nothing lost, nothing torn, no half of a run."""

import multiprocessing
import os
import random
import time

import numpy as np
import pytest

from tests.warehouse import crowd
from warehouse import Warehouse
from warehouse.catalogue import publish
from warehouse.check import check
from warehouse.query import query

SECONDS = float(os.environ.get("CROWD_SECONDS", "4"))
KILLS = int(os.environ.get("CROWD_KILLS", "20"))
"""`make crowd` takes a minute and a hundred, and prints the figures."""


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """Processes that start at once: everything that has to be loaded is loaded in this one."""
    crowd.write_run(Warehouse(tmp_path_factory.mktemp("warm")), crowd.run_of("warm", 0))
    return multiprocessing.get_context("fork")


def say(line):
    """Shown by `pytest -s`."""
    print(line)  # noqa: T201


@pytest.mark.timeout(300)
def test_four_writers_and_four_readers_neither_lose_nor_tear_anything(processes, tmp_path):
    publish(tmp_path)
    seen = processes.Queue()
    writers = [
        processes.Process(target=crowd.write, args=(tmp_path, f"w{k}", SECONDS, seen)) for k in range(4)
    ]
    readers = [processes.Process(target=crowd.read, args=(tmp_path, SECONDS, seen)) for _ in range(4)]
    for process in (*writers, *readers):
        process.start()
    told = [seen.get(timeout=SECONDS + 120) for _ in (*writers, *readers)]
    for process in (*writers, *readers):
        process.join()

    written = sum(count for kind, count, _ in told if kind == "writer")
    assert written > 0
    assert query(tmp_path, "select count(*) as n from all_runs")["n"].to_pylist() == [written]
    assert sum(torn for kind, torn, _ in told if kind == "reader") == 0
    assert all(took for _, _, took in told)
    assert check(tmp_path).sound
    for kind, what in (("writer", "runs written"), ("reader", "joins of three views")):
        took = np.array([second for each, _, times in told if each == kind for second in times])
        median, slow = np.quantile(took, (0.5, 0.99))
        say(f"{len(took)} {what}: median {median:.3f} s, 99% {slow:.3f} s, longest {took.max():.3f} s")


@pytest.mark.crash
@pytest.mark.timeout(1200)
def test_a_writer_killed_at_any_moment_leaves_nothing_torn(processes, tmp_path):
    publish(tmp_path)
    draw = random.Random(7)
    for kill in range(KILLS):
        writer = processes.Process(target=crowd.write_for_ever, args=(tmp_path, f"w{kill}"))
        writer.start()
        before, began = len(list(tmp_path.glob("artifacts/runs/*/w*"))), time.monotonic()
        while writer.is_alive() and len(list(tmp_path.glob("artifacts/runs/*/w*"))) == before:
            time.sleep(0.005)  # it is at work
        time.sleep(draw.uniform(0, time.monotonic() - began))  # somewhere in its second run
        writer.kill()
        writer.join()

    found = check(tmp_path)
    begun, finished = (len([*tmp_path.glob(f"artifacts/{name}/*/w*")]) for name in ("returns", "runs"))
    say(
        f"{KILLS} writers killed: {found.files} files, {finished} whole runs, {begun - finished} in the middle"
    )
    torn = [finding for finding in found.findings if finding.kind in {"damaged", "altered", "missing"}]
    assert torn == []
    assert found.files > 3 * KILLS
    whole = "select count(*) as n from all_runs semi join all_returns using (run_id) semi join all_cleaning_log using (run_id)"
    assert query(tmp_path, whole)["n"] == query(tmp_path, "select count(*) as n from all_runs")["n"]
