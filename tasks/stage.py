"""What every stage shares: how it retries, where it stores, whom it talks to, how it reports progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect import Task, task
from prefect.cache_policies import INPUTS, RUN_ID, CacheKeyFnPolicy
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.endpoint import Endpoint, resolve_endpoint
from config import Settings, load_settings
from config.settings import home, secrets
from schemas.artifacts import ArtifactRef
from schemas.errors import GuardRefusal, TemporaryError
from schemas.identity import Run, account_name
from strategies.journal import Journal, NoJournal
from warehouse import Warehouse
from warehouse.journal import OutputJournal
from warehouse.version import code_version

P = ParamSpec("P")
R = TypeVar("R")


def _is_temporary(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except TemporaryError:
        return True
    except Exception:  # noqa: BLE001 - any other failure needs a person or a change, not another try
        return False
    return False


def _task_and_code(context: TaskRunContext, _inputs: dict[str, Any]) -> str:
    # two tasks that are given the same have different answers
    return f"{context.task.task_key} {code_version()}"


SAME_RUN_INPUTS_AND_CODE = RUN_ID + INPUTS + CacheKeyFnPolicy(cache_key_fn=_task_and_code)
"""When a retried flow run takes a task's answer for given. Prefect's own policy hashes a task's function only, none it calls."""


def stage(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A Prefect task that is tried again only while the network or the broker is unwell."""
    return task(
        name=name,
        task_run_name=name,
        cache_policy=SAME_RUN_INPUTS_AND_CODE,
        retries=1,
        retry_delay_seconds=10,
        retry_condition_fn=_is_temporary,
    )


def warehouse() -> Warehouse:
    """The warehouse in the state folder."""
    return Warehouse(home())


def adopted(run: Run, *names: str) -> tuple[ArtifactRef, ...] | None:
    """What an earlier try of the stage has written, when it has written all of it: the first answer stands."""
    store = warehouse()
    found = [reference for name in names if (reference := store.find(run, name)) is not None]
    return tuple(found) if len(found) == len(names) else None


def resolve(settings: Settings) -> Endpoint:
    """Where orders go; starts the loopback exchange when it is wanted and not running."""
    return resolve_endpoint(settings.broker, settings.exchange, home(), secrets())


def endpoint(run: Run) -> Endpoint:
    """Where the run's orders and questions go.

    Raises:
        GuardRefusal: Keys or configuration now point elsewhere than when the run began.
    """
    found = resolve(load_settings())
    if found.venue != run.venue:
        raise _another_account(run, found.venue)
    return found


def account_of(run: Run) -> Broker:
    """The very account the run began with, on the day it began.

    Raises:
        GuardRefusal: The keys are now those of another account, or the exchange's day is another one.
    """
    account = Broker(endpoint(run), load_settings().broker)
    name = account_name(account.venue, account.account().account_number)
    if name != run.account:
        raise _another_account(run, name)
    return account


def require_same_day(account: Broker, run: Run) -> None:
    """Refuse to decide or trade on another day than that of the run.

    Raises:
        GuardRefusal: The exchange's date is another one.
    """
    today = account.clock().timestamp.astimezone(NEW_YORK).date()
    if today != run.session:
        raise GuardRefusal(
            "This run began on another day and goes no further",
            figures={"began on": run.session, "exchange's date": today},
            remedy=f"Start a new run, which plans from today's holdings: `riskparity run {run.strategy} rebalance`.",
        )


def journal(run: Run) -> Journal:
    """Where the strategy's records go; a dry run keeps none, since nothing happened."""
    return NoJournal() if run.dry_run else OutputJournal(home(), run)


def entitle(name: str) -> None:
    """Call the flow run what its run is called: lists in the UI and notifications then tell strategy and week."""
    if flow_run.id:
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(flow_run.id), name=name)


def say(text: str, *written: ArtifactRef) -> None:
    """Tell what the stage did and wrote, in one line: on the run's page and on the terminal."""
    get_run_logger().info(text, extra={"written": written})


def _another_account(run: Run, now: str) -> GuardRefusal:
    return GuardRefusal(
        "This run belongs to another account than the keys now give; nothing was sent",
        figures={"run's account": run.account, "now": now},
        remedy="Restore the keys it began with to retry it, or start a new run.",
    )
