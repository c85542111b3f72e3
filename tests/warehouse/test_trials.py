"""Every configuration ever tried is one row of ``trials``, whether a backtest or a point of a sweep."""

import pytest

from schemas.identity import Sweep, Trial
from tests.any_row import NOON, any_row
from tests.visible import visible
from warehouse import Warehouse
from warehouse.query import query

SWEEP = Sweep(strategy="risk_parity", session=NOON.date(), digest="0f3a9c2b4d5e")


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(tmp_path)


def test_points_of_a_sweep_stand_beside_backtests_with_the_same_columns(warehouse):
    backtest = any_row("backtests", strategy="equal_weight", config_hash="a", sharpe=0.7)
    warehouse.put(Trial(strategy="equal_weight", decided_at=NOON), "backtests", [backtest])
    points = [
        any_row("sweep_points", point=0, config_hash="b", strategy="risk_parity", sharpe=0.5, status="done"),
        any_row(
            "sweep_points", point=1, config_hash="c", strategy="risk_parity", sharpe=None, status="failed"
        ),
        any_row(
            "sweep_points", point=2, config_hash="d", strategy="minimum_variance", sharpe=0.9, status="done"
        ),
    ]
    warehouse.put(SWEEP, "sweep_points", points)
    before = query(warehouse.root, "from all_trials").num_rows
    warehouse.put(
        SWEEP, "sweeps", [any_row("sweeps", strategy="risk_parity", prices="bundled", code_version="1")]
    )

    found = query(warehouse.root, "from all_trials order by config_hash").to_pylist()

    assert before == 1  # a sweep counts when it is finished
    assert [(t["kind"], t["point"], t["strategy"], t["sharpe"]) for t in found] == [
        ("backtest", None, "equal_weight", 0.7),
        ("sweep", 0, "risk_parity", 0.5),
        ("sweep", 2, "minimum_variance", 0.9),
    ]
    assert found[1]["prices"] == "bundled"
    assert found[1]["run_id"] == SWEEP.run_id
    assert isinstance(found[1]["sessions"], int)


def test_thousands_of_points_are_one_file_and_one_question(warehouse):
    points = [
        any_row("sweep_points", point=k, config_hash=f"{k}", sharpe=k / 1e4, status="done")
        for k in range(5000)
    ]
    warehouse.put(SWEEP, "sweep_points", points)
    warehouse.put(SWEEP, "sweeps", [any_row("sweeps")])

    sql = "select count(distinct config_hash) as n, max(sharpe) as best from trials having n > 0"
    assert visible(warehouse.root, sql) == [{"n": 5000, "best": 0.4999}]
    assert len([*warehouse.root.glob("artifacts/sweep_points/run_date=2*/*")]) == 1
