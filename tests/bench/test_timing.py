from __future__ import annotations

import gc
import time

import numpy as np
import pytest

from bench.timing import TURN, Answer, Lap, Laps, race
from bench.windows import Window

WEIGHTS = Answer(np.ones(1), "fine")


def some(count):
    return [Window(np.full((2, 1), float(number))) for number in range(count)]


def in_rounds(rounds, batch=1):
    return [some(batch) for _ in range(rounds)]


class Recorder:
    """Solvers that write down when each was called, and with which window."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []

    def solver(self, name, busy=0.0):
        def solve(window):
            self.calls.append((name, window.returns[0, 0]))
            until = time.thread_time() + busy
            while time.thread_time() < until:
                pass
            return WEIGHTS

        return solve


def test_solvers_take_turns_and_each_round_begins_with_another():
    recorder = Recorder()
    race({name: recorder.solver(name) for name in "abc"}, in_rounds(3), allowance=9.0)
    assert [name for name, _ in recorder.calls] == list("abcbcacab")


def test_a_quick_solver_solves_all_windows_of_a_round_and_a_slow_one_the_first():
    recorder = Recorder()
    solvers = {"quick": recorder.solver("quick"), "slow": recorder.solver("slow", busy=1.5 * TURN)}
    results = race(solvers, in_rounds(2, batch=4), allowance=9.0)
    assert [number for name, number in recorder.calls if name == "slow"] == [0.0, 0.0]
    assert [number for name, number in recorder.calls if name == "quick"] == [0.0, 1.0, 2.0, 3.0] * 2
    # both answered the first window of each round, and there they can be compared
    assert set(results["slow"].answers) == set(results["quick"].answers) == {0, 1}


def test_time_is_the_median_so_one_interruption_does_not_count():
    assert Laps([Lap(1.0, 1.0), Lap(50.0, 50.0), Lap(2.0, 2.0)]).seconds == 2.0


def test_work_done_in_other_threads_counts():
    alone, helped = Laps([Lap(1.0, 1.001)] * 3), Laps([Lap(1.0, 1.8)] * 3)
    assert (alone.threaded, alone.seconds) == (False, 1.0)
    assert (helped.threaded, helped.seconds) == (True, 1.8)


def test_the_time_is_that_of_the_work():
    busy = 0.05
    laps = race({"slow": Recorder().solver("slow", busy)}, in_rounds(2), allowance=9.0)["slow"]
    assert busy <= laps.seconds
    assert laps.spent >= 2 * busy


def test_who_has_used_the_allowance_sits_out():
    recorder = Recorder()
    solvers = {"slow": recorder.solver("slow", busy=0.03), "quick": recorder.solver("quick")}
    results = race(solvers, in_rounds(5), allowance=0.05)
    assert (len(results["slow"].laps), len(results["quick"].laps)) == (2, 5)


def test_who_fails_is_out_and_says_why():
    def fail(window):
        raise ValueError("singular matrix\nand a long trace")

    results = race({"bad": fail, "good": Recorder().solver("good")}, in_rounds(3), allowance=9.0)
    assert results["bad"].failure == "ValueError: singular matrix"
    assert np.isnan(results["bad"].seconds)
    assert len(results["good"].laps) == 3


@pytest.mark.parametrize("solver", ["good", "bad"])
def test_the_collector_runs_again_after_a_race(solver):
    def fail(window):
        raise KeyboardInterrupt

    solvers = {"good": Recorder().solver("good"), "bad": fail}
    try:
        race({solver: solvers[solver]}, in_rounds(1), allowance=1.0)
    except KeyboardInterrupt:
        assert solver == "bad"
    assert gc.isenabled()
