"""The stages of a sweep as Prefect tasks; what they do stands beside, free of Prefect, for the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.futures import PrefectFuture, as_completed

from reports.tables import records
from schemas.sweep_parameters import SweepParameters
from schemas.sweep_results import OpenedSweep, Part, SweepResult
from tasks.stage import say, stage, warehouse
from tasks.sweep_judgement import NOTHING
from tasks.sweep_opening import begin_sweep
from tasks.sweep_parts import evaluate_points
from tasks.sweep_report import sweep_inputs, write_sweep_report
from tasks.sweep_results import finish_sweep, finished_sweep
from tasks.sweep_summary import summary


@stage("begin")
def open_sweep(parameters: SweepParameters) -> OpenedSweep:
    """See ``begin_sweep``."""
    opened = begin_sweep(warehouse(), parameters, dt.datetime.now(dt.UTC))
    say(opened.said, opened.prices, opened.cash)
    return opened


@stage("points")
def evaluate_part(opened: OpenedSweep, part: Part) -> Part:
    """See ``evaluate_points``."""
    return evaluate_points(warehouse(), opened, part)


def follow(opened: OpenedSweep, parts: Sequence[PrefectFuture[Part]]) -> None:
    """Show on the run's page how far the parts are, until all of them are finished."""
    told = f"{opened.sweep.run_id}: {opened.said}"
    shown = cast("UUID", create_progress_artifact(progress=0.0, key="sweep", description=told))
    done = 0
    for future in as_completed(list(parts)):
        first, end = future.result()
        done += end - first
        update_progress_artifact(artifact_id=shown, progress=100.0 * done / opened.points)


@stage("commit")
def close_sweep(opened: OpenedSweep) -> SweepResult:
    """See ``finish_sweep``; the spread of the results on the run's page as well."""
    store = warehouse()
    result = finished_sweep(store, opened) or finish_sweep(store, opened)
    table = records(summary(store, result).astype(str))
    create_table_artifact(key="sweep-results", table=table, description=result.said)
    say(result.said, *result.artifacts)
    return result


@stage("report")
def report_sweep(result: SweepResult) -> str:
    """See ``write_sweep_report``; its text on the run's page as well. Empty where there is nothing to compare."""
    store = warehouse()
    inputs = sweep_inputs(store, result.sweep)
    if inputs is None:
        say(NOTHING)
        return ""
    page = write_sweep_report(store, inputs)
    text = (store.root / page).with_name("summary.md").read_text(encoding="utf-8")
    create_markdown_artifact(key="sweep-report", markdown=text, description=result.sweep.run_id)
    say(page)
    return page
