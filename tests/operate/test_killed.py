"""SIGKILL in the middle of sending: the run is marked, its place is free, a retry completes it, every order is placed once.

The whole matrix, with servers that die as well, is ``make kill-matrix``; what came of it stands in docs/operations.md.
"""

from __future__ import annotations

from datetime import timedelta

import psutil
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.automations import install_automations
from flows.notifications import Destinations
from tests.operate.killing import POINTS, faults, orders, wait_for
from tests.prefect_processes import running_worker

pytestmark = [pytest.mark.integration, pytest.mark.crash, pytest.mark.timeout(900)]

SOON = timedelta(seconds=10)


@pytest.fixture
def under_way(operator, exchange):
    """Start a rebalance and stop time while the exchange has an order and has not yet answered."""

    def start():
        exchange.control.set_faults(*faults(POINTS[1]))
        run = operator.start("weekly-rebalance")
        wait_for(POINTS[1], exchange.control, exchange.home)
        return run

    return start


@pytest.mark.thorough
def test_when_worker_and_flow_die_together_the_server_ends_the_run_and_the_next_worker_goes_on(
    operator, prefect_environment, exchange, under_way, tmp_path
):
    environment = {**prefect_environment, "RISKPARITY_HOME": str(exchange.home)}
    with running_worker(environment, tmp_path / "worker.log") as worker:
        run = under_way()
        both = psutil.Process(worker.pid)
        for process in [*both.children(recursive=True), both]:
            process.kill()
    exchange.control.set_faults()
    with temporary_settings({PREFECT_API_URL: prefect_environment["PREFECT_API_URL"]}):
        install_automations(Destinations("", ""), silence=SOON)  # as `riskparity serve` does when it starts
    crashed = operator.ended(run.id)
    for automation in operator.client.read_automations():
        operator.client.delete_automation(automation.id)

    assert crashed.state.name == "Crashed"
    with running_worker(environment, tmp_path / "worker.log"):
        assert operator.retry(crashed).state.name == "Complete"
        assert operator.run("weekly-rebalance").state.name == "Refused"  # it had its turn: the week is done
    sent = orders(exchange.control)
    assert len(sent) == len(set(sent)) > 0
    assert exchange.control.violations() == []
