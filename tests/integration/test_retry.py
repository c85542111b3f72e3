"""Retry in the Prefect UI re-executes only what had not completed: proven with a real server, worker and API."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.states import Scheduled

from warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
DEPLOYMENT = "weekly-rebalance/weekly-rebalance"
BEFORE_EXECUTION = ["guard", "ingestion", "cleaning", "take stock", "optimization", "plan"]


@pytest.fixture(scope="module")
def server(prefect_environment):
    with SyncPrefectClient(api=prefect_environment["PREFECT_API_URL"]) as client:
        yield client


@pytest.fixture(scope="module")
def deployment(prefect_environment, server):
    """The deployment of prefect.yaml; its schedule is paused so that only the test starts runs."""

    def prefect(*arguments):
        subprocess.run(
            [PREFECT, *arguments], cwd=ROOT, env={**os.environ, **prefect_environment, "PROJECT_DIR": str(ROOT)},
            check=True, capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    prefect("work-pool", "create", "local", "--type", "process", "--overwrite")
    prefect("--no-prompt", "deploy", "--all")
    found = server.read_deployment_by_name(DEPLOYMENT)
    server.update_deployment_schedule(found.id, found.schedules[0].id, active=False)
    return found


@pytest.fixture
def worker(prefect_environment, exchange, deployment, interruptible, tmp_path):
    """A worker that takes the deployment's runs, on a loopback exchange of its own."""
    environment = {**prefect_environment, "RISKPARITY_HOME": str(exchange.home), "PROJECT_DIR": str(ROOT)}
    command = [PREFECT, "worker", "start", "--pool", "local"]
    with (tmp_path / "worker.log").open("w") as log, interruptible(command, environment, log):
        yield


def ended(server, flow_run, *, after=None):
    """The flow run once it has reached a terminal state, another one than ``after``."""
    for _ in range(300):
        run = server.read_flow_run(flow_run.id)
        if run.state.is_final() and run.state.id != after:
            return run
        time.sleep(0.5)
    pytest.fail(f"still {run.state}")


def states_of(server, flow_run, attempt):
    runs = server.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])))
    return {run.name: run.state.name for run in runs if run.flow_run_run_count == attempt}


def test_a_retry_repeats_only_the_stage_that_failed_and_those_after_it(server, deployment, worker, exchange):
    keys_rotated = {"path": "by_client_order_id", "action": "status", "status": 401, "times": None}
    exchange.control.set_faults({**keys_rotated, "answer": {"code": 40110000, "message": "unauthorized."}})
    started = server.create_flow_run_from_deployment(deployment.id)

    failed = ended(server, started)

    assert failed.state.name == "Failed"
    first = states_of(server, started, 1)
    assert first == {**dict.fromkeys(BEFORE_EXECUTION, "Completed"), "execution": "Failed"}
    asked = len([r for r in exchange.control.requests() if r["path"] == "/v2/stocks/bars"])

    exchange.control.set_faults()
    server.set_flow_run_state(
        started.id, Scheduled(name="AwaitingRetry", message="Retry from the UI"), force=True
    )
    completed = ended(server, started, after=failed.state.id)

    assert completed.state.name == "Complete"
    assert states_of(server, started, 2) == {
        **dict.fromkeys(BEFORE_EXECUTION, "Cached"),
        **dict.fromkeys(["execution", "accounts", "report"], "Completed"),
    }
    assert len([r for r in exchange.control.requests() if r["path"] == "/v2/stocks/bars"]) == asked
    store = Warehouse(exchange.home)
    orders = store.history("orders", "risk_parity", store.last_account("risk_parity"))
    assert set(orders["status"]) == {"filled"}
    assert set(orders["run_id"]) == {"risk_parity-2015-W23-1"}


def test_the_deployment_is_scheduled_on_weekdays_in_new_york(deployment):
    schedule = deployment.schedules[0].schedule

    assert (schedule.cron, schedule.timezone) == ("45 10 * * MON-FRI", "America/New_York")


def test_the_form_in_the_ui_explains_every_parameter(deployment):
    schema = deployment.parameter_openapi_schema
    silent = [
        f"{name}.{key}"
        for name, section in schema["definitions"].items()
        for key, field in section["properties"].items()
        if not field.get("description") and "$ref" not in str(field) and key != "name"
    ]

    assert silent == []
    assert schema["definitions"]["RiskParityParameters"]["properties"]["lookback"]["maximum"] == 5000
