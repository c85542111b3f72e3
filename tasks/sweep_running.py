"""A sweep without Prefect, from prices to the row that makes it visible: for the command line, benchmarks and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool

from schemas.errors import TemporaryError
from schemas.sweep_results import OpenedSweep, Part, SweepResult
from tasks.executors import executor_of
from tasks.sweep_parts import evaluate_points
from tasks.sweep_results import finish_sweep, finished_sweep
from warehouse import Warehouse
from warehouse.sweep_parts import SweepParts


def run_sweep(
    store: Warehouse, opened: OpenedSweep, done: Callable[[Part, bool], None] = lambda _part, _before: None
) -> SweepResult:
    """Evaluate every part that is not finished yet, wherever the parameters say, and put all of them together.

    Args:
        store: Where artifacts are; on the same path wherever parts are evaluated.
        opened: What ``begin_sweep`` returned.
        done: Hears of each part that is finished, and whether it already was.

    Raises:
        TemporaryError: A process of the pool died, or no Dask scheduler answers; what is finished is kept.
    """
    earlier = finished_sweep(store, opened)
    if earlier is not None:
        return earlier
    kept = SweepParts(store.root, opened.sweep)
    waiting = []
    for part in opened.parts:
        if kept.finished(part):
            done(part, True)  # noqa: FBT003 - said in the signature
        else:
            waiting.append(part)
    if waiting:
        with executor_of(opened.parameters.runner, opened.parameters.workers) as executor:
            for part in _evaluated(store, opened, waiting, executor):
                done(part, False)  # noqa: FBT003
    return finish_sweep(store, opened)


def _evaluated(
    store: Warehouse, opened: OpenedSweep, waiting: list[Part], executor: Executor | None
) -> Iterator[Part]:
    """Parts as they are finished."""
    if executor is None:
        yield from (evaluate_points(store, opened, part) for part in waiting)
        return
    try:
        for future in as_completed(
            [executor.submit(evaluate_points, store, opened, part) for part in waiting]
        ):
            yield future.result()
    except BrokenProcessPool:
        raise TemporaryError(
            "A process of the pool was killed, perhaps for want of memory; what is finished is kept",
            figures={"parts to do": len(waiting)},
            remedy="Give the same command again: it goes on where it stopped; fewer --workers need less memory.",
        ) from None
