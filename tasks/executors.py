"""Who computes the parts of a sweep: this process, a pool of processes, or Dask, here or on other machines.

The same setting for the command line, as an executor of the standard library, and for a flow, as a task runner of Prefect.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigError, TemporaryError

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

IN_PROCESS, POOL, DASK = "in_process", "process_pool", "dask"


@contextmanager
def executor_of(runner: str, workers: int | None) -> Iterator[Executor | None]:
    """What parts are handed to; nothing where this process does them itself, one after the other.

    Args:
        runner: in_process, process_pool, dask, or the address of a Dask scheduler.
        workers: Processes of a pool or a local cluster; none means one a processor.

    Raises:
        ConfigError: Dask is wanted and not installed.
        TemporaryError: No scheduler answers at the address.
    """
    count = workers or os.cpu_count() or 1
    if runner == IN_PROCESS:
        yield None
    elif runner == POOL:
        # spawn: what a forked process inherits of threads and locks is a matter of luck
        with ProcessPoolExecutor(count, get_context("spawn"), _end_with_parent) as pool:
            yield pool
    elif runner == DASK:
        distributed = _distributed()
        with distributed.LocalCluster(**_local(count)) as cluster, distributed.Client(cluster) as client:
            yield client.get_executor()
    else:
        with _connected(runner) as client:
            yield client.get_executor()


def task_runner(runner: str, workers: int | None) -> TaskRunner[Any]:
    """The same for the tasks of a flow.

    Raises:
        ConfigError: Dask is wanted and not installed.
    """
    from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner  # noqa: PLC0415 - imports for seconds

    count = workers or os.cpu_count() or 1
    if runner == IN_PROCESS:
        return ThreadPoolTaskRunner(max_workers=1)
    if runner == POOL:
        return ProcessPoolTaskRunner(max_workers=count)
    return _dask_task_runner(**({"cluster_kwargs": _local(count)} if runner == DASK else {"address": runner}))


def _local(workers: int) -> dict[str, Any]:
    """A Dask cluster of this machine's processes; the solver is not threaded."""
    return {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout="10s")
    except OSError as error:
        raise TemporaryError(
            "No Dask scheduler answers",
            figures={"address": address, "said": str(error).splitlines()[0]},
            remedy="Start one, `dask scheduler`, and workers, `dask worker ADDRESS --nthreads 1`; docs/scale.md says how.",
        ) from None
    with client:
        yield client


def _distributed() -> Any:
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _no_dask(error) from None
    return distributed


def _dask_task_runner(**options: Any) -> TaskRunner[Any]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _no_dask(error) from None
    made: TaskRunner[Any] = DaskTaskRunner(**options)
    return made


def _no_dask(error: ImportError) -> ConfigError:
    return ConfigError(
        "Dask is not installed",
        figures={"missing": error.name},
        remedy="Install it, `pip install 'riskparity[dask]'`, or take --runner process_pool.",
    )


def _end_with_parent() -> None:
    """A worker of a pool waits for work for ever, also when whoever gives it was killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
