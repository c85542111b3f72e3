"""What an operator does at the Prefect API: start a run, wait for its end, press Retry, look at its tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Scheduled, State


class Operator:
    """Works with one server; a deployment is named as in prefect.yaml, which is also its flow's name."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self.client = client

    @classmethod
    @contextmanager
    def at(cls, url: str) -> Iterator[Operator]:
        with SyncPrefectClient(api=url) as client:
            yield cls(client)

    def deployment(self, name: str) -> DeploymentResponse:
        return self.client.read_deployment_by_name(f"{name}/{name}")

    def pause_schedules(self) -> None:
        for deployment in self.client.read_deployments():
            for schedule in deployment.schedules:
                self.client.update_deployment_schedule(deployment.id, schedule.id, active=False)

    def start(self, name: str, **parameters: object) -> FlowRun:
        return self.client.create_flow_run_from_deployment(self.deployment(name).id, parameters=parameters)

    def started(self, *, but: Collection[UUID]) -> FlowRun:
        """A run that somebody else has started, once it is there: none of these."""
        for _ in range(120):
            new = [run for run in self.client.read_flow_runs() if run.id not in but]
            if new:
                return new[0]
            time.sleep(0.5)
        raise AssertionError("no run was started")

    def run(self, name: str, **parameters: object) -> FlowRun:
        """Start it and wait for its end."""
        return self.ended(self.start(name, **parameters).id)

    def retry(self, ended: FlowRun, *, patience: float = 180) -> FlowRun:
        """Press Retry and wait for the end."""
        self.press_retry(ended)
        return self.ended(ended.id, after=ended, patience=patience)

    def press_retry(self, ended: FlowRun) -> None:
        """What the button of the UI does."""
        again = Scheduled(name="AwaitingRetry", message="Retry from the UI")
        self.client.set_flow_run_state(ended.id, again, force=True)

    def mark(self, ended: FlowRun, state: Callable[[], State]) -> None:
        """Change the state of a run, as the UI and automations can."""
        self.client.set_flow_run_state(ended.id, state(), force=True)

    def change(self, run: FlowRun, **parameters: object) -> None:
        """Give a run other parameters, beside those it has."""
        content = {"parameters": {**run.parameters, **parameters}}
        self.client.request("PATCH", "/flow_runs/{id}", path_params={"id": run.id}, json=content)

    def ended(self, flow_run: UUID, *, after: FlowRun | None = None, patience: float = 180) -> FlowRun:
        """The flow run once it has come to an end, another one than it had before."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            run = self.client.read_flow_run(flow_run)
            if run.state.is_final() and (after is None or run.state.id != after.state.id):
                return run
            time.sleep(0.5)
        raise AssertionError(f"after {patience:.0f} s still {run.state}")

    def tasks(self, run: FlowRun, until: dict[str, str]) -> dict[str, str]:
        """How each task stands that the last attempt at the run came to: ``{"cleaning": "Cached"}``.

        The server learns of tasks later than of their run: it is asked for a while, until it answers as is hoped for.
        """
        deadline = time.monotonic() + 60
        while (found := self._tasks(run)) != until and time.monotonic() < deadline:
            time.sleep(0.5)
        return found

    def _tasks(self, run: FlowRun) -> dict[str, str]:
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        tasks = self.client.read_task_runs(flow_run_filter=chosen, limit=200)
        return {
            task.name: task.state.name if task.state else "Unknown"
            for task in tasks
            if task.flow_run_run_count == run.run_count
        }
