"""What a finished sweep says of its parameters, from its artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from portfolio.sweep_record import SweepRecord, sweep_record
from reports.tables import records
from schemas.artifacts import ArtifactRef
from schemas.errors import DataError
from schemas.identity import Sweep
from schemas.sweep_parameters import SweepParameters
from tasks.sweep_design_read import Varied, varied
from warehouse import Warehouse
from warehouse.query import query

DRAWS = 1000
"""Resamples behind the standard errors."""
NOTHING = (
    "No report: it takes two points that lived, differ in something, and have half a year of weeks in common. "
    "Give a parameter several values: riskparity sweep --set lookback=126,189,252"
)
_FEWEST_POINTS, _FEWEST_WEEKS = 2, 26


class JudgedSweep(NamedTuple):
    """A finished sweep, and what it says."""

    row: Mapping[str, Any]
    """Its row of ``sweeps``."""
    parameters: SweepParameters
    points: pd.DataFrame
    """Rows of ``sweep_points`` that did not fail and whose account moved, S of them."""
    failed: pd.DataFrame
    """The other rows."""
    design: Varied
    weeks: pd.DatetimeIndex
    """(T,) last session of each."""
    record: SweepRecord


def judge_sweep(store: Warehouse, sweep: Sweep) -> JudgedSweep | None:
    """Verdicts, curves and luck of a sweep; none where there is nothing to compare, see ``NOTHING``.

    Raises:
        DataError: The sweep has not written what it should.
    """
    row = records(rows_of(store, sweep, "sweeps"))[0]
    parameters = SweepParameters.model_validate_json(row["parameters"])
    points = rows_of(store, sweep, "sweep_points")
    returns = rows_of(store, sweep, "sweep_returns").pivot_table(
        index="session", columns="point", values="excess_return"
    )
    lived = points["point"].isin(returns.columns[returns.std() > 0.0])
    kept = points[lived].reset_index(drop=True)
    if len(kept) < _FEWEST_POINTS or len(returns) < _FEWEST_WEEKS:
        return None
    design = varied(kept, parameters)
    if not design.parameters:
        return None
    excess = returns[kept["point"].tolist()].to_numpy(dtype=float)
    record = sweep_record(design.parameters, design.codes, excess, design.chosen, draws=DRAWS)
    return JudgedSweep(row, parameters, kept, points[~lived], design, pd.DatetimeIndex(returns.index), record)


def latest_sweep(store: Warehouse, strategy: str) -> Sweep | None:
    """The sweep of a strategy that was finished last, if any."""
    rows = query(
        store.root, "select strategy, run_id, last from all_sweeps order by committed_at"
    ).to_pylist()
    ours = [row for row in rows if row["strategy"] == strategy]
    if not ours:
        return None
    digest = ours[-1]["run_id"].rpartition("-")[2]
    return Sweep(strategy=strategy, session=ours[-1]["last"], digest=digest)


def rows_of(store: Warehouse, sweep: Sweep, name: str) -> pd.DataFrame:
    """An artifact of a finished sweep.

    Raises:
        DataError: The sweep has not written it.
    """
    return store.get(reference_of(store, sweep, name)).drop(columns="run_id")


def reference_of(store: Warehouse, sweep: Sweep, name: str) -> ArtifactRef:
    """Where that is.

    Raises:
        DataError: The sweep has not written it.
    """
    found = store.find(sweep, name)
    if found is None:
        raise DataError(
            f"The sweep {sweep.run_id} has no '{name}'",
            remedy="Give the command of the sweep again: it goes on where it stopped.",
        )
    return found
