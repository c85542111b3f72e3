"""Retry in the Prefect UI re-executes only what had not completed: proven with a real server, worker and API."""

from __future__ import annotations

import pytest

from warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BEFORE_EXECUTION = ["guard", "ingestion", "cleaning", "take stock", "optimization", "plan"]
KEYS_ROTATED = {
    "path": "by_client_order_id",
    "action": "status",
    "status": 401,
    "times": None,
    "answer": {"code": 40110000, "message": "unauthorized."},
}


def test_a_retry_repeats_only_the_stage_that_failed_and_those_after_it(operator, worker, exchange):
    exchange.control.set_faults(KEYS_ROTATED)

    failed = operator.run("weekly-rebalance")

    assert failed.state.name == "Failed"
    assert operator.tasks(failed) == {
        **dict.fromkeys(BEFORE_EXECUTION, "Completed"),
        "execution": "Failed",
    }
    asked = len([r for r in exchange.control.requests() if r["path"] == "/v2/stocks/bars"])

    exchange.control.set_faults()
    completed = operator.retry(failed)

    assert completed.state.name == "Complete"
    assert operator.tasks(completed) == {
        **dict.fromkeys(BEFORE_EXECUTION, "Cached"),
        **dict.fromkeys(["execution", "accounts", "report"], "Completed"),
    }
    assert len([r for r in exchange.control.requests() if r["path"] == "/v2/stocks/bars"]) == asked
    store = Warehouse(exchange.home)
    orders = store.history("orders", "risk_parity", store.last_account("risk_parity"))
    assert set(orders["status"]) == {"filled"}
    assert set(orders["run_id"]) == {"risk_parity-2015-W23-1"}
