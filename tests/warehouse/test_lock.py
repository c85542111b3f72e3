"""One run at a time in one state folder; the system frees it when the process dies."""

import signal
import subprocess
import sys

import pytest

from schemas.errors import GuardRefusal
from warehouse.lock import single_flight

HOLD = """
import pathlib, sys, time
from warehouse.lock import single_flight
with single_flight(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_until_the_first_has_ended(tmp_path):
    with single_flight(tmp_path), pytest.raises(GuardRefusal, match="under way"), single_flight(tmp_path):
        pytest.fail("two runs at once")

    with single_flight(tmp_path):
        pass


def test_scenario_15_of_two_processes_one_gets_the_folder_and_a_killed_one_frees_it(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(GuardRefusal), single_flight(tmp_path):
        pytest.fail("two runs at once")

    other.send_signal(signal.SIGKILL)
    other.wait()

    with single_flight(tmp_path):
        pass


def test_an_error_inside_a_run_is_passed_on_and_frees_the_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), single_flight(tmp_path):
        raise ZeroDivisionError

    with single_flight(tmp_path):
        pass
