"""The stress test as a Prefect run, and a crash week lived through by the weekly flow on the loopback exchange."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.prefect_processes import ROOT, without_keys
from warehouse.query import query

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SMALL = ["universe=SPY,EFA,TLT,IEF,LQD", "draws=20", "universes=[20]", "lookback=126"]
RUN = f"""
from config import load_settings
from config.overrides import override
from flows.stress import stress
from schemas.stress_parameters import StressParameters
parameters = StressParameters.of(load_settings().backtest("risk_parity"))
print(stress(override(parameters, {[*SMALL, "end=2011-12-30"]!r})).model_dump_json())
"""


@pytest.fixture
def home(tmp_path, prefect_environment):
    """Environment of a process with an empty state folder, and the folder."""
    return without_keys({**prefect_environment, "RISKPARITY_HOME": str(tmp_path)}), tmp_path


def _run(command, environment):
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_leaves_records_page_and_summary(home, prefect_environment):
    environment, folder = home
    result = json.loads(_run([sys.executable, "-c", RUN], environment).stdout.splitlines()[-1])

    assert (folder / result["report"]).exists()
    tests = query(folder, "select strategy, refused from all_stress_tests").to_pylist()
    assert tests == [{"strategy": "risk_parity", "refused": 2}]
    url = f"{prefect_environment['PREFECT_API_URL']}/artifacts/filter"
    keys = {artifact["key"] for artifact in requests.post(url, json={}, timeout=10).json()}
    assert "risk-parity-stress-summary" in keys


@pytest.mark.thorough
def test_a_crash_week_is_lived_through_with_all_that_stands_in_the_way_of_an_order(home):
    """Bought in, the largest holding halted in the worst week, and a gap on the morning of the next run."""
    environment, folder = home
    riskparity = Path(sys.executable).with_name("riskparity")
    command = [riskparity, "stress", "--live-like", "2011-08-08", "--json"]
    sets = [word for item in SMALL for word in ("--set", item)]
    told = json.loads(_run([*command, *sets], environment).stdout)
    bought, halted, gapped = told["weeks"]

    assert (bought["session"], bought["outcome"], bought["filled"]) == (
        "2011-08-01",
        "complete",
        bought["orders"],
    )
    assert bought["event"] == ""
    symbol = halted["event"].split(": ")[1].split(" ")[0]
    assert halted["outcome"] in {"adjusted", "hold", "complete"}
    assert ("canceled" in halted["said"]) == (halted["outcome"] == "adjusted")
    assert gapped["outcome"] == "DataError"
    assert gapped["orders"] == 0
    assert "What is held cannot be valued" in gapped["said"]
    assert gapped["equity"] < halted["equity"] < bought["equity"]
    assert symbol in {"SPY", "EFA", "TLT", "IEF", "LQD"}
    assert query(folder, "select count(*) n from all_stress_weeks")["n"].to_pylist() == [3]
    # what is lived through there is nobody's record here
    assert query(folder, "from all_runs").num_rows == 0
