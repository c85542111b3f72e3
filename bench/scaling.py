"""A sweep over processes: a pool, and Dask with scheduler and workers as processes of their own, one of them killed on the way.

Wall and CPU time of the command as a user gives it, interpreter start, prices and compilation caches included; and whether the
tables are the same to the bit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import distributed
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from skfolio.datasets import load_sp500_dataset

from bench.races import Effort
from bench.results import Section, Table, Target
from bench.tables import significant

_log = logging.getLogger(__name__)
_BIN = Path(sys.executable).parent
_GRID = (
    "--set", "lookback=126,189,252,378", "--set", "minimum_acceptable_return=-0.0005,0,0.0002,0.0005,0.001",
    "--set", "max_weight=0.1,0.125,0.15,0.2,0.25,0.3,0.35,0.4,0.5,1.0", "--set", "sleeve_max=1", "--set",
    "sleeve_max_weight=1", "--json",
)  # fmt: skip
_ALL, _SOME_OF_THEM = ("--chunk", "8"), ("--chunk", "4", "--random", "48")
_HERE, _POOL, _DASK = "in process", "process pool", "Dask"
_KILLED = "Dask, 2, one killed on the way"
_UNTIL_KILLED = 3
"""Parts that are finished when it is killed."""


class _Run(NamedTuple):
    wall: float
    cpu: float
    """Of the command, the pool's processes or the cluster's included."""
    tables: dict[str, str]
    """Digests of their rows, by name."""


def scaling(effort: Effort) -> Section:
    """From one process to two, in a pool and on Dask."""
    design, count = (_ALL, 200) if effort.full else (_SOME_OF_THEM, 48)
    runs: dict[str, _Run] = {}
    with tempfile.TemporaryDirectory() as folder:
        prices = _price_file(Path(folder))
        runs[_HERE] = _command(prices, Path(folder, "here"), "in_process", *design)
        for workers in (1, 2):
            name, pool = f"{_POOL}, {workers}", ("--workers", str(workers))
            runs[name] = _command(prices, Path(folder, name), "process_pool", *pool, *design)
            with _cluster(workers) as (address, cluster):
                name = f"{_DASK}, {workers}"
                runs[name] = _command(prices, Path(folder, name), address, *design, cluster=cluster)
        with _cluster(2) as (address, cluster):
            runs[_KILLED] = _command(
                prices, Path(folder, "killed"), address, *design, cluster=cluster, kill=True
            )
    same = sum(run.tables == runs[_HERE].tables for run in runs.values())
    quicker = runs[f"{_DASK}, 1"].wall / runs[f"{_DASK}, 2"].wall
    return Section(
        "scaling",
        "A sweep over processes",
        f"{count} configurations of 20 stocks, 1993 to 2022: `riskparity sweep` from start to end, report included. On Dask the cluster is "
        "there before; scheduler and workers are processes of their own on loopback, and what they used is in the CPU time, "
        "except that of the one that was killed.",
        tables=[_table(runs)],
        targets=[
            Target("rows with the same tables to the bit", float(same), float(len(runs)), at_least=True),
            Target("wall time of Dask, 1 worker ÷ 2 workers", quicker, 1.5, at_least=True),
        ],
    )


def _price_file(folder: Path) -> Path:
    """From 1993 on, where the trading calendar begins."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_sp500_dataset().loc["1993":]
    bars = table.rename_axis(index="session", columns="symbol").stack().rename("close").reset_index()
    bars.to_parquet(folder / "prices.parquet")
    return folder / "prices.parquet"


def _command(
    prices: Path,
    home: Path,
    runner: str,
    *words: str,
    cluster: Sequence[psutil.Popen] = (),
    kill: bool = False,
) -> _Run:
    _log.info("%s ...", home.name)
    command = [_BIN / "riskparity", "sweep", "--prices", prices, *_GRID, "--runner", runner, *words]
    environment = {**os.environ, "RISKPARITY_HOME": str(home)}
    before, begun = _cpu(cluster), time.monotonic()
    with psutil.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        if kill:
            _wait_for_parts(home, process)
            cluster[-1].kill()
            before = _cpu(cluster[:-1])
        answer = process.stdout.read()
        _, _, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    written = json.loads(answer)["artifacts"]
    cpu = used.ru_utime + used.ru_stime + _cpu(cluster[: -1 if kill else None]) - before
    return _Run(wall, cpu, {each["name"]: _content(home / each["uri"]) for each in written})


def _content(file: Path) -> str:
    """Digest of a table without its run's name, which changes with any line of code."""
    table = pq.read_table(file, partitioning=None).drop_columns("run_id")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _cpu(processes: Sequence[psutil.Popen]) -> float:
    """Seconds that they have used so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _wait_for_parts(home: Path, process: psutil.Popen) -> None:
    while process.poll() is None and len(list(home.glob("sweeps/*/*.sweep_points.part"))) < _UNTIL_KILLED:
        time.sleep(0.05)


@contextmanager
def _cluster(workers: int) -> Iterator[tuple[str, Sequence[psutil.Popen]]]:
    """Address of a scheduler, and its process and those of its workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    worker = ["worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    commands = [["scheduler", "--host", address, "--no-dashboard"], *[worker] * workers]
    processes = [psutil.Popen([_BIN / "dask", *words], stderr=subprocess.DEVNULL) for words in commands]
    try:
        with distributed.Client(address, timeout="60s") as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(workers)
        yield address, processes
    finally:
        for process in processes:
            process.terminate()


def _table(runs: dict[str, _Run]) -> Table:
    lines = tuple(
        (
            name,
            significant(run.wall),
            significant(run.cpu),
            significant(runs[_HERE].wall / run.wall),
            "yes" if run.tables == runs[_HERE].tables else "NO",
        )
        for name, run in runs.items()
    )
    return Table("From one process to two", ("who", "wall s", "CPU s", "quicker", "same to the bit"), lines)
