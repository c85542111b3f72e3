"""Part of a run again, from the command line."""

from __future__ import annotations

import json

import pytest

from warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

FIRST, SECOND = "risk_parity-2015-W23-1", "risk_parity-2015-W23-2"
KEYS_ROTATED = {"path": "by_client_order_id", "action": "status", "status": 401, "times": None}


@pytest.mark.thorough
def test_a_run_that_stopped_before_its_orders_is_resumed_and_its_report_written_again(riskparity, exchange):
    exchange.control.set_faults({**KEYS_ROTATED, "answer": {"code": 40110000, "message": "unauthorized."}})
    stopped = riskparity("run", "risk_parity", "rebalance")
    exchange.control.set_faults()
    assert stopped.code == 2, stopped.err

    resumed = riskparity("runs", "resume", FIRST, "--from", "take stock")

    assert resumed.code == 0, resumed.err
    assert f"ingestion, cleaning from {FIRST}" in resumed.err
    assert "every order filled" in resumed.err
    store = Warehouse(exchange.home)
    orders = store.history("orders", "risk_parity", store.last_account("risk_parity"))
    assert set(orders["run_id"]) == {SECOND}
    posted = [r for r in exchange.control.requests() if r["method"] == "POST"]
    assert len(posted) == len(orders)

    page = exchange.home / "output" / "risk_parity" / "summary.html"
    page.unlink()
    again = riskparity("runs", "resume", SECOND, "--from", "report", "--json")

    assert again.code == 0, again.err
    assert json.loads(again.out)["summary"] == "output/risk_parity/summary.html"
    assert SECOND in page.read_text()
    listed = json.loads(riskparity("runs", "list", "--json").out)
    assert [(row["run"], row["outcome"]) for row in listed] == [(FIRST, "unfinished"), (SECOND, "complete")]
