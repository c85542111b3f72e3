"""A row of any artifact with something legal in every column, for tests that look at few of them."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from schemas.artifacts import ARTIFACTS, arrow_schema

NOON = dt.datetime(2015, 6, 1, 16, tzinfo=dt.UTC)
_PLAIN = {pa.string(): "", pa.float64(): 0.0, pa.int64(): 2, pa.date32(): NOON.date()}


def any_row(name: str, **given: object) -> dict[str, object]:
    """A row of artifact ``name``, without its run id."""
    fields = [field for field in arrow_schema(ARTIFACTS[name].model) if field.name != "run_id"]
    return {field.name: _PLAIN.get(field.type, NOON.replace(tzinfo=None)) for field in fields} | given
