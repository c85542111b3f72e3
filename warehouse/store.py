"""The artifact store: put once, get checked, find, and the commit marker that makes a run visible."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.artifacts import ARTIFACTS, ArtifactRef, arrow_schema
from schemas.columns import naive_utc
from schemas.errors import DataError
from schemas.identity import Author, IsoWeek, Run
from schemas.results import OUTCOMES
from schemas.stages import remedy
from warehouse import files, parquet, tables
from warehouse.catalogue import folder, publish
from warehouse.compaction import in_force
from warehouse.manifest import manifest
from warehouse.marker import put_marker, utc_now


@dataclass(frozen=True)
class Warehouse:
    """All artifacts below one folder.

    Args:
        root: The state folder (``RISKPARITY_HOME``).
    """

    root: Path

    def put(self, run: Author, name: str, rows: tables.Rows) -> ArtifactRef:
        """Write artifact ``name`` of ``run`` once and return its reference.

        When the run already wrote it (a retried task), the stored artifact is adopted and ``rows`` are
        dropped: the first answer stands. What makes the others visible (``runs``, ``backtests``, ...) gets its
        ``committed_at`` here: this machine's time, not the exchange's as in ``decided_at``.

        Raises:
            DataError: The rows, or the artifact already there, do not fit the schema.
        """
        path = self._path(name, run)
        if not path.exists():
            publish(self.root)
            if name == ARTIFACTS[name].marker:
                self._mark(run, name, path, rows)
            else:
                files.put_if_absent(path, tables.encode(name, run.run_id, rows))
        return self._reference(name, run.run_id, path)

    def _mark(self, run: Author, name: str, path: Path, rows: tables.Rows) -> None:
        """A marker is stamped here, at the last moment; before, whether its rows fit, and the list of what it is for."""

        def content(stamp: dt.datetime) -> bytes:
            return tables.encode(name, run.run_id, _stamped(rows, stamp))

        content(utc_now())
        self.put(run, "artifacts", manifest(self.root, run))
        put_marker(path, content)

    def learn(self, run: Author, bars: tables.Rows) -> None:
        """Keep what ``run`` learnt of prices. A run may learn more than once, when it is retried after a late feed."""
        content = tables.encode("bars", run.run_id, bars)
        name = f"{run.run_id}-{hashlib.sha256(content).hexdigest()[:8]}.parquet"
        publish(self.root)
        files.put_if_absent(self._path("bars", run).with_name(name), content)

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
        parquet.require_version(reference.name, path)
        return parquet.read(path)

    def find(self, run: Author, name: str) -> ArtifactRef | None:
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
            "account": run.account,
            "status": "ok",
            "outcome": outcome,
            "decided_at": naive_utc(run.decided_at),
            "flow_run_id": flow_run_id,
            "code_version": code_version,
        }
        return self.put(run, "runs", [marker])

    def runs(self, strategy: str, account: str) -> pd.DataFrame:
        """Committed runs of a strategy in an account, oldest first. Sees a run at once, unlike the SQL view."""
        runs = self._all("runs")
        ours = runs[(runs["strategy"] == strategy) & (runs["account"] == account)]
        # the loopback clock stands still, so the instants of two runs may be equal
        return ours.sort_values(["decided_at", "committed_at"], kind="stable")

    def last_account(self, strategy: str) -> str | None:
        """Where the strategy ran last, or None before its first run."""
        runs = self._all("runs").sort_values("committed_at")
        accounts = runs.loc[runs["strategy"] == strategy, "account"]
        return None if accounts.empty else str(accounts.iloc[-1])

    def openings(self) -> pd.DataFrame:
        """Every run that was ever opened, finished or not."""
        return self._all("openings")

    def opening(self, run_id: str) -> dict[str, Any]:
        """How a run began; it must be one that was opened."""
        openings = self.openings()
        row = openings[openings["run_id"] == run_id].iloc[0]
        return {str(column): value for column, value in row.items()}

    def claims(self, account: str) -> pd.DataFrame:
        """Every claim on a week made in an account, oldest first; its run need not have finished."""
        claims = self._all("claims")
        return claims[claims["account"] == account].sort_values("claimed_at", kind="stable")

    def history(
        self, name: str, strategy: str, account: str, outcomes: Collection[str] = OUTCOMES
    ) -> pd.DataFrame:
        """An artifact over the committed runs of a strategy in an account, with their ``session``, oldest first."""
        runs = self.runs(strategy, account)
        runs = runs[runs["outcome"].isin(outcomes)]
        keys = zip(runs["session"], runs["run_id"], strict=True)
        paths = [self._run_path(name, session, run_id) for session, run_id in keys]
        frame = self._concatenate(name, [path for path in paths if path.exists()])
        if "session" in frame.columns:
            return frame
        return frame.merge(runs[["run_id", "session"]], on="run_id", how="left")

    def bars(self, source: str, feed: str, adjustment: str, *, known_by: dt.datetime) -> pd.DataFrame:
        """The newest version of each bar learnt by ``known_by`` (aware), sorted by symbol and session."""
        known = self._all("bars")
        instant = naive_utc(known_by)
        chosen = known[
            (known["source"] == source)
            & (known["feed"] == feed)
            & (known["adjustment"] == adjustment)
            & (known["known_at"] <= instant)
        ].sort_values(["symbol", "session", "known_at", "run_id"], ignore_index=True)
        # Rows of one version may contradict each other; that is for cleaning to judge, so all are kept.
        version = chosen["known_at"].astype(str) + chosen["run_id"]
        newest = version.groupby([chosen["symbol"], chosen["session"]]).transform("last")
        return chosen[version == newest].reset_index(drop=True)

    def next_attempt(self, strategy: str, week: IsoWeek) -> int:
        """The first attempt number of a week under which no run has been opened."""
        written = self.root.glob(f"artifacts/openings/run_date=*/{strategy}-{week}-*.parquet")
        return 1 + max((int(path.stem.rpartition("-")[2]) for path in written), default=0)

    def _all(self, name: str) -> pd.DataFrame:
        paths = sorted(folder(self.root, name).glob("run_date=*/*.parquet"))
        return self._concatenate(name, in_force(self.root, paths) if name == "bars" else paths)

    def _concatenate(self, name: str, paths: list[Path]) -> pd.DataFrame:
        schema = arrow_schema(ARTIFACTS[name].model)
        paths = [path for path in paths if not path.name.startswith("_")]
        written = [parquet.read(path) for path in paths]
        try:
            return tables.to_pandas(pa.concat_tables([schema.empty_table(), *written]))
        except pa.ArrowInvalid:  # other columns: say whose
            for path in paths:
                parquet.require_version(name, path)
            raise

    def _path(self, name: str, run: Author) -> Path:
        return self._run_path(name, run.session, run.run_id)

    def _run_path(self, name: str, session: dt.date, run_id: str) -> Path:
        return folder(self.root, name) / f"run_date={session.isoformat()}" / f"{run_id}.parquet"

    def _reference(self, name: str, run_id: str, path: Path) -> ArtifactRef:
        parquet.require_version(name, path)
        return ArtifactRef(
            name=name,
            run_id=run_id,
            uri=path.relative_to(self.root).as_posix(),
            rows=parquet.metadata(path).num_rows,
            sha256=files.sha256_of(path),
            schema_version=ARTIFACTS[name].version,
        )


def _stamped(rows: tables.Rows, stamp: dt.datetime) -> tables.Rows:
    if isinstance(rows, pd.DataFrame):
        return rows.assign(committed_at=stamp)
    return [{**row, "committed_at": stamp} for row in rows]


def _lost(reference: ArtifactRef, how: str) -> DataError:
    return DataError(
        f"Artifact '{reference.name}' of run {reference.run_id} {how}",
        figures={"file": reference.uri, "sha256 expected": reference.sha256},
        remedy=remedy(reference.name, reference.run_id),
    )
