"""The console script: help that is quick because nothing heavy is imported, and codes that are documented."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RISKPARITY = Path(sys.executable).with_name("riskparity")


def riskparity(*arguments, home):
    return subprocess.run(
        [RISKPARITY, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"RISKPARITY_HOME": str(home)},
    )


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom flows.runner import app\napp(['--help'], result_action='return_value')\n"
        "print(sorted({'prefect', 'pandas', 'matplotlib', 'duckdb', 'alpaca', 'pandera', 'scipy', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
    assert "Exit codes" in done.stdout


def test_a_backtest_begins_without_the_parts_of_scipy_that_it_may_never_ask():
    """They took two seconds of nine to import; ``import scipy`` fetches each when it is first used."""
    code = "import sys, tasks.backtest\nprint(sorted({'scipy.optimize', 'scipy.stats', 'scipy.cluster'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["strategies"],
        ["why"],
        ["sql"],
        ["config"],
        ["halt"],
        ["unhalt"],
        ["acknowledge"],
        ["apply"],
        ["backtest"],
        ["check-lookahead"],
        ["doctor"],
        ["exchange"],
        ["exchange", "advance"],
        ["runs", "list"],
        ["runs", "show"],
        ["runs", "resume"],
        ["warehouse", "check"],
        ["warehouse", "prune"],
    ],
)
def test_every_command_explains_itself(command, tmp_path):
    done = riskparity(*command, "--help", home=tmp_path)

    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "risk_parity", "dance"], "rebalance"),
        (["run", "risk_party", "status"], "risk_parity"),
        (["run", "risk_parity", "rebalance", "--force"], "--reason"),
        (["sql", "drop view runs"], "read-only"),
        (["backtest", "risk_parity", "--start", "2015-01-01", "--end", "2014-01-01"], "not before"),
        (["why"], "risk_parity has not decided anything yet"),
        (["why", "--as-of", "yesterday"], "date"),
        (["rum"], "run"),
        (["unhalt"], "--reason"),
        (["acknowledge", "risk_parity-2015-W23-1"], "--reason"),
        (["apply", "risk_parity-2015-W23-plan-1"], "no plan file"),
        (["run", "risk_parity", "rebalance", "--weeks", "0"], "weeks"),
        (["run", "risk_parity", "plan", "--weeks", "2"], "--weeks"),
        (["run", "risk_parity", "rebalance", "--set", "dry_run=true"], "dry_run"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_would_be_right(arguments, said, tmp_path):
    done = riskparity(*arguments, home=tmp_path)

    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_strategy_that_has_not_run_says_how_to_start(tmp_path):
    done = riskparity("run", "risk_parity", "status", home=tmp_path)

    assert done.returncode == 0
    assert "riskparity run risk_parity plan" in done.stderr


def test_listings_speak_json(tmp_path):
    strategies = json.loads(riskparity("strategies", "--json", home=tmp_path).stdout)
    config = json.loads(riskparity("config", "--json", home=tmp_path).stdout)

    assert set(strategies) == {
        "benchmark",
        "downside_risk_parity",
        "equal_weight",
        "fixed_weights",
        "hierarchical_risk_parity",
        "inverse_volatility",
        "minimum_variance",
        "risk_parity",
        "variance_risk_parity",
    }
    assert config["guard.max_turnover"] == {"value": 0.5, "origin": "config/limits.toml"}
    assert config["ALPACA_API_KEY"] == "not set"


def test_sql_answers_as_table_json_and_csv(tmp_path):
    sql = "select 1 as one, 'a,b' as text"

    assert "one" in riskparity("sql", sql, home=tmp_path).stdout
    assert json.loads(riskparity("sql", sql, "--json", home=tmp_path).stdout) == [{"one": 1, "text": "a,b"}]
    assert riskparity("sql", sql, "--csv", home=tmp_path).stdout == 'one,text\n1,"a,b"\n'


def test_a_state_folder_that_is_none_is_said_plainly(tmp_path):
    (tmp_path / "file").touch()
    done = riskparity("sql", "from runs", home=tmp_path / "file")

    assert done.returncode == 2
    assert "RISKPARITY_HOME" in done.stderr


def test_wide_answers_are_shown_record_by_record(tmp_path):
    sql = "select repeat('x', 90) as first, repeat('y', 90) as second"
    lines = riskparity("sql", sql, home=tmp_path).stdout.splitlines()

    assert any(line.startswith("first") and line.rstrip().endswith("x" * 90) for line in lines)
