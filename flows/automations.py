"""What the Prefect server does by itself: ends dead runs, and tells a person what one must know.

Prefect has nothing of this without automations: a run whose process, worker and server died together stays Running for
ever, and holds the place of every run after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.events import emit_event
from prefect.events.actions import ActionTypes, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.notifications import Destinations, notices

SILENCE = timedelta(seconds=150)
"""So long without a heartbeat, of which prefect.toml has a run make one in thirty seconds, and it is dead."""
SLOW_START = timedelta(minutes=10)
"""So long a worker may take to fetch a run, and its process to begin it."""

WATCHED = ("weekly-rebalance", "resume", "daily-prices", "weekly-report", "watch")
"""Flows that nobody sits in front of."""
TOLD = ("Failed", "Crashed", "TimedOut", "Aborted", "Needs_human", "Missed")
"""Names of states that a person is told of."""

_PREFIX = "riskparity: "
_ASKED_AFTER = "riskparity.flow-run.asked-after"
_ANY = "prefect.flow-run.*"
_RUNS = ResourceSpecification.model_validate({"prefect.resource.id": _ANY})
_UNFINISHED = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


def install_automations(
    destinations: Destinations, *, silence: timedelta = SILENCE, slow_start: timedelta = SLOW_START
) -> list[str]:
    """Give the server its automations, and ask after every run that it believes to be under way.

    To be called whenever the server has started; a second time changes nothing. Runs that died together with the server
    end only through this: Prefect forgets about heartbeats it waited for when it was down for over a minute.

    Args:
        destinations: Where notifications go; with none of them, dead runs are ended and nobody is told.
        silence: As ``SILENCE``; less than four heartbeats ends runs that live.
        slow_start: As ``SLOW_START``.

    Returns:
        Their names.
    """
    wanted = _automations(notices(destinations), silence, slow_start)
    with get_client(sync_client=True) as client:
        _install(client, wanted)
        _ask_after_runs(client)
    return [automation.name for automation in wanted]


def _automations(
    actions: Sequence[ActionTypes], silence: timedelta, slow_start: timedelta
) -> list[AutomationCore]:
    ended = [
        _unless(
            "a run that has fallen silent has crashed",
            after={
                "prefect.flow-run.heartbeat",
                "prefect.flow-run.Running",
                "prefect.flow-run.Cancelling",
                _ASKED_AFTER,
            },
            within=silence,
            actions=[
                _crash("Its process was not heard of any more: it is dead. Retry goes on where it stopped.")
            ],
        ),
        _unless(
            "a run that never began has crashed",
            after={"prefect.flow-run.Pending"},
            within=slow_start,
            actions=[_crash("Its process was to begin and never did. Retry begins it anew.")],
        ),
    ]
    if not actions:
        return ended
    late = _unless(
        "nobody begins a run",
        after={"prefect.flow-run.Late"},
        within=slow_start,
        actions=list(actions),
        flows=WATCHED,
    )
    return [*ended, late, _told(actions)]


def _unless(
    name: str,
    *,
    after: set[str],
    within: timedelta,
    actions: Sequence[ActionTypes],
    flows: Iterable[str] = (),
) -> AutomationCore:
    """When nothing is heard of a run for so long after one of these events."""
    return AutomationCore(
        name=_PREFIX + name,
        trigger=EventTrigger(
            after=after,
            expect={_ANY},
            match=_RUNS,
            match_related=_of(flows),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=within,
        ),
        actions=list(actions),
    )


def _told(actions: Sequence[ActionTypes]) -> AutomationCore:
    return AutomationCore(
        name=f"{_PREFIX}a run has ended as none should",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in TOLD},
            match=_RUNS,
            match_related=_of(WATCHED),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
        ),
        actions=list(actions),
    )


def _of(flows: Iterable[str]) -> ResourceSpecification:
    names = {"prefect.resource.role": "flow", "prefect.resource.name": list(flows)}
    return ResourceSpecification.model_validate(names if flows else {})


def _crash(why: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=StateType.CRASHED, message=why)


def _install(client: SyncPrefectClient, wanted: list[AutomationCore]) -> None:
    """Only what differs is written: one that is replaced forgets what it waited for, and that it was switched off."""
    known = [one for one in client.read_automations(limit=200) if one.name.startswith(_PREFIX)]
    for automation in wanted:
        same = [one for one in known if one.name == automation.name]
        if same and _content(same[0]) == _content(automation):
            known.remove(same[0])
        else:
            client.create_automation(automation)
    for obsolete in known:
        client.delete_automation(obsolete.id)


def _content(automation: AutomationCore) -> dict[str, object]:
    return automation.model_dump(include={"trigger", "actions"})


def _ask_after_runs(client: SyncPrefectClient) -> None:
    """Begin to wait for a word of every unfinished run: one that lives says it within thirty seconds."""
    unfinished = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNFINISHED)))
    for run in client.read_flow_runs(flow_run_filter=unfinished):
        emit_event(_ASKED_AFTER, resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"})
