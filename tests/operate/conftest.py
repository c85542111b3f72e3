"""A real Prefect server, the deployments of prefect.yaml, a worker and a browser: what an operator has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operate.operator import Operator
from tests.prefect_processes import deploy, running_worker

DEPLOYED = ("weekly-rebalance", "resume")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def operator(prefect_environment) -> Iterator[Operator]:
    """Somebody who works with the server, where the deployments are; schedules are paused, so that only tests start runs."""
    deploy(prefect_environment, *DEPLOYED)
    with Operator.at(prefect_environment["PREFECT_API_URL"]) as operator:
        operator.pause_schedules()
        yield operator


@pytest.fixture
def worker(prefect_environment, operator, exchange, tmp_path) -> Iterator[int]:
    """A worker on a loopback exchange of its own; its process id."""
    environment = {**prefect_environment, "RISKPARITY_HOME": str(exchange.home)}
    with running_worker(environment, tmp_path / "worker.log") as process:
        yield process.pid


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; where none is installed, a reason to skip.

    While it is there, Playwright has an event loop run in this thread, in which nobody else can begin one.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, prefect_environment, tmp_path):
    """A page of the Prefect UI: ``page.goto("/v2/runs")``. How it looked at the end is in the test's folder."""
    ui = prefect_environment["PREFECT_API_URL"].removesuffix("/api")
    context = browser.new_context(base_url=ui, viewport={"width": 1400, "height": 1300})
    context.set_default_timeout(60_000)
    page = context.new_page()
    yield page
    page.screenshot(path=Path(tmp_path, "end.png"))
    context.close()
