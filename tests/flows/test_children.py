"""Processes that are kept alive, and ended with everything they started."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil
import pytest

from flows import children
from flows.children import Child
from flows.served import Served, alone, forget, last_served, served_api, write_down
from flows.serving import _end_what_was_left
from schemas.errors import GuardRefusal

CHATTERBOX = "import time\nwhile True: print('x' * 100, flush=True); time.sleep(0.001)"
STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
PARENT = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True); "
    "print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def child(tmp_path):
    """A process that runs this Python code, and what was told of it."""
    made = []

    def make(code):
        told = []
        command = [sys.executable, "-c", code]
        made.append(
            Child("toy", command, dict(os.environ), tmp_path, tmp_path / "logs" / "toy.log", told.append)
        )
        made[-1].start()
        return made[-1], told

    yield make
    for one in made:
        one.stop()


def eventually(happened):
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ready(one):
    eventually(lambda: one.log.exists() and "ready" in one.log.read_text())


def test_what_was_killed_is_begun_again_and_somebody_is_told(child):
    one, told = child("print('ready', flush=True); import time; time.sleep(60)")
    ready(one)
    first = one.process.pid

    assert not one.revive()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: one.ended)

    assert one.revive()
    assert one.process.pid != first
    assert told == [f"The toy ended with signal SIGKILL; it is begun again. Its log: {one.log}"]


def test_what_ends_again_and_again_is_begun_after_longer_and_longer_pauses(child, monkeypatch):
    one, told = child("raise SystemExit(3)")
    eventually(lambda: one.ended)
    now = time.monotonic()
    monkeypatch.setattr(children.time, "monotonic", lambda: now)
    pauses = []
    for _ in range(9):
        began = now
        while not one.revive():
            now += 1
        pauses.append(now - began)
        one.process.wait()

    assert pauses[:4] == [0, 1, 3, 7]
    assert max(pauses) == 63
    assert "ended with code 3" in told[0]


def test_its_end_is_the_end_of_all_it_started_in_whatever_session(child):
    one, _ = child(PARENT)
    ready(one)
    family = [psutil.Process(one.process.pid), *psutil.Process(one.process.pid).children(recursive=True)]

    one.stop()

    assert len(family) == 2
    assert not any(process.is_running() for process in family)


def test_what_does_not_listen_is_killed(child, monkeypatch):
    monkeypatch.setattr(children, "PATIENCE", 0.3)
    one, _ = child(STUBBORN)
    ready(one)

    one.stop()

    assert one.process.returncode is not None


def test_a_log_stays_within_bounds(child, monkeypatch):
    monkeypatch.setattr(children, "LOG_BYTES", 2_000)
    one, _ = child(CHATTERBOX)

    eventually(lambda: len(list(one.log.parent.glob("toy.log.*"))) == children.LOGS_KEPT)

    assert all(file.stat().st_size <= 2_000 for file in one.log.parent.iterdir())


def test_one_serves_a_state_folder_and_others_find_its_server(tmp_path):
    assert served_api(tmp_path) is None
    with alone(tmp_path):
        write_down(tmp_path, Served("http://127.0.0.1:4200/api", {}))

        assert served_api(tmp_path) == "http://127.0.0.1:4200/api"
        with pytest.raises(GuardRefusal, match="Another `riskparity serve`"), alone(tmp_path):
            pass
        forget(tmp_path)
    assert served_api(tmp_path) is None


def test_what_one_that_was_killed_left_behind_is_ended_and_nobody_else(child, tmp_path):
    """A process id is given to others later: only one that began at the same instant is meant."""
    left, _ = child(PARENT)
    other, _ = child(PARENT)
    ready(left)
    began = psutil.Process(left.process.pid).create_time()
    write_down(
        tmp_path, Served("http://…", {str(left.process.pid): began, str(other.process.pid): began - 60})
    )

    _end_what_was_left(tmp_path)

    assert last_served(tmp_path) is not None
    assert left.ended
    assert not other.ended
