"""The backtest as a Prefect run: the same records as from the command line, and its results on the run's page."""

import json
import os
import subprocess
import sys

import pytest
import requests

from tests.integration.conftest import ROOT
from warehouse.query import query

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

RUN = """
from config import load_settings
from config.overrides import override
from flows.backtest import backtest
short = ["start=2015-06-01", "end=2015-12-31", "lookback=63", "draws=100", "beside=[]"]
print(backtest(override(load_settings().backtest("equal_weight"), short)).model_dump_json())
"""


def test_a_run_leaves_records_report_and_artifacts(prefect_environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, **prefect_environment, "RISKPARITY_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])

    assert (tmp_path / result["report"]).exists()
    assert query(tmp_path, "select strategy from all_trials")["strategy"].to_pylist() == ["equal_weight"]
    url = f"{prefect_environment['PREFECT_API_URL']}/artifacts/filter"
    artifacts = requests.post(url, json={}, timeout=10).json()
    kinds = {
        artifact["type"]
        for artifact in artifacts
        if (artifact["key"] or "").startswith("equal-weight-backtest")
    }
    assert kinds == {"table", "markdown", "image"}
