"""The DuckDB catalogue: views over the Parquet artifacts, derived, rebuilt whenever their definition changes.

Nothing lives in ``warehouse.duckdb`` but definitions, so any client may hold it open for hours while
runs go on, and deleting it loses nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS, MARKERS, arrow_schema
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


@cache
def definitions(root: Path) -> tuple[str, ...]:
    """The DDL of every view and macro, in order of creation, each with what it and its columns mean."""
    statements: list[str] = []
    for name in ARTIFACTS:
        statements += _bars_views(root) if name == "bars" else _artifact_views(root, name)
        statements += _comments(name)
    return (*statements, *_trials_views(), *_DICTIONARY)


_DICTIONARY = (
    """create view dictionary as
    select table_name as view_name, column_name, data_type, comment as meaning from duckdb_columns()
    where comment is not null and not starts_with(table_name, 'all_') order by table_name, column_index""",
    "comment on view dictionary is 'What every column of every view means, and in which unit.'",
)
_RUN_DATE = "Session under which the row is filed; to filter on it reads fewer files"
_EVERYTHING = "The same, with the rows of runs that are under way or died."
_EVERY_VERSION = "Every version of every bar, also those that a later one revised."
_AS_OF = "The bars as they were known at an instant (UTC): the newest version of each that had been learnt by then."
_TRIALS = (
    "Every configuration ever tried on past prices, one row a trial: backtests, and the points of sweeps."
)
_KIND = {"kind": "backtest, or sweep: a point of one", "point": "Number of the point; null of a backtest"}
_ANY = f"({' union all '.join(f'select run_id from {marker}' for marker in MARKERS)})"


def _artifact_views(root: Path, name: str) -> list[str]:
    everything = (
        f"create view all_{name} as select {_columns(name)}, run_date from {_files(folder(root, name))}"
    )
    marker = ARTIFACTS[name].marker
    if name == marker:
        committed = f"committed_at <= timezone('UTC', now()) - {_VISIBLE_AFTER}"
        return [everything, f"create view {name} as select * from all_{name} where {committed}"]
    seen = _ANY if marker == "any" else marker
    return [everything, f"create view {name} as select * from all_{name} semi join {seen} using (run_id)"]


def _bars_views(root: Path) -> list[str]:
    versions = "select * from all_bars where known_at <= instant"
    key = "source, feed, adjustment, symbol, session"
    newest = f"rank() over (partition by {key} order by known_at desc, run_id desc)"
    return [
        # distinct: for a day after compaction a bar is in two files
        f"create view all_bars as select distinct {_columns('bars')} from {_files(folder(root, 'bars'))}",
        f"create macro bars_asof(instant) as table {versions} qualify {newest} = 1",
        f"comment on macro table bars_asof is {_quoted(_AS_OF)}",
        "create view bars as from bars_asof(timestamp '9999-12-31')",
    ]


def _trials_views() -> list[str]:
    """Both kinds of trial with the columns of a backtest; what a sweep's points share stands in the sweep's row."""
    columns, points = _schema("backtests").names, _schema("sweep_points").names
    theirs = [f"{'p' if column in points else 's'}.{column}" for column in columns]
    # counts of points are floats, since those that failed have none
    theirs = [f"cast({name} as bigint)" if name in {"p.sessions", "p.decisions"} else name for name in theirs]
    return [
        *(
            f"create view {every}trials as "
            f"select 'backtest' as kind, null as point, {', '.join(columns)}, run_date from {every}backtests "
            f"union all select 'sweep', p.point, {', '.join(theirs)}, s.run_date "
            f"from {every}sweep_points p join {every}sweeps s using (run_id) where p.status = 'done'"
            for every in ("", "all_")
        ),
        *_described("trials", _TRIALS, _KIND | _meanings("backtests") | {"run_date": _RUN_DATE}, _EVERYTHING),
    ]


def _files(below: Path) -> str:
    glob = (below.resolve() / "run_date=*" / "*.parquet").as_posix().replace("'", "''")
    return (
        f"read_parquet('{glob}', union_by_name = true, hive_partitioning = true, "
        "hive_types = {'run_date': 'DATE'})"
    )


def _columns(name: str) -> str:
    return ", ".join(_schema(name).names)


def _comments(name: str) -> list[str]:
    meaning = " ".join((ARTIFACTS[name].model.__doc__ or "").split())
    columns = _meanings(name)
    if name != "bars":
        columns["run_date"] = _RUN_DATE
    return _described(name, meaning, columns, _EVERY_VERSION if name == "bars" else _EVERYTHING)


def _meanings(name: str) -> dict[str, str]:
    columns = ARTIFACTS[name].model.to_schema().columns
    return {column: spec.description or "" for column, spec in columns.items()}


def _described(name: str, meaning: str, columns: dict[str, str], everything: str) -> list[str]:
    return [
        f"comment on view {name} is {_quoted(meaning)}",
        f"comment on view all_{name} is {_quoted(f'{meaning} {everything}')}",
        *(
            f"comment on column {view}.{column} is {_quoted(text)}"
            for view in (name, f"all_{name}")
            for column, text in columns.items()
        ),
    ]


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


def _build(catalogue: Path, statements: tuple[str, ...]) -> None:
    aside = catalogue.with_name(f".{uuid.uuid4().hex}.tmp")
    with duckdb.connect() as connection:
        # Readable by older clients than the one that wrote it.
        connection.execute(f"attach '{aside.as_posix()}' as building (storage_version 'v1.2.0')")
        connection.execute("use building")
        connection.execute("begin")  # one write to the disk instead of hundreds
        for statement in statements:
            connection.execute(statement)
        connection.execute("commit")
        connection.execute("use memory")
        connection.execute("detach building")
    aside.chmod(0o444)
    aside.replace(catalogue)
    # A killed read-write session leaves a log that would be replayed into the new file.
    catalogue.with_name(f"{catalogue.name}.wal").unlink(missing_ok=True)
