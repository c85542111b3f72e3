"""Any stage of the weekly flow may be the one that fails: Retry executes it and what follows, and nothing twice.

Flow runs are those of the deployment; they are executed as a worker's process does it, without starting one for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prefect.flow_engine import run_flow
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_RESULTS_LOCAL_STORAGE_PATH,
    temporary_settings,
)
from prefect.states import Cancelled, Crashed, Failed

from flows.weekly_rebalance import weekly_rebalance
from tasks import stage as stages
from tests.operate.site import BARS, Site
from tests.prefect_processes import KEYS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

STAGES = [
    "guard", "ingestion", "cleaning", "take stock", "optimization", "plan", "execution", "accounts", "report",
]  # fmt: skip


@dataclass
class Executing(Site):
    """A site whose flow runs are executed here."""

    cache: Path = field(default_factory=Path)
    """Where Prefect keeps what tasks answered."""

    def begin(self):
        """A flow run of a new week, scheduled."""
        return self.operator.start("weekly-rebalance", parameters=self.next_week())

    def execute(self, run):
        """What the process does that a worker starts for a flow run."""
        run_flow(weekly_rebalance, flow_run=self.operator.client.read_flow_run(run.id), return_type="state")
        return self.operator.client.read_flow_run(run.id)

    def retry(self, run):
        """Press Retry, and do what the worker's process does then."""
        self.operator.press_retry(run)
        return self.execute(run)

    def stopped_before_orders(self):
        """A flow run of a new week that failed when it was about to send, mended."""
        run = self.begin()
        self.refuse("by_client_order_id")
        failed = self.execute(run)
        self.mend()
        return failed


@pytest.fixture(scope="module")
def site(operator, prefect_environment, shared_exchange, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    settings = {
        PREFECT_API_URL: prefect_environment["PREFECT_API_URL"],
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
        PREFECT_RESULTS_LOCAL_STORAGE_PATH: cache,
    }
    with pytest.MonkeyPatch.context() as patch, temporary_settings(settings):
        for key in KEYS:
            patch.delenv(key, raising=False)
        patch.setenv("RISKPARITY_HOME", str(shared_exchange.home))
        patch.setenv("RISKPARITY__EXECUTION__POLL_SECONDS", "0.05")
        yield Executing(operator, shared_exchange, cache=cache)


def refusal(path: str) -> Callable[[Site], Callable[[], None]]:
    """The exchange refuses what only this stage asks for, and none before it."""

    def break_(site: Site) -> Callable[[], None]:
        site.refuse(path)
        return site.mend

    return break_


def damage(artifact: str) -> Callable[[Site], Callable[[], None]]:
    """Where the stage is to write there is a file that cannot be read."""

    def break_(site: Site) -> Callable[[], None]:
        file = site.store.root / "artifacts" / artifact / f"run_date={site.day}" / f"{site.run_id()}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half of a")
        return file.unlink

    return break_


def blocked_page(site: Site) -> Callable[[], None]:
    """A folder lies where the page of the run is to be written."""
    folder = site.store.root / "output" / "risk_parity" / "runs" / f"{site.run_id()}.html"
    folder.mkdir(parents=True)
    return folder.rmdir


@pytest.mark.parametrize(
    ("failing", "break_", "ended"),
    [
        ("guard", refusal("/v2/clock$"), Failed),
        pytest.param("ingestion", refusal(BARS), Crashed, marks=pytest.mark.thorough),
        pytest.param("cleaning", damage("returns"), Cancelled, marks=pytest.mark.thorough),
        ("take stock", refusal("/v1/corporate-actions"), Failed),
        pytest.param("optimization", damage("target_weights"), Crashed, marks=pytest.mark.thorough),
        pytest.param("plan", damage("decisions"), Cancelled, marks=pytest.mark.thorough),
        ("execution", refusal("by_client_order_id"), Crashed),
        pytest.param("accounts", damage("performance"), Cancelled, marks=pytest.mark.thorough),
        ("report", blocked_page, Failed),
    ],
    ids=STAGES,
)
def test_retry_executes_what_had_not_completed_and_nothing_else(site, failing, break_, ended):
    before, after = STAGES[: STAGES.index(failing)], STAGES[STAGES.index(failing) :]
    run = site.begin()
    mend = break_(site)

    failed = site.execute(run)

    site.expect(failed, {**dict.fromkeys(before, "Completed"), failing: "Failed"})
    site.operator.mark(failed, ended)
    mend()
    written, pulled = site.written(), site.asked(BARS)

    completed = site.retry(failed)

    assert completed.state.name == "Complete"
    site.expect(completed, {**dict.fromkeys(before, "Cached"), **dict.fromkeys(after, "Completed")})
    assert (site.asked(BARS) > pulled) == ("ingestion" in after)
    assert site.written() | written == site.written(), "what had been written was not written again"
    assert set(site.posts(site.run_id()).values()) == {1}
    runs = site.store.runs("risk_parity", site.store.last_account("risk_parity"))
    assert runs["run_id"].iloc[-1] == site.run_id()


def test_changed_code_takes_nothing_for_given_and_begins_another_attempt(site, monkeypatch):
    failed = site.stopped_before_orders()
    pulled = site.asked(BARS)

    with monkeypatch.context() as patch:
        patch.setattr(stages, "code_version", lambda: "a helper somewhere was changed")
        patch.setattr("tasks.guard.code_version", lambda: "a helper somewhere was changed")
        completed = site.retry(failed)

    site.expect(completed, dict.fromkeys(STAGES, "Completed"))
    assert site.asked(BARS) > pulled
    assert site.name_of(completed) == site.run_id(attempt=2)
    assert not site.posts(site.run_id())


def test_a_retry_that_finds_nothing_cached_goes_on_with_what_the_warehouse_has(site):
    """As in a container of its own for each attempt."""
    failed = site.stopped_before_orders()
    written, pulled = site.written(), site.asked(BARS)
    for answer in site.cache.iterdir():
        answer.unlink()

    completed = site.retry(failed)

    site.expect(completed, dict.fromkeys(STAGES, "Completed"))
    assert site.name_of(completed) == site.run_id()
    assert site.asked(BARS) == pulled
    assert site.written() | written == site.written()
    site.expect(site.retry(completed), dict.fromkeys(STAGES, "Cached"))


def test_a_cached_stage_whose_artifact_is_gone_is_noticed_and_the_error_says_what_mends_it(site):
    run = site.begin()
    site.refuse("/v1/corporate-actions")
    failed = site.execute(run)
    site.mend()
    next(site.store.root.glob(f"artifacts/returns/*/{site.run_id()}.parquet")).unlink()

    again = site.retry(failed)

    cached = dict.fromkeys(["guard", "ingestion", "cleaning"], "Cached")
    site.expect(again, {**cached, "take stock": "Failed"})
    assert f'riskparity runs resume {site.run_id()} --from "cleaning"' in again.state.message


def test_finished_stages_are_refreshed_when_the_run_is_retried(site):
    """By the API: the UI offers the field where a run is begun anew."""
    failed = site.stopped_before_orders()
    pulled = site.asked(BARS)
    site.operator.change(failed, refresh=["take stock", "cleaning"])

    completed = site.retry(failed)

    site.expect(completed, dict.fromkeys([*STAGES, "take over"], "Completed"))
    assert site.name_of(completed) == site.run_id(attempt=2)
    assert site.asked(BARS) == pulled, "ingestion took over what was there"
    assert list(site.store.root.glob(f"artifacts/lineage/*/{site.run_id(attempt=2)}.parquet"))
