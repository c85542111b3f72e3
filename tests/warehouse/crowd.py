"""Writers and readers of one warehouse in processes of their own, and what each of them saw."""

from __future__ import annotations

import datetime as dt
import time
from multiprocessing.queues import Queue
from pathlib import Path

import duckdb

from schemas.identity import Run
from warehouse import Warehouse
from warehouse.catalogue import CATALOGUE

MONDAY = dt.date(2015, 6, 1)
TABLES = ("returns", "cleaning_log")


def run_of(strategy: str, number: int) -> Run:
    """The run of one writer that has this number."""
    session = MONDAY + dt.timedelta(weeks=number)
    noon = dt.datetime.combine(session, dt.time(16), dt.UTC)
    return Run(strategy=strategy, session=session, decided_at=noon, venue="loopback", account="loopback-1")


def write_run(store: Warehouse, run: Run) -> None:
    """Two tables and the marker: a run is whole when both have its rows."""
    edit = {
        "session": None, "rule": "test", "action": "flagged", "field": None, "raw_value": None, "clean_value": None,
        "detail": "",
    }  # fmt: skip
    sessions = [run.session - dt.timedelta(days=back) for back in range(50)]
    store.put(run, "returns", [{"symbol": "SPY", "session": day, "daily_return": 0.01} for day in sessions])
    store.put(run, "cleaning_log", [{"symbol": f"S{k}", **edit} for k in range(50)])
    store.commit(run, "complete", flow_run_id=None, code_version="1")


def write(root: Path, writer: str, seconds: float, seen: Queue) -> None:
    """Write runs until the time is over; tells how many, and how long each took."""
    store, took, over = Warehouse(root), [], time.monotonic() + seconds
    while time.monotonic() < over:
        began = time.perf_counter()
        write_run(store, run_of(writer, len(took)))
        took.append(time.perf_counter() - began)
    seen.put(("writer", len(took), took))


def read(root: Path, seconds: float, seen: Queue) -> None:
    """Ask with one session held open; tells how many answers showed half of a run, and how long each took."""
    took, torn, over = [], 0, time.monotonic() + seconds
    sql = """select count(*) from runs full join (select run_id, count(*) as n from returns group by 1) r using (run_id)
             full join (select run_id, count(*) as n from cleaning_log group by 1) c using (run_id)
             where r.n is distinct from 50 or c.n is distinct from 50"""
    with duckdb.connect(root / CATALOGUE, read_only=True) as session:
        while time.monotonic() < over:
            began = time.perf_counter()
            torn += session.execute(sql).fetchone()[0]
            took.append(time.perf_counter() - began)
    seen.put(("reader", torn, took))


def write_for_ever(root: Path, writer: str) -> None:
    """Write runs until killed."""
    store, number = Warehouse(root), 0
    while True:
        write_run(store, run_of(writer, number))
        number += 1
