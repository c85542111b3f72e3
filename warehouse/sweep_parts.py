"""Finished parts of a sweep, kept until all of them are one: what lets a killed sweep go on where it stopped."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.artifacts import ARTIFACTS, arrow_schema
from schemas.identity import Sweep
from schemas.sweep_results import Part
from warehouse import files, parquet, tables

TABLES = ("sweep_returns", "sweep_weights", "sweep_points")
"""Of each part, in the order in which they are written: a part is finished when it has the last one."""


@dataclass(frozen=True)
class SweepParts:
    """The parts of one sweep, in a folder of their own beside the artifacts.

    Args:
        root: The state folder.
        sweep: Whose parts.
    """

    root: Path
    sweep: Sweep

    def put(self, part: Part, rows: Mapping[str, tables.Rows]) -> None:
        """Write a part once; what a second process writes of the same part changes nothing.

        Rows are checked when all parts are put together and become artifacts.
        """
        for name in TABLES:
            buffer = io.BytesIO()
            table = tables.to_arrow(rows[name], self.sweep.run_id, arrow_schema(ARTIFACTS[name].model))
            pq.write_table(table, buffer, write_page_checksum=True)
            files.put_if_absent(self._path(part, name), buffer.getvalue())

    def finished(self, part: Part) -> bool:
        """Whether all of it is there."""
        return self._path(part, TABLES[-1]).exists()

    def together(self, name: str, parts: Iterable[Part]) -> pd.DataFrame:
        """One table of all parts, in their order."""
        return tables.to_pandas(pa.concat_tables([parquet.read(self._path(part, name)) for part in parts]))

    def forget(self) -> None:
        """Remove the folder: the artifacts have everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self.root / "sweeps" / self.sweep.run_id

    def _path(self, part: Part, name: str) -> Path:
        return (
            self._folder / f"{part.first:07d}-{part.end:07d}.{name}.part"
        )  # not .parquet: a backup may miss it
