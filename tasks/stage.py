"""What every stage shares: how it retries, where it stores, whom it talks to, how it reports progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger

from brokerage.client import Broker
from brokerage.endpoint import Endpoint, resolve_endpoint
from config import Settings
from config.settings import home, secrets
from schemas.artifacts import ArtifactRef
from schemas.errors import TemporaryError
from schemas.identity import Run
from strategies.journal import Journal, NoJournal
from warehouse import Warehouse
from warehouse.journal import OutputJournal

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


def stage(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A Prefect task that is tried again only while the network or the broker is unwell."""
    return task(
        name=name,
        task_run_name=name,
        retries=1,
        retry_delay_seconds=10,
        retry_condition_fn=_is_temporary,
    )


def warehouse() -> Warehouse:
    """The warehouse in the state folder."""
    return Warehouse(home())


def endpoint(settings: Settings) -> Endpoint:
    """Where orders go; starts the loopback exchange when it is wanted and not running."""
    return resolve_endpoint(settings.broker, settings.exchange, home(), secrets())


def broker(settings: Settings) -> Broker:
    """The trading account."""
    return Broker(endpoint(settings), settings.broker)


def journal(run: Run) -> Journal:
    """Where the strategy's records go; a dry run keeps none, since nothing happened."""
    return NoJournal() if run.dry_run else OutputJournal(home(), run)


def say(text: str, *written: ArtifactRef) -> None:
    """Tell what the stage did and wrote, in one line: on the run's page and on the terminal."""
    get_run_logger().info(text, extra={"written": written})
