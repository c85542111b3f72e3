"""The DuckDB catalogue: views over the Parquet artifacts, derived, rebuilt whenever their definition changes.

Nothing lives in ``warehouse.duckdb`` but definitions, so any client may hold it open for hours while
runs go on, and deleting it loses nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS, arrow_schema
from warehouse import files

CATALOGUE = "warehouse.duckdb"

# A run shows in all views at one instant: now() is frozen per transaction, while each view's glob is
# listed at its own moment. Two seconds cover the time between stamping and linking the marker.
_VISIBLE_AFTER = "interval 2 second"


def publish(root: Path, *, anew: bool = False) -> Path:
    """Bring the catalogue up to date and return its path; unless ``anew``, does nothing when the views are unchanged."""
    catalogue = root / CATALOGUE
    statements = definitions(root)
    fingerprint = hashlib.sha256("\n".join([duckdb.__version__, *statements]).encode()).hexdigest()
    stamp = root / ".warehouse.sha256"
    if not anew and catalogue.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return catalogue
    _write_empty_artifacts(root)
    _build(catalogue, statements)
    files.replace(stamp, fingerprint.encode())
    return catalogue


def folder(root: Path, name: str) -> Path:
    """Where the files of an artifact lie."""
    return root / "bars" if name == "bars" else root / "artifacts" / name


def definitions(root: Path) -> list[str]:
    """The DDL of every view and macro, in order of creation."""
    statements: list[str] = []
    for name in ARTIFACTS:
        statements += _bars_views(root) if name == "bars" else _artifact_views(root, name)
        statements += _comments(name)
    return statements


def _artifact_views(root: Path, name: str) -> list[str]:
    everything = f"create view all_{name} as select {_columns(name)} from {_files(folder(root, name))}"
    marker = ARTIFACTS[name].marker
    if name == marker:
        committed = f"committed_at <= timezone('UTC', now()) - {_VISIBLE_AFTER}"
        return [everything, f"create view {name} as select * from all_{name} where {committed}"]
    return [everything, f"create view {name} as select * from all_{name} semi join {marker} using (run_id)"]


def _bars_views(root: Path) -> list[str]:
    versions = "select * from all_bars where known_at <= instant"
    key = "source, feed, adjustment, symbol, session"
    newest = f"rank() over (partition by {key} order by known_at desc, run_id desc)"
    return [
        f"create view all_bars as select {_columns('bars')} from {_files(folder(root, 'bars'))}",
        f"create macro bars_asof(instant) as table {versions} qualify {newest} = 1",
        "create view bars as from bars_asof(timestamp '9999-12-31')",
    ]


def _files(below: Path) -> str:
    glob = (below.resolve() / "run_date=*" / "*.parquet").as_posix().replace("'", "''")
    return (
        f"read_parquet('{glob}', union_by_name = true, hive_partitioning = true, "
        "hive_types = {'run_date': 'DATE'})"
    )


def _columns(name: str) -> str:
    # run_date is the partition key: the session of the run, which prunes files when filtered on.
    own = [column for column in _schema(name).names if column != "run_date"]
    return ", ".join([*own, "run_date"])


def _comments(name: str) -> list[str]:
    model = ARTIFACTS[name].model
    statements = [f"comment on view {name} is {_quoted((model.__doc__ or '').strip())}"]
    for column, spec in model.to_schema().columns.items():
        statements.append(f"comment on column {name}.{column} is {_quoted(spec.description or '')}")
    return statements


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _schema(name: str) -> pa.Schema:
    return arrow_schema(ARTIFACTS[name].model)


def _write_empty_artifacts(root: Path) -> None:
    # An empty glob is an error in DuckDB, so each artifact has a file without rows.
    for name, kind in ARTIFACTS.items():
        sink = pa.BufferOutputStream()
        pq.write_table(_schema(name).empty_table(), sink)
        empty = folder(root, name) / "run_date=0001-01-01" / f"_schema-{kind.version}.parquet"
        files.put_if_absent(empty, sink.getvalue().to_pybytes())


def _build(catalogue: Path, statements: list[str]) -> None:
    aside = catalogue.with_name(f".{uuid.uuid4().hex}.tmp")
    with duckdb.connect() as connection:
        # Readable by older clients than the one that wrote it.
        connection.execute(f"attach '{aside.as_posix()}' as building (storage_version 'v1.2.0')")
        connection.execute("use building")
        for statement in statements:
            connection.execute(statement)
        connection.execute("use memory")
        connection.execute("detach building")
    aside.chmod(0o444)
    aside.replace(catalogue)
    # A killed read-write session leaves a log that would be replayed into the new file.
    catalogue.with_name(f"{catalogue.name}.wal").unlink(missing_ok=True)
