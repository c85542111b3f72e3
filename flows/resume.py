"""Doing part of a run again: from a stage on, with the stored results of the stages before it."""

from __future__ import annotations

from prefect import flow

from config.settings import home
from flows.weekly_rebalance import carry_out, ending
from schemas.results import RunResult
from schemas.stages import FirstStage
from tasks.continuation import recall, recall_finished
from tasks.guard import open_run
from tasks.reporting import write_report
from warehouse.lock import single_flight


@flow(
    name="resume",
    flow_run_name="{run_id} from {first_stage}",
    persist_result=True,
    result_serializer="json",
)
def resume(run_id: str, first_stage: FirstStage) -> RunResult:
    """Do a stage of an earlier run of today again, and everything after it, as a new attempt with the same parameters.

    The guard judges anew. Refused once orders of the run went out, for they rest on what it decided. The report alone is
    written again at any time, for the last finished run.

    Args:
        run_id: The run, as `riskparity runs list` and the view openings name it: risk_parity-2015-W23-1.
        first_stage: What is done again first; the results of the stages before it are taken over.
    """
    with single_flight(home()):
        if first_stage == "report":
            ended = recall_finished(run_id)
            return ending(ended.model_copy(update={"summary": write_report(ended.run, ended.outcome)}))
        parameters = recall(run_id)
        opening = open_run(parameters, (first_stage,))
        return carry_out(opening, parameters, first_stage, run_id)
