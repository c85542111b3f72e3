"""Doing part of a run again: a new attempt that takes over what the stages before have stored. Nothing is overwritten."""

from __future__ import annotations

import difflib
from itertools import takewhile

from schemas.artifacts import ArtifactRef
from schemas.errors import ConfigError, GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import Opening, RunResult
from schemas.stages import WRITES, Stage, before
from tasks.inheritance import changes, differences, inherit, require_nothing_sent
from tasks.stage import account_of, require_same_day, say, stage, warehouse
from tasks.week import opened
from warehouse import Warehouse


def run_named(store: Warehouse, run_id: str) -> Run:
    """The run of that id, finished or not.

    Raises:
        ConfigError: There is none; the nearest is named.
    """
    known = store.openings()["run_id"].tolist()
    if run_id not in known:
        near = difflib.get_close_matches(run_id, known, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise ConfigError(
            f"There is no run named {run_id}", remedy=f"{hint}`riskparity runs list` lists every run."
        )
    return opened(store, run_id)


@stage("recall")
def recall(run_id: str) -> RebalanceParameters:
    """What an earlier run was told, once it is known that part of it may be done again.

    Raises:
        ConfigError: There is no such run, or it was to send an approved plan as it is.
        GuardRefusal: Its orders went out, or it is of another day or account.
    """
    store = warehouse()
    source = run_named(store, run_id)
    require_nothing_sent(store, source)
    require_same_day(account_of(source), source)
    parameters = RebalanceParameters.model_validate_json(store.opening(run_id)["parameters"])
    if parameters.approved:
        raise ConfigError(
            "An approved plan is sent as it is: no part of it is decided again",
            figures={"plan": parameters.approved},
            remedy="Apply its file again: riskparity apply FILE",
        )
    say(f"{run_id} of {source.session:%a %Y-%m-%d}: nothing of it was sent")
    return parameters


@stage("recall")
def recall_finished(run_id: str) -> RunResult:
    """How a run ended whose report is to be written again.

    Raises:
        ConfigError: There is no such run, it has no report, or a later one has finished since.
    """
    store = warehouse()
    run = run_named(store, run_id)
    runs = store.runs(run.strategy, run.account)
    reported = runs[~runs["outcome"].isin(["refused", "planned"])]
    if reported.empty or reported["run_id"].iloc[-1] != run_id:
        raise ConfigError(
            f"{run_id} is not the last finished run of {run.strategy}, which the report is about",
            remedy=f"Pages of earlier runs are in output/{run.strategy}/runs/; `riskparity runs list` has all runs.",
        )
    outcome = reported["outcome"].iloc[-1]
    say(f"{run_id} ended {outcome}")
    return RunResult(run=run, outcome=outcome, checks=(), remedy="", summary="", artifacts=())


@stage("take over")
def take_over(
    opening: Opening, first: Stage, parameters: RebalanceParameters, source: str | None = None
) -> tuple[ArtifactRef, ...]:
    """Write what the stages before ``first`` stored in an earlier run as this run's, so that it begins with ``first``.

    A stage that had not finished there, or was told something else, is done too, and all that follow it. The account must
    still be what was taken stock of, when that is taken over.

    Args:
        opening: Of the run that takes over.
        first: The stage to begin with.
        parameters: Of the run.
        source: The earlier run; left out, the last one of the day.

    Raises:
        GuardRefusal: Orders went out that the stages rest on, or strategy, account, day, holdings or prices differ.
        DataError: What is to be taken over is damaged; the remedy names the stage to begin with.
    """
    store, run = warehouse(), opening.run
    if written := store.find(run, "lineage"):
        return (written,)
    require_nothing_sent(store, run)
    earlier = run_named(store, source) if source else _last_of_the_day(store, run)
    if earlier is None:
        say("no earlier run today: every stage is done")
        return ()
    require_nothing_sent(store, earlier)
    told = RebalanceParameters.model_validate_json(store.opening(earlier.run_id)["parameters"])
    stages = tuple(
        takewhile(
            lambda done: (
                _finished(store, earlier, done, opening) and _told(done, told) == _told(done, parameters)
            ),
            before(first),
        )
    )
    _require_unchanged(store, earlier, run, parameters, stages)
    names = [name for done in stages for name in WRITES[done]]
    taken = inherit(store, earlier, run, names, f"taken over: {earlier.run_id}")
    say(f"{', '.join(stages) or 'nothing'} from {earlier.run_id}", *taken)
    return taken


def _last_of_the_day(store: Warehouse, run: Run) -> Run | None:
    openings = store.openings()
    own = {"strategy": run.strategy, "account": run.account, "session": run.session}
    same = openings[
        (openings[list(own)] == list(own.values())).all(axis=1) & (openings["run_id"] != run.run_id)
    ]
    earlier = [opened(store, run_id) for run_id in same.sort_values("attempt")["run_id"]]
    alike = [one for one in earlier if one.dry_run == run.dry_run]
    return alike[-1] if alike else None


def _finished(store: Warehouse, run: Run, done: Stage, opening: Opening) -> bool:
    """Whether the stage has stored all it writes; of prices, those of the assets that are meant now."""
    written = [store.find(run, name) for name in WRITES[done]]
    if done == "ingestion" and (bars := written[0]) is not None:
        return set(store.get(bars)["symbol"]) == set(opening.symbols)
    return None not in written


def _told(done: Stage, parameters: RebalanceParameters) -> tuple[object, ...]:
    """What a stage goes by, of all that its run is told."""
    of_each: dict[Stage, tuple[object, ...]] = {
        "ingestion": (parameters.universe, parameters.strategy.lookback, parameters.ingestion),
        "cleaning": (parameters.strategy.lookback, parameters.cleaning),
        "take stock": (parameters.ingestion, parameters.execution),
        "optimization": (parameters.strategy,),
        "plan": (parameters.guard, parameters.execution),
    }
    return of_each[done]


def _require_unchanged(
    store: Warehouse, earlier: Run, run: Run, parameters: RebalanceParameters, stages: tuple[Stage, ...]
) -> None:
    different = differences(earlier, run)
    if "take stock" in stages:
        different |= changes(store, earlier, run, parameters)
    if different:
        raise GuardRefusal(
            f"What {earlier.run_id} rested on is not so any more; nothing was sent",
            figures=different,
            remedy=f'Begin earlier: `riskparity runs resume {earlier.run_id} --from "take stock"`, or with a new run: '
            f"`riskparity run {run.strategy} rebalance`.",
        )
