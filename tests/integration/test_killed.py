"""SIGKILL in the middle of sending, then the same command again: every order once, holdings at target."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse import Warehouse

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


def posted(exchange):
    requests = exchange.control.requests()
    return [json.loads(r["body"])["client_order_id"] for r in requests if r["method"] == "POST"]


def killed_after(orders, exchange, environment):
    process = subprocess.Popen(
        [Path(sys.executable).with_name("riskparity"), "run", "risk_parity", "rebalance"],
        env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(posted(exchange)) < orders:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("orders", [1, pytest.param(3, marks=pytest.mark.thorough)])
def test_the_same_command_finishes_what_a_killed_one_began(riskparity, exchange, prefect_environment, orders):
    exchange.control.set_faults(
        {"method": "POST", "path": "/v2/orders", "action": "delay", "seconds": 0.3, "times": None}
    )
    killed_after(orders, exchange, {**prefect_environment, "RISKPARITY_HOME": str(exchange.home)})
    exchange.control.set_faults()

    again = riskparity("run", "risk_parity", "rebalance")

    assert again.code == 0, again.err
    assert "goes on where it stopped" in again.err
    store = Warehouse(exchange.home)
    filled = store.history("fills", "risk_parity", store.last_account("risk_parity"))
    assert sorted(posted(exchange)) == sorted(filled["client_order_id"])
    positions = store.history("positions", "risk_parity", store.last_account("risk_parity"))
    assert positions["difference"].abs().max() < 1e-3
