"""Who computes the parts of a sweep: this process, a pool of processes, or Dask, here or on other machines.

The same setting for the command line, as an executor of the standard library, and for a flow, as a task runner of Prefect.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from types import ModuleType
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
        distributed = _dask("distributed")
        options = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
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
    dask_runner = _dask("prefect_dask").DaskTaskRunner
    if runner == DASK:
        made: TaskRunner[Any] = dask_runner(
            cluster_kwargs={"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
        )
        return made
    running: TaskRunner[Any] = dask_runner(address=runner)
    return running


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    distributed = _dask("distributed")
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


def _dask(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            "Dask is not installed",
            figures={"missing": error.name},
            remedy="Install it, `pip install 'riskparity[dask]'`, or take --runner process_pool.",
        ) from None


def _end_with_parent() -> None:
    """A worker of a pool waits for work for ever, also when whoever gives it was killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
