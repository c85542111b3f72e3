"""Prefect's database is locked by somebody in the middle of a rebalance: the run waits, and nothing is lost or sent twice."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.operate.killing import POINTS, RISKPARITY, faults, orders, wait_for
from tests.prefect_processes import without_keys

pytestmark = [pytest.mark.integration, pytest.mark.thorough, pytest.mark.timeout(600)]

HELD = 12.0
"""Seconds: longer than the ten for which Prefect's server waits before it answers 503."""


def test_a_run_waits_for_a_locked_database_of_prefect_and_sends_each_order_once(
    prefect_environment, exchange
):
    exchange.control.set_faults(*faults(POINTS[1]))
    environment = {**prefect_environment, "RISKPARITY_HOME": str(exchange.home)}
    with subprocess.Popen(
        [RISKPARITY, "run", "risk_parity", "rebalance", "--json"],
        env=without_keys(environment),
        stdout=subprocess.PIPE,
    ) as run:
        wait_for(POINTS[1], exchange.control, exchange.home)
        database = Path(prefect_environment["PREFECT_HOME"], "prefect.db")
        with closing(sqlite3.connect(database, isolation_level=None, timeout=60)) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            time.sleep(HELD)
        run.communicate(timeout=300)

    assert run.returncode == 0
    sent = orders(exchange.control)
    assert len(sent) == len(set(sent)) > 0
    assert exchange.control.violations() == []
