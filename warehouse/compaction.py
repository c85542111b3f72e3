"""Many small files of bars become one a year, while runs and readers go on.

The merged file is put beside the files it replaces, which it names with their checksums. From then on the pipeline passes
them over, and the views show each row once; they are removed by the first compaction that is a day later, when no
query can still have them open.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS
from schemas.errors import DataError
from warehouse import files, parquet
from warehouse.catalogue import folder
from warehouse.lock import housekeeping
from warehouse.tables import VERSION_KEY

REPLACES = b"riskparity.replaces"
"""Parquet key-value metadata: the files whose rows are in this one, with their checksums."""
GRACE = dt.timedelta(days=1)
"""How long a replaced file stays, for queries that have it open."""
_ORDER = [(name, "ascending") for name in ("symbol", "session", "known_at", "run_id")]


class Compaction(NamedTuple):
    """What was merged, and what was removed because it had been merged long enough ago."""

    merged: dict[str, list[str]]
    """By merged file, or year when nothing was written: the files whose rows are in it."""
    removed: list[str]


def compact(root: Path, *, dry_run: bool = False) -> Compaction:
    """Merge the bars of each year into one file, every version kept; remove what was merged a day ago or earlier.

    Raises:
        DataError: A file is damaged; nothing is merged or removed then.
        GuardRefusal: Another housekeeping command is at work.
    """
    with housekeeping(root):
        removable = _removable(root)
        paths = in_force(root, sorted(folder(root, "bars").glob("run_date=*/*.parquet")))
        years = groupby((path for path in paths if not path.name.startswith("_")), key=_year)
        small = {year: group for year, found in years if len(group := list(found)) > 1}
        merged = {
            year if dry_run else _merge(root, year, group): [_uri(root, path) for path in group]
            for year, group in small.items()
        }
        if not dry_run:
            for path in removable:
                path.unlink()
    return Compaction(merged, [_uri(root, path) for path in removable])


def in_force(root: Path, paths: Sequence[Path]) -> list[Path]:
    """Files of bars without those whose rows are in a merged file among them."""
    gone = replaced(root)
    return [path for path in paths if _uri(root, path) not in gone]


def replaced(root: Path) -> dict[str, str]:
    """Every file of bars that a merged one stands for, whether it is still there or not, with its checksum."""
    return {uri: sha256 for path in merged_files(root) for uri, sha256 in _replaces(path).items()}


def merged_files(root: Path) -> list[Path]:
    """The merged files of bars."""
    return sorted(folder(root, "bars").glob("run_date=*/merged-*.parquet"))


def _removable(root: Path) -> list[Path]:
    """Files that have been merged for a day, after looking whether the merged file is what it was."""
    removable: list[Path] = []
    for path in merged_files(root):
        sources = [root / uri for uri in _replaces(path) if (root / uri).exists()]
        if not sources or time.time() - path.stat().st_mtime < GRACE.total_seconds():
            continue
        if files.sha256_of(path) != path.stem.removeprefix("merged-"):
            raise DataError(
                f"{path.name} is not what was written, so the {len(sources)} files it stands for are kept",
                remedy="Move it away: what it stands for counts again. Then compact again.",
            )
        removable += sources
    return removable


def _merge(root: Path, year: str, sources: list[Path]) -> str:
    for path in sources:
        parquet.require_version("bars", path)
    table = pa.concat_tables([parquet.read(path) for path in sources]).sort_by(_ORDER)
    names = {_uri(root, path): files.sha256_of(path) for path in sources}
    version = str(ARTIFACTS["bars"].version)
    table = table.replace_schema_metadata({VERSION_KEY: version, REPLACES: json.dumps(names)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    content = buffer.getvalue()
    name = f"merged-{hashlib.sha256(content).hexdigest()}.parquet"
    destination = folder(root, "bars") / f"run_date={year}-12-31" / name
    files.put_if_absent(destination, content)
    return _uri(root, destination)


def _replaces(merged: Path) -> dict[str, str]:
    names: dict[str, str] = json.loads(parquet.metadata(merged).metadata[REPLACES])
    return names


def _year(path: Path) -> str:
    return path.parent.name.removeprefix("run_date=")[:4]


def _uri(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
