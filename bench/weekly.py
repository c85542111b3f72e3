"""Part 3: the whole weekly history of the 20-stock data set, one solve a week."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.peers import COLD, MINIMUM, SKFOLIO, Experience, enter
from bench.quality import constraints_of, nearest_feasible, relative_gap
from bench.races import Effort
from bench.results import Section, Table, Target
from bench.tables import significant
from bench.timing import Solve, lap
from bench.windows import REAL_ASSETS, Shape, Window, real_returns, weekly_ends, weekly_windows
from portfolio.arrays import FloatArray
from portfolio.history import minimise_over_history

_SHAPE = Shape(REAL_ASSETS, 252)
_SAMPLE = 40
"""Without ``full`` the peer is timed on every so-manieth window."""
_PASSES = 3
TOGETHER = "ours, all together"


@dataclass
class _Run:
    """CPU seconds and weights of one pass over windows."""

    seconds: float = 0.0
    solved: list[tuple[Window, FloatArray]] = field(default_factory=list)


def weekly_history(effort: Effort) -> Section:
    """1,612 re-optimisations: all of ours, and of skfolio all or a sample.

    Ours goes over the whole history three times; after each pass the peer solves a third of its windows, so that
    both meet the same machine.
    """
    windows = weekly_windows(_SHAPE.T)
    solvers = enter(MINIMUM, _SHAPE, Experience(effort.patience), [COLD, SKFOLIO]).solvers
    sample = windows if effort.full else windows[::_SAMPLE]
    runs: dict[str, list[_Run]] = {TOGETHER: [], COLD: [], SKFOLIO: []}
    for number in range(_PASSES):
        runs[TOGETHER].append(_together(windows))
        runs[COLD].append(_history(solvers[COLD], windows))
        runs[SKFOLIO].append(_history(solvers[SKFOLIO], sample[number::_PASSES]))
    share = len(sample) / len(windows)
    totals = {name: median(run.seconds for run in runs[name]) for name in (TOGETHER, COLD)}
    totals[SKFOLIO] = sum(run.seconds for run in runs[SKFOLIO]) / share
    note = "" if effort.full else f", extrapolated from {len(sample)} of them"
    return Section(
        "weekly",
        f"{len(windows):,} weekly re-optimisations",
        "20 stocks, 1990 to 2022, a window of 252 sessions every five, the same problem as above; total CPU time. All "
        "together: one call for the whole history, as a sweep makes it.",
        tables=[_table(totals, runs, len(windows), note)],
        targets=[
            Target(
                f"{TOGETHER} ÷ {SKFOLIO}{note}",
                totals[TOGETHER] / totals[SKFOLIO],
                1.0 / 600.0,
                at_least=False,
            )
        ],
    )


def _together(windows: Sequence[Window]) -> _Run:
    begun = time.thread_time()
    history = minimise_over_history(real_returns(), weekly_ends(_SHAPE.T), _SHAPE.T, constraints_of(_SHAPE))
    return _Run(time.thread_time() - begun, list(zip(windows, history.weights, strict=True)))


def _history(solve: Solve, windows: Sequence[Window]) -> _Run:
    run = _Run()
    for window in windows:
        taken, answer = lap(solve, window)
        run.seconds += taken.thread
        run.solved.append((window, answer.weights))
    return run


def _table(totals: dict[str, float], runs: dict[str, list[_Run]], weeks: int, note: str) -> Table:
    lines = [
        (
            name + (note if name == SKFOLIO else ""),
            significant(1e3 * total),
            significant(1e3 * total / weeks),
            significant(total / totals[TOGETHER]),
            f"{_worst_gap(runs[name]):.0e}",
        )
        for name, total in totals.items()
    ]
    return Table(
        f"{weeks:,} windows", ("solver", "CPU ms", "a solve", "÷ all together", "relative gap"), tuple(lines)
    )


def _worst_gap(runs: Iterable[_Run]) -> float:
    constraints = constraints_of(_SHAPE)
    return max(
        relative_gap(window.returns, nearest_feasible(weights, _SHAPE.cap), constraints)
        for run in runs
        for window, weights in run.solved
    )
