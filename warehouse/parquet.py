"""Reading one artifact's file: damage and foreign versions are told apart, and named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS
from schemas.errors import DataError
from schemas.stages import remedy
from warehouse.tables import VERSION_KEY

OTHER_VERSION = "go on with the version that wrote it, or in a new state folder (RISKPARITY_HOME)"


def read(path: Path) -> pa.Table:
    """The rows of a file, page by page against its checksums.

    Raises:
        DataError: It is damaged.
    """
    with _readable(path):
        # partitioning=None: run_date in the path is for DuckDB's pruning, not a column of the artifact
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        return table.replace_schema_metadata(None)


def metadata(path: Path) -> pq.FileMetaData:
    """What a file says of itself.

    Raises:
        DataError: It is damaged.
    """
    with _readable(path):
        return pq.read_metadata(path)


def require_version(name: str, path: Path) -> None:
    """Refuse a file of another version of its artifact's model.

    Raises:
        DataError: It is one, or is damaged.
    """
    found = (metadata(path).metadata or {}).get(VERSION_KEY, b"none").decode()
    wanted = str(ARTIFACTS[name].version)
    if found != wanted:
        raise DataError(
            f"Artifact {path.name} of '{name}' was written by another version of this project",
            figures={"its schema version": found, "version understood": wanted},
            remedy=remedy(name, path.stem, otherwise=OTHER_VERSION),
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path.parent.parent.name}/{path.parent.name}/{path.name} is damaged",
            figures={"reader says": str(error).splitlines()[0]},
            remedy=remedy(path.parent.parent.name, path.stem),
        ) from None
