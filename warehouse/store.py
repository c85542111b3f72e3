"""The artifact store: put once, get checked, find, and the commit marker that makes a run visible."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS, ArtifactRef, arrow_schema
from schemas.errors import DataError
from schemas.identity import IsoWeek, Run
from warehouse import files, tables
from warehouse.catalogue import folder, publish


@dataclass(frozen=True)
class Warehouse:
    """All artifacts below one folder.

    Args:
        root: The state folder (``RISKPARITY_HOME``).
    """

    root: Path

    def put(self, run: Run, name: str, rows: tables.Rows) -> ArtifactRef:
        """Write artifact ``name`` of ``run`` once and return its reference.

        When the run already wrote it (a retried task), the stored artifact is adopted and ``rows`` are
        dropped: the first answer stands.

        Raises:
            DataError: The rows, or the artifact already there, do not fit the schema.
        """
        path = self._path(name, run)
        if not path.exists():
            publish(self.root)
            files.put_if_absent(path, tables.encode(name, run.run_id, rows))
        return self._reference(name, run.run_id, path)

    def get(self, reference: ArtifactRef) -> pd.DataFrame:
        """Read an artifact, after checking that it is the very one that was written.

        Raises:
            DataError: The file is missing, altered, or of another schema version.
        """
        return tables.validate(reference.name, reference.run_id, self._intact(reference))

    def rows(self, reference: ArtifactRef) -> list[dict[str, Any]]:
        """The same as plain Python records: ``Decimal``, ``date``, ``None``; without the run id."""
        table = self._intact(reference)
        tables.validate(reference.name, reference.run_id, table)
        records: list[dict[str, Any]] = table.drop_columns("run_id").to_pylist()
        return records

    def _intact(self, reference: ArtifactRef) -> pa.Table:
        path = self.root / reference.uri
        if not path.exists():
            raise _lost(reference, "is missing")
        if files.sha256_of(path) != reference.sha256:
            raise _lost(reference, "was altered after it was written")
        _require_version(reference.name, path)
        return _read(path)

    def find(self, run: Run, name: str) -> ArtifactRef | None:
        """The reference of an artifact the run has written, or None."""
        path = self._path(name, run)
        return self._reference(name, run.run_id, path) if path.exists() else None

    def commit(self, run: Run, outcome: str, *, flow_run_id: str | None, code_version: str) -> ArtifactRef:
        """Make a finished run visible in the views. Written last, once."""
        marker = {
            "strategy": run.strategy,
            "iso_week": str(run.week),
            "session": run.session,
            "venue": run.venue,
            "status": "ok",
            "outcome": outcome,
            "decided_at": run.decided_at.astimezone(dt.UTC).replace(tzinfo=None),
            "committed_at": dt.datetime.now(dt.UTC).replace(tzinfo=None),
            "flow_run_id": flow_run_id,
            "code_version": code_version,
        }
        return self.put(run, "runs", [marker])

    def runs(self, strategy: str, venue: str) -> pd.DataFrame:
        """Committed runs of a strategy at a venue, oldest first. Sees a run at once, unlike the SQL view."""
        runs = self._all("runs")
        return runs[(runs["strategy"] == strategy) & (runs["venue"] == venue)].sort_values("decided_at")

    def last_venue(self, strategy: str) -> str | None:
        """Where the strategy's newest committed run sent its orders, or None before the first run."""
        runs = self._all("runs").sort_values("committed_at")
        venues = runs.loc[runs["strategy"] == strategy, "venue"]
        return None if venues.empty else str(venues.iloc[-1])

    def last_trader(self, venue: str) -> str | None:
        """The strategy that traded last at a venue, or None before the first trade."""
        runs = self._all("runs").sort_values("committed_at")
        traders = runs.loc[
            (runs["venue"] == venue) & runs["outcome"].isin(["complete", "adjusted"]), "strategy"
        ]
        return None if traders.empty else str(traders.iloc[-1])

    def history(self, name: str, strategy: str, venue: str) -> pd.DataFrame:
        """An artifact over all committed runs of a strategy at a venue, with their ``session``, oldest first."""
        runs = self.runs(strategy, venue)
        keys = zip(runs["session"], runs["run_id"], strict=True)
        paths = [self._run_path(name, session, run_id) for session, run_id in keys]
        frame = self._concatenate(name, [path for path in paths if path.exists()])
        if "session" in frame.columns:
            return frame
        return frame.merge(runs[["run_id", "session"]], on="run_id", how="left")

    def bars(self, source: str, feed: str, adjustment: str, *, known_by: dt.datetime) -> pd.DataFrame:
        """The newest version of each bar learnt by ``known_by`` (aware), sorted by symbol and session."""
        known = self._all("bars")
        instant = known_by.astimezone(dt.UTC).replace(tzinfo=None)
        chosen = known[
            (known["source"] == source)
            & (known["feed"] == feed)
            & (known["adjustment"] == adjustment)
            & (known["known_at"] <= instant)
        ].sort_values(["symbol", "session", "known_at", "run_id"])
        return chosen.drop_duplicates(["symbol", "session"], keep="last", ignore_index=True)

    def next_attempt(self, strategy: str, week: IsoWeek) -> int:
        """The first attempt number of a week that no run, finished or not, has written anything under."""
        written = self.root.glob(f"artifacts/*/run_date=*/{strategy}-{week}-*.parquet")
        return 1 + max((int(path.stem.rpartition("-")[2]) for path in written), default=0)

    def _all(self, name: str) -> pd.DataFrame:
        return self._concatenate(name, sorted(folder(self.root, name).glob("run_date=*/*.parquet")))

    def _concatenate(self, name: str, paths: list[Path]) -> pd.DataFrame:
        schema = arrow_schema(ARTIFACTS[name].model)
        written = [_read(path) for path in paths if not path.name.startswith("_")]
        return tables.to_pandas(pa.concat_tables([schema.empty_table(), *written]))

    def _path(self, name: str, run: Run) -> Path:
        return self._run_path(name, run.session, run.run_id)

    def _run_path(self, name: str, session: dt.date, run_id: str) -> Path:
        return folder(self.root, name) / f"run_date={session.isoformat()}" / f"{run_id}.parquet"

    def _reference(self, name: str, run_id: str, path: Path) -> ArtifactRef:
        _require_version(name, path)
        return ArtifactRef(
            name=name,
            run_id=run_id,
            uri=path.relative_to(self.root).as_posix(),
            rows=pq.read_metadata(path).num_rows,
            sha256=files.sha256_of(path),
            schema_version=ARTIFACTS[name].version,
        )


def _read(path: Path) -> pa.Table:
    # partitioning=None: run_date in the path is for DuckDB's pruning, not a column of the artifact
    return pq.read_table(path, partitioning=None).replace_schema_metadata(None)


def _require_version(name: str, path: Path) -> None:
    found = (pq.read_metadata(path).metadata or {}).get(tables.VERSION_KEY, b"none").decode()
    wanted = str(ARTIFACTS[name].version)
    if found != wanted:
        raise DataError(
            f"Artifact {path.name} of '{name}' was written by another version of this project",
            figures={"its schema version": found, "version understood": wanted},
            remedy="Start a new run instead of retrying the old one: `riskparity run STRATEGY rebalance`.",
        )


def _lost(reference: ArtifactRef, how: str) -> DataError:
    return DataError(
        f"Artifact '{reference.name}' of run {reference.run_id} {how}",
        figures={"file": reference.uri, "sha256 expected": reference.sha256},
        remedy="Restore the state folder from a backup, or start a new run: `riskparity run STRATEGY rebalance`.",
    )
