"""The sweep as a Prefect flow, for the deployment and its page; ``riskparity sweep`` runs the same without a server."""

from __future__ import annotations

from prefect import flow

from config import load_settings
from schemas.sweep_parameters import SweepParameters
from schemas.sweep_results import OpenedSweep, SweepResult
from tasks.executors import task_runner
from tasks.sweep import close_sweep, evaluate_part, follow, open_sweep, report_sweep

CONFIGURED = SweepParameters(backtest=load_settings().backtest("risk_parity"))
"""What the form in the Prefect UI starts from."""


@flow(name="sweep", persist_result=True, result_serializer="json")
def sweep(parameters: SweepParameters = CONFIGURED) -> SweepResult:
    """A strategy with many parameters and universes. Killed or retried, it goes on where it stopped."""
    opened = open_sweep(parameters)
    evaluate.with_options(task_runner=task_runner(parameters.runner, parameters.workers))(opened)
    result = close_sweep(opened)
    report_sweep(result)
    return result


@flow(name="sweep-points", persist_result=True, result_serializer="json")
def evaluate(opened: OpenedSweep) -> None:
    """Every part of the design, on the task runner that was chosen."""
    follow(opened, [evaluate_part.submit(opened, part) for part in opened.parts])
