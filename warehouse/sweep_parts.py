"""Finished parts of a sweep, kept until all of them are one: what lets a killed sweep go on where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

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

        Raises:
            DataError: Rows do not fit their schema.
        """
        for name in TABLES:
            files.put_if_absent(self._path(part, name), tables.encode(name, self.sweep.run_id, rows[name]))

    def finished(self, part: Part) -> bool:
        """Whether all of it is there."""
        return self._path(part, TABLES[-1]).exists()

    def failures(self, part: Part) -> int:
        """How many points of a finished part failed."""
        status: list[str] = parquet.read(self._path(part, TABLES[-1]))["status"].to_pylist()
        return status.count("failed")

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
