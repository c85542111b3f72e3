"""An operator at the Prefect UI, in a real browser: a custom run that fails, Retry, and a run that is resumed from its form."""

from __future__ import annotations

import pytest
from prefect.logging import disable_run_logger

from tests.operate.site import BARS, Site
from tests.pipeline import Pipeline
from tests.prefect_processes import KEYS, running_worker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

BEFORE_STOCK = ["guard", "ingestion", "cleaning"]
FROM_STOCK = ["take stock", "optimization", "plan", "execution", "accounts", "report"]


@pytest.fixture(scope="module")
def site(operator, prefect_environment, shared_exchange, tmp_path_factory, browser):
    """A site with a worker."""
    environment = {**prefect_environment, "RISKPARITY_HOME": str(shared_exchange.home)}
    with running_worker(environment, tmp_path_factory.mktemp("worker") / "worker.log"):
        yield Site(operator, shared_exchange)


@pytest.fixture
def submitted(page, operator, tmp_path):
    """Open the form of a deployment, fill it in, submit it; returns the run that was made."""

    def submit(name, fill_in):
        before = {run.id for run in operator.client.read_flow_runs()}
        page.goto(f"/v2/deployments/deployment/{operator.deployment(name).id}/run")
        page.get_by_role("button", name="Submit").wait_for()
        fill_in()
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        page.get_by_role("button", name="Submit").click()
        return operator.started(but=before)

    return submit


def press_retry(page, run):
    page.goto(f"/v2/runs/flow-run/{run.id}")
    page.get_by_text("Failed", exact=True).first.wait_for()
    page.locator('button[aria-haspopup="menu"]').last.click()  # the three dots have no label
    page.get_by_role("menuitem", name="Retry").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Retry").click()


def see_it_complete(page, run):
    page.goto(f"/v2/runs/flow-run/{run.id}")
    page.get_by_text("Complete", exact=True).first.wait_for()
    page.get_by_role("tab", name="Task Runs").click()
    page.get_by_text("execution").first.wait_for()


def test_a_custom_run_fails_in_its_third_stage_and_retry_in_the_ui_finishes_it(page, site, submitted):
    site.next_week()
    site.refuse("/v1/corporate-actions")
    run = submitted(
        "weekly-rebalance", lambda: page.get_by_label("Max Weight (Optional)", exact=True).fill("0.3")
    )
    failed = site.operator.ended(run.id)
    site.expect(failed, {**dict.fromkeys(BEFORE_STOCK, "Completed"), "take stock": "Failed"})
    pulled = site.asked(BARS)
    site.mend()

    press_retry(page, failed)
    completed = site.operator.ended(failed.id, after=failed)

    site.expect(
        completed, {**dict.fromkeys(BEFORE_STOCK, "Cached"), **dict.fromkeys(FROM_STOCK, "Completed")}
    )
    assert site.asked(BARS) == pulled
    assert set(site.posts().values()) == {1}
    weights = site.store.history("target_weights", "risk_parity", site.store.last_account("risk_parity"))
    assert weights["target_weight"].max() == pytest.approx(0.3)
    see_it_complete(page, completed)


def test_a_run_that_stopped_is_resumed_from_its_form(page, site, submitted, monkeypatch):
    site.next_week()
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("RISKPARITY_HOME", str(site.exchange.home))
    with disable_run_logger():
        Pipeline("max_weight=0.25").open().decide()
    pulled = site.asked(BARS)

    def fill_in():
        page.get_by_label("run_id").fill(site.run_id())
        page.get_by_label("Select first_stage").click()
        page.get_by_role("option", name="take stock").click()

    resumed = site.operator.ended(submitted("resume", fill_in).id)

    done = ["recall", "guard", "take over", "ingestion", "cleaning", *FROM_STOCK]
    site.expect(resumed, dict.fromkeys(done, "Completed"))
    assert site.name_of(resumed) == site.run_id(attempt=2)
    assert site.asked(BARS) == pulled
    assert not site.posts(site.run_id())
    assert set(site.posts(site.run_id(attempt=2)).values()) == {1}
    see_it_complete(page, resumed)
