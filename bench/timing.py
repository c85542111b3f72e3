"""CPU time of solvers taken in turns in one process, so that whatever slows the machine slows all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.windows import Window
from portfolio.arrays import FloatArray

TURN = 0.02
"""CPU seconds after which a solver's turn in a round ends: quick ones solve all its windows, slow ones the first."""
_ELSEWHERE = 0.1
"""CPU time outside this thread, as a share of that inside, from which a solver counts as using other threads ..."""
_CLOCKS = 2e-5
"""... unless it is below this many seconds a lap: reading two clocks takes a microsecond or two."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Weights (N,), none of them for the floor, and what the solver itself said."""

    weights: FloatArray
    said: str


Solve = Callable[[Window], Answer]


@dataclass(frozen=True)
class Lap:
    """One solve: CPU seconds of this thread and of the whole process."""

    thread: float
    process: float


@dataclass
class Laps:
    """Everything one solver did: its laps, and its answers to the first window of each round by round."""

    laps: list[Lap] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    failure: str = ""

    @property
    def seconds(self) -> float:
        """Median CPU seconds of a solve: this thread's, or the process's for a solver with threads of its own."""
        if not self.laps:
            return float("nan")
        return median(lap.process if self.threaded else lap.thread for lap in self.laps)

    @property
    def threaded(self) -> bool:
        """Whether other threads worked for this solver."""
        thread, process = sum(lap.thread for lap in self.laps), sum(lap.process for lap in self.laps)
        return process - thread > max(_ELSEWHERE * thread, _CLOCKS * len(self.laps))

    @property
    def spent(self) -> float:
        """CPU seconds over all laps."""
        return sum(lap.process for lap in self.laps)


def race(
    solvers: Mapping[str, Solve], rounds: Sequence[Sequence[Window]], allowance: float
) -> dict[str, Laps]:
    """Let all solvers solve each round's windows by turns, a different one first in each round.

    Args:
        solvers: By name.
        rounds: Windows of each round; the first is solved by everybody, the others while the turn lasts.
        allowance: CPU seconds after which a solver sits out further rounds.

    A solver that raises is out; its message is kept.
    """
    names = list(solvers)
    results = {name: Laps() for name in names}
    gc.collect()
    gc.freeze()  # so that collecting between rounds looks only at what the solvers left behind
    gc.disable()
    try:
        for number, batch in enumerate(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                if results[name].spent < allowance and not results[name].failure:
                    _turn(solvers[name], batch, results[name], number)
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return results


def lap(solve: Solve, window: Window) -> tuple[Lap, Answer]:
    """One timed solve."""
    process, thread = time.process_time(), time.thread_time()
    answer = solve(window)
    return Lap(time.thread_time() - thread, time.process_time() - process), answer


def clock_resolution() -> float:
    """Smallest step of the thread's CPU clock that can be seen here, seconds; a coarse clock times nothing short."""
    return min(_step(time.thread_time) for _ in range(1000))


def _turn(solve: Solve, batch: Sequence[Window], result: Laps, number: int) -> None:
    begun = time.thread_time()
    for place, window in enumerate(batch):
        try:
            taken, answer = lap(solve, window)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            result.failure = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            return
        result.laps.append(taken)
        if place == 0:
            result.answers[number] = answer
        if time.thread_time() - begun > TURN:
            return


def _step(clock: Callable[[], float]) -> float:
    start = clock()
    while (now := clock()) == start:
        pass
    return now - start
