"""Rows to Parquet and back, checked against the artifact's pandera model in both directions."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS, arrow_schema
from schemas.errors import DataError

Rows = pd.DataFrame | Sequence[Mapping[str, object]]

VERSION_KEY = b"riskparity.schema_version"
"""Parquet key-value metadata holding the version of the artifact's model."""


def encode(name: str, run_id: str, rows: Rows) -> bytes:
    """Validate ``rows`` as artifact ``name`` of run ``run_id`` and serialise them as Parquet.

    Raises:
        DataError: A column is missing, unknown, of another type, or breaks a check; the figures name it.
    """
    kind = ARTIFACTS[name]
    schema = arrow_schema(kind.model)
    try:
        table = to_arrow(rows, run_id, schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, ValueError) as error:
        raise _refused(name, run_id, {"error": error}) from error
    validate(name, run_id, table)
    buffer = io.BytesIO()
    table = table.replace_schema_metadata({VERSION_KEY: str(kind.version)})
    # what rots on the disk is noticed by whoever reads it, also where no manifest has the file's checksum
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def validate(name: str, run_id: str, table: pa.Table) -> pd.DataFrame:
    """Check an Arrow table against the artifact's model and return it as a frame.

    Raises:
        DataError: The table breaks the model.
    """
    frame = to_pandas(table)
    try:
        ARTIFACTS[name].model.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        figures = {
            f"{case.column}, {case.check}": f"{case.failure_case!r} in row {case.index}"
            for case in cases.head(5).itertuples()
        }
        raise _refused(name, run_id, {"violations": len(cases), **figures}) from None
    return frame


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas, keeping dates, instants and decimals exact."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_exact_dtype)
    return frame


def to_arrow(rows: Rows, run_id: str, schema: pa.Schema) -> pa.Table:
    """Rows of run ``run_id`` as Arrow has them, of the very columns and types of ``schema``; nothing else is checked.

    Raises:
        ValueError: A column is missing or unknown; Arrow's errors are of this kind too.
        TypeError: A value is of another type.
    """
    if isinstance(rows, pd.DataFrame):
        frame = rows.drop(columns="run_id", errors="ignore")
        frame.insert(0, "run_id", run_id)
        _require_columns(frame.columns, schema)
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    rows = [{"run_id": run_id, **row} for row in rows]
    for row in rows:
        _require_columns(row, schema)
    return pa.Table.from_pylist(rows, schema=schema)


def _require_columns(
    columns: Sequence[str] | Mapping[str, object] | pd.Index[str], schema: pa.Schema
) -> None:
    # Arrow would fill a missing column with nulls and drop an unknown one without a word.
    if set(columns) != set(schema.names):
        missing, unknown = set(schema.names) - set(columns), set(columns) - set(schema.names)
        raise ValueError(f"missing columns {sorted(missing)}, unknown columns {sorted(unknown)}")


def _exact_dtype(dtype: pa.DataType) -> pd.ArrowDtype | None:
    exact = pa.types.is_date(dtype) or pa.types.is_timestamp(dtype) or pa.types.is_decimal(dtype)
    return pd.ArrowDtype(dtype) if exact else None


def _refused(name: str, run_id: str, figures: Mapping[str, object]) -> DataError:
    return DataError(
        f"The rows offered as '{name}' of run {run_id} do not fit its schema; nothing was written",
        figures=figures,
        remedy=f"Compare them with the model of '{name}' in schemas/.",
    )
