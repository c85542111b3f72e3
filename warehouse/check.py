"""Whether everything that was written is still there, as it was written; and what else lies about."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, NamedTuple

from schemas.artifacts import ARTIFACTS, MARKERS, SIMULATED
from schemas.errors import DataError
from warehouse import files, parquet, tables
from warehouse.catalogue import folder
from warehouse.compaction import replaced
from warehouse.manifest import LATER
from warehouse.retention import pruned

Kind = Literal["damaged", "altered", "missing", "orphaned", "unfinished"]
HARMLESS: tuple[Kind, ...] = ("unfinished",)
DAY = 24 * 3600
DATABASES = ("intents.sqlite", "exchange.sqlite")


class Finding(NamedTuple):
    """Something that is not as it should be, or that somebody should know."""

    kind: Kind
    """damaged: cannot be read; altered: not what was written; missing: was written and is gone; orphaned: belongs to
    nothing; unfinished: of a run that is under way or died, which is no fault."""
    uri: str
    detail: str


class Checked(NamedTuple):
    """How many files were looked at, and what was found."""

    files: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged, altered, missing or orphaned."""
        return all(finding.kind in HARMLESS for finding in self.findings)


def check(root: Path) -> Checked:
    """Verify every checksum and schema below a state folder, and that nothing is missing or left over. Changes nothing."""
    inventory = _Inventory(root)
    findings = [
        *inventory.findings,
        *(finding for uri, name in inventory.found.items() for finding in inventory.judged(uri, name)),
        *inventory.missing(),
        *inventory.unfinished(),
        *_leftovers(root),
        *_databases(root),
    ]
    return Checked(len(inventory.found), tuple(findings))


class _Inventory:
    """What lies in the state folder, beside what the runs say they wrote."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found = {
            path.relative_to(root).as_posix(): name
            for name in ARTIFACTS
            for path in sorted(folder(root, name).glob("run_date=*/*.parquet"))
            if not path.name.startswith("_")
        }
        self.findings: list[Finding] = []
        self.listed = {row["uri"]: row["sha256"] for row in self._manifests()}
        self.finished = {run_id for marker in MARKERS for run_id in self._runs(marker)}
        self.opened = self._runs("openings")

    def judged(self, uri: str, name: str) -> Iterator[Finding]:
        """What is wrong with one file."""
        path, run_id = self.root / uri, _run_id(uri, name)
        wanted = run_id.removeprefix("merged-") if run_id.startswith("merged-") else self.listed.get(uri)
        if wanted is not None:
            if files.sha256_of(path) != wanted:
                yield Finding(
                    "altered", uri, f"its checksum is not {wanted[:12]}..., with which it was written"
                )
            return
        try:
            parquet.require_version(name, path)
            table = parquet.read(path)
            tables.validate(name, run_id, table)
        except DataError as error:
            yield Finding("damaged", uri, str(error))
            return
        if set(table["run_id"].to_pylist()) - {run_id}:
            yield Finding("altered", uri, "holds rows of another run")
        if run_id in self.finished and name not in {*MARKERS, "artifacts", *LATER}:
            yield Finding("orphaned", uri, f"{run_id} is finished and did not list it")
        elif run_id not in self.finished | self.opened and not any(
            f"-{kind}-" in run_id for kind in (*SIMULATED.values(), "prices")
        ):
            yield Finding("orphaned", uri, f"no run named {run_id} was ever opened")

    def missing(self) -> Iterator[Finding]:
        """What was listed and is not there, unless it was merged into another file or pruned."""
        accounted = self.found.keys() | self._replaced().keys() | pruned(self.root)
        for uri in sorted(self.listed.keys() - accounted):
            yield Finding("missing", uri, "was written, and nothing says that it was removed")
        for run_id in sorted(self.finished - self._runs("artifacts")):
            yield Finding("missing", run_id, "is finished, and the list of what it wrote is gone")

    def unfinished(self) -> Iterator[Finding]:
        """Runs, backtests and sweeps without the marker that makes them visible."""
        begun = {
            _run_id(uri, name) for uri, name in self.found.items() if ARTIFACTS[name].marker in SIMULATED
        }
        for run_id in sorted((self.opened | begun) - self.finished):
            yield Finding("unfinished", run_id, "under way, or died; the views leave it out")

    def _manifests(self) -> Iterator[dict[str, Any]]:
        for uri in (uri for uri, name in self.found.items() if name == "artifacts"):
            try:
                yield from parquet.read(self.root / uri).to_pylist()
            except DataError:
                continue  # named where each file is judged

    def _replaced(self) -> dict[str, str]:
        try:
            return replaced(self.root)
        except DataError:
            return {}

    def _runs(self, name: str) -> set[str]:
        return {_run_id(uri, name) for uri, kind in self.found.items() if kind == name}


def _run_id(uri: str, name: str) -> str:
    stem = Path(uri).stem
    # what a run learnt of prices carries a hash behind its name
    return stem.rpartition("-")[0] if name == "bars" and not stem.startswith("merged-") else stem


def _leftovers(root: Path) -> Iterator[Finding]:
    for path in sorted(root.rglob(".*.tmp")):
        if time.time() - path.stat().st_mtime > DAY:
            uri = path.relative_to(root).as_posix()
            yield Finding("orphaned", uri, "left by a process that was killed; `prune` removes it")


def _databases(root: Path) -> Iterator[Finding]:
    for name in DATABASES:
        if not (root / name).exists():
            continue
        try:
            with closing(sqlite3.connect(f"{(root / name).as_uri()}?mode=ro", uri=True)) as book:
                said = book.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.Error as error:
            said = str(error)
        if said != "ok":
            yield Finding("damaged", name, said)
