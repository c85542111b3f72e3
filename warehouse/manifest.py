"""The list of what a run wrote: names, sizes and checksums of its files."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS
from schemas.identity import Author
from warehouse import files
from warehouse.catalogue import folder

LATER = frozenset({"acknowledgements"})
"""What may join a run after it is finished, and so is in no manifest."""


def manifest(root: Path, run: Author) -> list[dict[str, object]]:
    """Rows of ``artifacts``: every file the run has written so far."""
    day = f"run_date={run.session.isoformat()}"
    written = [(name, folder(root, name) / day / f"{run.run_id}.parquet") for name in ARTIFACTS]
    # what a run learnt of prices may be in several files
    learnt = sorted((folder(root, "bars") / day).glob(f"{run.run_id}-{'[0-9a-f]' * 8}.parquet"))
    paths = [*written, *(("bars", path) for path in learnt)]
    return [_row(root, name, path) for name, path in paths if path.exists()]


def _row(root: Path, name: str, path: Path) -> dict[str, object]:
    return {
        "artifact": name,
        "uri": path.relative_to(root).as_posix(),
        "rows": pq.read_metadata(path).num_rows,
        "bytes": path.stat().st_size,
        "sha256": files.sha256_of(path),
        "schema_version": ARTIFACTS[name].version,
    }
