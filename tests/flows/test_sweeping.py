"""``riskparity sweep`` as its user meets it: a spread of figures or JSON on stdout, what failed and where to look on stderr."""

import json

import pytest

from flows.sweeping import sweep
from schemas.errors import ConfigError

GRID = ("end=2010-06-30", "lookback=40,63", "drift_threshold=0,0.02")
FLOORS = (
    "universe=SPY,EFA,TIP,BND",
    "min_weight=0.1",
    "max_weight=0.05,0.5,0.6",
    "end=2010-06-30",
    "lookback=63",
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))


def test_figures_are_spread_out_and_errors_told_by_class(capsys):
    assert sweep("risk_parity", FLOORS, {}, as_json=False) == 0
    told = capsys.readouterr()

    assert "3 points, 1 of them failed" in told.out
    assert "Sharpe ratio" in told.out
    assert "DataError, 1 times, first: No decision could be taken" in told.err
    assert "from sweep_points where run_id = 'risk_parity-sweep-" in told.err


def test_json_has_what_a_script_needs(capsys):
    assert sweep("inverse_volatility", GRID, {"random": 2, "seed": 1}, as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)

    assert (answer["points"], answer["failed"]) == (2, 0)
    assert {written["name"] for written in answer["artifacts"]} == {
        "sweep_points", "sweep_returns", "sweep_weights",
    }  # fmt: skip
    assert answer["summary"][0]["metric"] == "sharpe"


def test_a_misspelt_strategy_is_named():
    with pytest.raises(ConfigError, match="risk_parity"):
        sweep("risk_party", GRID, {}, as_json=True)
