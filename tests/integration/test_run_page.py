"""What stands on a run's page: shown when it can be, and never the reason why a run fails or waits."""

from __future__ import annotations

import logging
import threading

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from reports.tables import Column, Table
from tasks import run_page
from tasks.run_page import show_figure, show_markdown, show_table
from tasks.stage import stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

TABLE = Table(
    (Column("symbol", "key", str), Column("why", "text", str)), (("SPY", "drift"), ("TLT", "signal"))
)


@pytest.fixture
def on_its_page(prefect_environment):
    """Run this as a stage of a flow; its artifacts by key."""

    def run(show):
        @stage("shows")
        def shows() -> str:
            show()
            return "done"

        @flow(name="shows")
        def whole() -> str:
            return shows()

        settings = {
            PREFECT_API_URL: prefect_environment["PREFECT_API_URL"], PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }  # fmt: skip
        with temporary_settings(settings):
            state = whole(return_state=True)
            with get_client(sync_client=True) as client:
                found = client.read_artifacts(limit=200)
        assert state.result() == "done"
        run_id = state.state_details.flow_run_id
        return {
            artifact.key: artifact for artifact in found if artifact.flow_run_id == run_id and artifact.key
        }

    return run


def test_tables_texts_and_figures_are_on_the_page_of_their_run(on_its_page):
    def show():
        show_table("risk_parity-plan", lambda: TABLE, "Plan of a run | <b>")
        show_markdown("risk_parity-summary", lambda: "# Summary", "summary")
        show_figure("risk_parity-weights", b"\x89PNG", "weights")

    shown = on_its_page(show)

    assert set(shown) == {"risk-parity-plan", "risk-parity-summary", "risk-parity-weights"}
    plan = shown["risk-parity-plan"]
    assert '"symbol": "SPY"' in plan.data
    assert plan.description == "Plan of a run \\| \\<b>"
    assert shown["risk-parity-weights"].data.startswith("![weights](data:image/png;base64,")


def test_what_cannot_be_shown_is_said_in_the_log_and_the_run_goes_on(on_its_page, caplog):
    def show():
        show_table("broken", lambda: 1 / 0, "")

    with caplog.at_level(logging.WARNING, "prefect.task_runs"):
        assert on_its_page(show) == {}

    assert "Not shown on the run's page: division by zero" in caplog.text


def test_a_server_that_does_not_answer_delays_a_run_by_its_patience_and_no_more(
    on_its_page, caplog, monkeypatch
):
    monkeypatch.setattr(run_page, "PATIENCE", 0.1)
    answered = threading.Event()

    def show():
        show_markdown("slow", lambda: str(answered.wait(60)), "")
        said.extend(caplog.messages)
        answered.set()
        for thread in threading.enumerate():
            if thread.name == "run page":
                thread.join()

    said: list[str] = []
    with caplog.at_level(logging.WARNING, "prefect.task_runs"):
        on_its_page(show)

    assert said == ["Not shown on the run's page so far: Prefect's server is slow to answer"]


def test_a_stage_called_as_a_function_has_no_page():
    show_table("nowhere", lambda: pytest.fail("there is nobody to show it to"), "")
