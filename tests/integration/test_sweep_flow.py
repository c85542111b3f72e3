"""A sweep as a Prefect run, its parts as tasks on Dask: the same records as from the command line, and its progress on the page."""

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
from config.sweep_overrides import sweep_parameters
if __name__ == "__main__":
    from flows.sweep import sweep
    short = ["end=2010-06-30", "lookback=40,63", "drift_threshold=0,0.02"]
    told = sweep_parameters(load_settings(), "inverse_volatility", short, chunk=2, runner="dask", workers=1)
    print(sweep(told).model_dump_json())
"""


def test_a_run_leaves_records_and_progress(prefect_environment, tmp_path):
    # a file, not -c: the processes of the cluster import it
    (tmp_path / "run.py").write_text(RUN)
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py"], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, **prefect_environment, "RISKPARITY_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])

    assert (result["points"], result["failed"]) == (4, 0)
    points = query(tmp_path, "select point, lookback from all_sweep_points order by point").to_pydict()
    assert points == {"point": [0, 1, 2, 3], "lookback": [40, 40, 63, 63]}
    url = f"{prefect_environment['PREFECT_API_URL']}/artifacts/latest/filter"
    artifacts = {a["key"]: a for a in requests.post(url, json={}, timeout=10).json() if a["key"]}
    assert artifacts["sweep"]["data"] == 100.0
    assert artifacts["sweep-results"]["type"] == "table"
