"""The product's main job, from the command line to filled orders, and what a person finds afterwards."""

import json

import pytest

from warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def test_a_rebalance_fills_its_orders_and_a_second_one_is_refused_kindly(riskparity, exchange):
    first = riskparity("run", "risk_parity", "rebalance")

    assert first.code == 0, first.err
    assert "every order filled" in first.err
    assert 'riskparity sql "from positions' in first.err
    assert "riskparity why --run risk_parity-2015-W23-1" in first.err
    store = Warehouse(exchange.home)
    positions = store.history("positions", "risk_parity", store.last_account("risk_parity"))
    assert positions["difference"].abs().max() < 1e-3
    assert set(store.history("orders", "risk_parity", store.last_account("risk_parity"))["status"]) == {
        "filled"
    }
    for name in ("summary.html", "weights.svg", "equity.png", "performance.csv", "state.json", "status.json"):
        assert (exchange.home / "output" / "risk_parity" / name).stat().st_size > 0

    second = riskparity("run", "risk_parity", "rebalance")

    assert second.code == 3
    assert "Next opportunity: Mon 2015-06-08" in second.err
    assert "Traceback" not in second.err
    posted = [request for request in exchange.control.requests() if request["method"] == "POST"]
    assert len(posted) == len(store.history("orders", "risk_parity", store.last_account("risk_parity")))
    refused = store.runs("risk_parity", store.last_account("risk_parity")).iloc[-1]
    assert refused["outcome"] == "refused"
    reasons = store.history("decisions", "risk_parity", store.last_account("risk_parity"))["reasons"].iloc[-1]
    assert "NO  once a week" in reasons

    forced = riskparity("run", "risk_parity", "rebalance", "--force", "--reason", "drill", "--json")

    assert forced.code == 0, forced.err
    result = json.loads(forced.out)[0]
    assert result["outcome"] in {"hold", "complete"}
    because = store.history("decisions", "risk_parity", store.last_account("risk_parity"))[
        "forced_because"
    ].iloc[-1]
    assert because == "drill"


def test_a_plan_sends_nothing_and_does_not_use_up_the_week(riskparity, exchange):
    plan = riskparity("run", "inverse_volatility", "plan")

    assert plan.code == 0, plan.err
    assert "BUY" in plan.out
    assert "Nothing was sent" in plan.err
    assert not [request for request in exchange.control.requests() if request["method"] == "POST"]
    assert riskparity("run", "inverse_volatility", "rebalance").code == 0
