"""Approval: an approved plan becomes the plan of this run, if the account is still as it was planned for."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.artifacts import ArtifactRef
from schemas.errors import ConfigError, GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import Opening
from schemas.stages import WRITES, before
from tasks.inheritance import changes, differences, inherit
from tasks.stage import say, stage, warehouse
from tasks.week import opened
from warehouse import Warehouse


@stage("approval")
def adopt_plan(opening: Opening, parameters: RebalanceParameters) -> ArtifactRef:
    """Write the approved run's artifacts as those of this run, its trades under this run's order ids.

    Raises:
        ConfigError: There is no such plan.
        GuardRefusal: It is another strategy's, account's or day's, was altered, the account has changed
            since, or another run that died with orders out has to be finished first.
    """
    store, run = warehouse(), opening.run
    planned = _planned(store, parameters.approved)
    mark = f"as approved: {planned.run_id}"
    written = store.find(run, "order_plan")
    if written is not None:
        _require_same_plan(store, run, mark)
        return written
    if different := differences(planned, run):
        raise _refused("This plan was made for something else", different)
    plan = store.find(planned, "order_plan")
    if plan is None or plan.sha256 != parameters.approved_sha256:
        raise _refused("The stored plan is not the one that was approved", {"run": planned.run_id})
    if changed := changes(store, planned, run, parameters):
        raise _refused("The account is not what this plan was made for", changed)
    # everything a plan rests on: the stages find it written and decide nothing anew
    names = [name for done in before("execution") for name in WRITES[done]]
    adopted = inherit(store, planned, run, names, mark)[-1]
    say(f"{planned.run_id}: nothing has changed since, its trades are sent as they are", adopted)
    return adopted


def _planned(store: Warehouse, run_id: str) -> Run:
    known = set(store.openings()["run_id"])
    if run_id not in known or "-plan-" not in run_id:
        raise ConfigError(
            f"There is no plan named {run_id}",
            remedy="riskparity run STRATEGY plan makes one and says its name.",
        )
    return opened(store, run_id)


def _require_same_plan(store: Warehouse, run: Run, mark: str) -> None:
    decision = store.find(run, "decisions")
    if decision is None or mark not in store.rows(decision)[0]["reasons"].splitlines():
        raise _refused(
            "Another run of this week died with orders out and must be finished first", {"run": run.run_id}
        )


def _refused(what: str, figures: Mapping[str, object]) -> GuardRefusal:
    return GuardRefusal(
        f"{what}; nothing was sent",
        figures=figures,
        remedy="Plan again and approve that: riskparity run STRATEGY plan --out FILE",
    )
