"""The parts of a sweep put together, and the row that makes them visible."""

from __future__ import annotations

import json

from schemas.artifacts import ArtifactRef
from schemas.columns import naive_utc
from schemas.sweep_parameters import SweepParameters
from schemas.sweep_results import OpenedSweep, SweepResult
from warehouse import Warehouse
from warehouse.sweep_parts import TABLES, SweepParts
from warehouse.version import code_version


def finished_sweep(store: Warehouse, opened: OpenedSweep) -> SweepResult | None:
    """What an earlier command has made of the same sweep, when it got to the end."""
    committed = store.find(opened.sweep, "sweeps")
    if committed is None:
        return None
    found = [store.find(opened.sweep, name) for name in TABLES]
    result = _result(store, opened, tuple(each for each in found if each is not None), committed)
    return result.model_copy(update={"said": f"{result.said}; computed before, on the same prices"})


def finish_sweep(store: Warehouse, opened: OpenedSweep) -> SweepResult:
    """Put the parts together, commit, and forget the parts.

    Args:
        store: Where the parts and the artifacts are.
        opened: The sweep, all parts of which are finished.
    """
    parts = SweepParts(store.root, opened.sweep)
    together = {name: parts.together(name, opened.parts) for name in TABLES}
    artifacts = tuple(store.put(opened.sweep, name, rows) for name, rows in together.items())
    row = {
        "strategy": opened.sweep.strategy,
        "started_at": naive_utc(opened.started_at),
        "parameters": opened.parameters.model_dump_json(),
        "axes": json.dumps(_axes(opened.parameters)),
        "prices": opened.source,
        "data_hash": opened.data_hash,
        "symbols": ", ".join(opened.symbols),
        "first": opened.weeks_from,
        "last": opened.sweep.session,
        "points": opened.points,
        "failed": int((together["sweep_points"]["status"] == "failed").sum()),
        "runner": opened.parameters.runner,
        "code_version": code_version(),
    }
    result = _result(store, opened, artifacts, store.put(opened.sweep, "sweeps", [row]))
    parts.forget()
    return result


def _result(
    store: Warehouse, opened: OpenedSweep, artifacts: tuple[ArtifactRef, ...], committed: ArtifactRef
) -> SweepResult:
    row = store.rows(committed)[0]
    return SweepResult(
        sweep=opened.sweep,
        points=row["points"],
        failed=row["failed"],
        artifacts=artifacts,
        committed=committed,
        said=f"{row['points']:,} points, {row['failed']:,} of them failed",
    )


def _axes(parameters: SweepParameters) -> dict[str, list[object]]:
    """Of the strategies their names: their parameters stand beside."""
    varied = parameters.axes.model_dump(mode="json", include=set(parameters.axes.varied) - {"strategies"})
    named = [strategy.name for strategy in parameters.axes.strategies]
    return ({"strategy": named} if named else {}) | varied
