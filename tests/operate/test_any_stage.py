"""Any stage of the weekly flow may be the one that fails: Retry executes it and what follows, and nothing twice.

Flow runs are those of the deployment; they are executed as a worker's process does it, without starting one for each.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH as RESULTS
from prefect.states import Cancelled, Crashed, Failed

from flows.weekly_rebalance import weekly_rebalance
from schemas.identity import IsoWeek
from tasks import stage as stages
from tests.conftest import RunningExchange
from tests.operate.operator import Operator
from tests.prefect_processes import KEYS
from warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

STAGES = [
    "guard",
    "ingestion",
    "cleaning",
    "take stock",
    "optimization",
    "plan",
    "execution",
    "accounts",
    "report",
]
BARS = "/v2/stocks/bars"
UNAUTHORIZED = {
    "action": "status",
    "status": 401,
    "times": None,
    "answer": {"code": 40110000, "message": "unauthorized."},
}


@dataclass
class Site:
    """An operator, an exchange on which weeks pass, and what is stored of them."""

    operator: Operator
    exchange: RunningExchange
    store: Warehouse
    weeks: int = 0

    def next_week(self, **parameters: object):
        """A flow run of a new week, in which there is something to trade."""
        if self.weeks:
            self.exchange.control.advance("next_week")
        self.weeks += 1
        strategy = {"name": "risk_parity", "max_weight": 0.37 - 0.02 * self.weeks}
        return self.operator.start("weekly-rebalance", parameters={"strategy": strategy}, **parameters)

    def execute(self, run):
        """What the process does that a worker starts for a flow run."""
        run_flow(weekly_rebalance, flow_run=self.operator.client.read_flow_run(run.id), return_type="state")
        return self.operator.client.read_flow_run(run.id)

    def retry(self, run):
        """Press Retry, and do what the worker's process does then."""
        self.operator.press_retry(run)
        return self.execute(run)

    @property
    def day(self) -> dt.date:
        return dt.date.fromisoformat(self.exchange.control.state()["session"])

    @property
    def run_id(self) -> str:
        """Of the first run of the exchange's week."""
        return f"risk_parity-{IsoWeek.of(self.day)}-1"

    def written(self) -> dict[str, int]:
        """When each artifact of that run was written."""
        paths = self.store.root.glob(f"artifacts/*/*/{self.run_id}.parquet")
        return {path.parent.parent.name: path.stat().st_mtime_ns for path in paths}

    def posts(self) -> Counter[str]:
        """How often the exchange was sent each order."""
        requests = self.exchange.control.requests()
        return Counter(json.loads(r["body"])["client_order_id"] for r in requests if r["method"] == "POST")

    def asked(self, path: str) -> int:
        return sum(r["path"] == path for r in self.exchange.control.requests())


@pytest.fixture(scope="module")
def site(operator, prefect_environment, shared_exchange, tmp_path_factory):
    settings = {
        PREFECT_API_URL: prefect_environment["PREFECT_API_URL"],
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        RESULTS: tmp_path_factory.mktemp("results"),
    }
    with pytest.MonkeyPatch.context() as patch, temporary_settings(settings):
        for key in KEYS:
            patch.delenv(key, raising=False)
        patch.setenv("RISKPARITY_HOME", str(shared_exchange.home))
        patch.setenv("RISKPARITY__EXECUTION__POLL_SECONDS", "0.05")
        yield Site(operator, shared_exchange, Warehouse(shared_exchange.home))


def refuse(path: str) -> Callable[[Site], Callable[[], None]]:
    """The exchange refuses what only this stage asks for, and none before it."""

    def break_(site: Site) -> Callable[[], None]:
        site.exchange.control.set_faults({"path": path, **UNAUTHORIZED})
        return site.exchange.control.set_faults

    return break_


def damage(artifact: str) -> Callable[[Site], Callable[[], None]]:
    """Where the stage is to write there is a file that cannot be read."""

    def break_(site: Site) -> Callable[[], None]:
        file = site.store.root / "artifacts" / artifact / f"run_date={site.day}" / f"{site.run_id}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half of a")
        return file.unlink

    return break_


def block_the_page(site: Site) -> Callable[[], None]:
    """A folder lies where the page of the run is to be written."""
    folder = site.store.root / "output" / "risk_parity" / "runs" / f"{site.run_id}.html"
    folder.mkdir(parents=True)
    return folder.rmdir


@pytest.mark.parametrize(
    ("failing", "break_", "ended"),
    [
        ("guard", refuse("/v2/clock$"), Failed),
        ("ingestion", refuse("/v2/stocks/bars"), Crashed),
        ("cleaning", damage("returns"), Cancelled),
        ("take stock", refuse("/v1/corporate-actions"), Failed),
        ("optimization", damage("target_weights"), Crashed),
        ("plan", damage("decisions"), Cancelled),
        ("execution", refuse("by_client_order_id"), Crashed),
        ("accounts", damage("performance"), Cancelled),
        ("report", block_the_page, Failed),
    ],
)
def test_retry_executes_what_had_not_completed_and_nothing_else(site, failing, break_, ended):
    before, after = STAGES[: STAGES.index(failing)], STAGES[STAGES.index(failing) :]
    run = site.next_week()
    mend = break_(site)

    failed = site.execute(run)

    assert site.operator.tasks(failed) == {**dict.fromkeys(before, "Completed"), failing: "Failed"}
    site.operator.mark(failed, ended)
    mend()
    written, pulled = site.written(), site.asked(BARS)

    completed = site.retry(failed)

    assert completed.state.name == "Complete"
    assert site.operator.tasks(completed) == {
        **dict.fromkeys(before, "Cached"),
        **dict.fromkeys(after, "Completed"),
    }
    assert (site.asked(BARS) > pulled) == ("ingestion" in after)
    assert site.written() | written == site.written(), "what had been written was not written again"
    sent = {name: times for name, times in site.posts().items() if name.startswith(site.run_id)}
    assert sent
    assert set(sent.values()) == {1}
    runs = site.store.runs("risk_parity", site.store.last_account("risk_parity"))
    assert runs["run_id"].iloc[-1] == site.run_id


def test_changed_code_takes_nothing_for_given_and_begins_another_attempt(site, monkeypatch):
    run = site.next_week()
    mend = refuse("by_client_order_id")(site)
    failed = site.execute(run)
    mend()
    pulled = site.asked(BARS)

    with monkeypatch.context() as patch:
        patch.setattr(stages, "code_version", lambda: "a helper somewhere was changed")
        completed = site.retry(failed)

    assert set(site.operator.tasks(completed).values()) == {"Completed"}
    assert site.asked(BARS) > pulled
    assert completed.state.message == f"{site.run_id[:-1]}2"
    assert all(
        name.startswith(completed.state.message) for name in site.posts() if str(IsoWeek.of(site.day)) in name
    )


def test_a_cached_stage_whose_artifact_is_gone_is_noticed_and_the_error_says_what_mends_it(site):
    run = site.next_week()
    mend = refuse("/v1/corporate-actions")(site)
    failed = site.execute(run)
    mend()
    next(site.store.root.glob(f"artifacts/returns/*/{site.run_id}.parquet")).unlink()

    again = site.retry(failed)

    assert site.operator.tasks(again) == {
        **dict.fromkeys(["guard", "ingestion", "cleaning"], "Cached"),
        "take stock": "Failed",
    }
    assert f'riskparity runs resume {site.run_id} --from "cleaning"' in again.state.message


def test_finished_stages_are_refreshed_when_the_run_is_retried(site):
    """By the API: the UI offers the field where a run is begun anew."""
    run = site.next_week()
    mend = refuse("by_client_order_id")(site)
    failed = site.execute(run)
    mend()
    pulled = site.asked(BARS)
    site.operator.change(failed, refresh=["take stock", "cleaning"])

    completed = site.retry(failed)

    assert completed.state.message == f"{site.run_id[:-1]}2"
    assert set(site.operator.tasks(completed).values()) == {"Completed"}
    assert site.asked(BARS) == pulled, "ingestion took over what was there"
    lineage = site.store.root.glob(f"artifacts/lineage/*/{completed.state.message}.parquet")
    assert len(list(lineage)) == 1
