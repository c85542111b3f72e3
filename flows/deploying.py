"""Work pool, deployments and automations in a running Prefect server: made, or brought up to date; done twice, it changes nothing."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from brokerage.calendar import NEW_YORK
from config.settings import secrets
from flows.automations import install_automations
from flows.notifications import Destinations
from schemas.errors import ConfigError, TemporaryError

ROOT = Path(__file__).parents[1]
"""The project: prefect.yaml lies here, and flows are loaded from here."""
POOL = "local"
PATIENCE = 90.0
"""Seconds in which the server's scheduler must have looked at the deployments."""


class Upcoming(NamedTuple):
    """A deployment, and when it runs next."""

    deployment: str
    starts: dt.datetime | None
    """New York time; none when it runs on request only, or is paused."""


def install(api: str) -> list[Upcoming]:
    """Make the work pool, the deployments of prefect.yaml and the automations, and tell what runs when.

    A schedule that was paused by hand stays paused.

    Args:
        api: URL of the server; the settings of this process must name the same one.

    Raises:
        ConfigError: prefect.yaml, or a flow it names, cannot be deployed.
        TemporaryError: The server's scheduler schedules nothing.
    """
    with SyncPrefectClient(api=api) as client:
        _make_pool(client)
        _deploy(api)
        install_automations(Destinations.of(secrets()))
        return _upcoming(client)


def _make_pool(client: SyncPrefectClient) -> None:
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type=ProcessWorker.type, base_job_template=template)
        )


def _deploy(api: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": api, "PROJECT_DIR": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise ConfigError(
            "The deployments of prefect.yaml were not made",
            figures={"exit code": done.returncode, "Prefect says": said[-2000:]},
            remedy="Mend what it names, then run the same command again.",
        )


def _upcoming(client: SyncPrefectClient) -> list[Upcoming]:
    """Once every schedule that is on has its next run: a scheduler that has died says so nowhere else."""
    deployments = client.read_deployments()
    scheduled = {
        deployment.id
        for deployment in deployments
        if not deployment.paused and any(schedule.active for schedule in deployment.schedules)
    }
    deadline = time.monotonic() + PATIENCE
    while missing := scheduled - (starts := _next_starts(client)).keys():
        if time.monotonic() > deadline:
            silent = [deployment.name for deployment in deployments if deployment.id in missing]
            raise TemporaryError(
                "The server schedules nothing",
                figures={"without a next run": ", ".join(sorted(silent))},
                remedy="Its log says why. Prefect 3.8 is known for it beside SQLAlchemy 2.1: `make clean` and "
                "install anew, from requirements.lock.",
            )
        time.sleep(1)
    rows = [Upcoming(deployment.name, starts.get(deployment.id)) for deployment in deployments]
    return sorted(rows, key=lambda row: (row.starts is None, row.starts, row.deployment))


def _next_starts(client: SyncPrefectClient) -> dict[UUID, dt.datetime]:
    waiting = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    runs = client.read_flow_runs(flow_run_filter=waiting, sort=FlowRunSort.EXPECTED_START_TIME_DESC)
    # the latest first, so that the earliest of a deployment is what stays
    return {
        run.deployment_id: run.expected_start_time.astimezone(NEW_YORK)
        for run in runs
        if run.deployment_id and run.expected_start_time
    }
