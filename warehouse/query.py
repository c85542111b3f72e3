"""Ad-hoc SQL that can only read."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import duckdb
import pyarrow as pa

from schemas.errors import ConfigError
from warehouse.catalogue import publish

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


def query(root: Path, sql: str) -> pa.Table:
    """Run one reading statement over the views and return its rows.

    Raises:
        ConfigError: The statement is not SQL, names something unknown, or would change anything.
    """
    _require_reading(sql)
    with duckdb.connect() as connection:
        _attach(connection, root)
        connection.execute("use warehouse")
        connection.execute(f"set allowed_directories = ['{root.resolve().as_posix()}']")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise _not_understood(str(error), _views(connection)) from None


def _attach(connection: duckdb.DuckDBPyConnection, root: Path) -> None:
    attach = f"attach '{publish(root).as_posix()}' as warehouse (read_only)"
    try:
        connection.execute(attach)
    except duckdb.Error:
        # It holds nothing but definitions: a damaged one is simply made again.
        publish(root, anew=True)
        connection.execute(attach)


def _require_reading(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise _not_understood(str(error), []) from None
    if len(statements) != 1 or statements[0].type not in _READING:
        raise ConfigError(
            "The warehouse is read-only here: one SELECT at a time",
            figures={"statements given": len(statements)},
            remedy='Example: riskparity sql "select * from runs". For scratch tables of your own use the DuckDB '
            "command line and ATTACH the catalogue READ_ONLY.",
        )


def _views(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    return sorted(name for (name,) in rows)


def _not_understood(message: str, views: list[str]) -> ConfigError:
    first = message.strip().splitlines()[0]
    named = re.search(r"name (\w+) does not exist", first)
    near = difflib.get_close_matches(named.group(1), views, n=1) if named else []
    hint = f"Did you mean '{near[0]}'? " if near else ""
    listing = f"Views: {', '.join(views)}. " if views else ""
    return ConfigError(
        f"DuckDB did not understand the query: {first}",
        remedy=f'{hint}{listing}`riskparity sql "describe runs"` lists the columns of a view.',
    )
