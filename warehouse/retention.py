"""What need not be kept for ever. Nothing that a traded decision rests on goes unless that is asked for by name.

The record itself is never removed: openings, claims, runs, decisions, weights, plans, orders, fills, positions, performance,
every bar ever learnt, and that a backtest was run.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.artifacts import ARTIFACTS, MARKERS, SIMULATED
from warehouse import files
from warehouse.catalogue import folder
from warehouse.lock import housekeeping
from warehouse.query import query

INPUTS = ("window_bars", "returns")
"""What decisions are derived from again, and nearly all of a run's bytes."""
LEFTOVER = dt.timedelta(days=1)
_LOG = "pruned.jsonl"


class Removed(NamedTuple):
    """A file that goes, or would."""

    uri: str
    bytes: int
    why: str


def prune(
    root: Path, *, older_than: dt.timedelta, decisions: bool = False, dry_run: bool = False
) -> list[Removed]:
    """Remove inputs of plans and of runs that died before they sent anything, tables of backtests, and leftovers.

    Each file is noted with its checksum in ``pruned.jsonl`` before it is removed, so that a check knows that nothing is lost.

    Args:
        root: The state folder.
        older_than: Age by the host's clock, since the file was written.
        decisions: The inputs of traded decisions as well: they can then not be derived again.
        dry_run: Only tell.

    Raises:
        GuardRefusal: Another housekeeping command is at work.
    """
    with housekeeping(root):
        now = time.time()
        doomed = [*_inputs(root, decisions=decisions), *_backtests(root)]
        old = [pair for pair in doomed if now - pair[0].stat().st_mtime > older_than.total_seconds()]
        left = [
            path for path in root.rglob(".*.tmp") if now - path.stat().st_mtime > LEFTOVER.total_seconds()
        ]
        chosen = [*old, *((path, "left by a process that was killed") for path in left)]
        removed = [
            Removed(path.relative_to(root).as_posix(), path.stat().st_size, why) for path, why in chosen
        ]
        if not dry_run:
            _note(root, removed)
            for path, _ in chosen:
                path.unlink()
    return removed


def pruned(root: Path) -> set[str]:
    """Every file that was ever pruned."""
    log = root / _LOG
    lines = log.read_text().splitlines() if log.exists() else []
    return {entry["uri"] for line in lines if (entry := _entry(line))}


def _entry(line: str) -> dict[str, str] | None:
    try:
        entry: dict[str, str] = json.loads(line)
    except ValueError:
        return None  # empty, or cut off when a process was killed, and then nothing was removed
    return entry


def _inputs(root: Path, *, decisions: bool) -> Iterator[tuple[Path, str]]:
    runs = query(root, "select run_id, outcome from all_runs").to_pylist()
    outcomes = {row["run_id"]: row["outcome"] for row in runs}
    claimed = set(query(root, "select run_id from all_claims")["run_id"].to_pylist())
    for name in INPUTS:
        for path in _written(root, name):
            run_id = path.stem
            if outcomes.get(run_id) == "planned":
                yield path, "input of a plan"
            elif run_id not in outcomes and run_id not in claimed:
                yield path, "input of a run that died before it sent anything"
            elif run_id in outcomes and decisions:
                yield path, "input of a decision"


def _backtests(root: Path) -> Iterator[tuple[Path, str]]:
    for name, kind in ARTIFACTS.items():
        if kind.marker in SIMULATED and name not in {*MARKERS, "sweep_points"}:
            yield from ((path, f"table of a {SIMULATED[kind.marker]}") for path in _written(root, name))


def _written(root: Path, name: str) -> Iterator[Path]:
    paths = sorted(folder(root, name).glob("run_date=*/*.parquet"))
    return (path for path in paths if not path.name.startswith("_"))


def _note(root: Path, removed: list[Removed]) -> None:
    at = dt.datetime.now(dt.UTC).isoformat()
    with (root / _LOG).open("a") as log:
        for row in removed:
            sha256 = files.sha256_of(root / row.uri)
            # the leading line break keeps a line that was cut off from swallowing this one
            log.write("\n" + json.dumps({"uri": row.uri, "sha256": sha256, "why": row.why, "at": at}))
        log.flush()
        os.fsync(log.fileno())
