"""A sweep on the bundled prices, from its first part to its rows in the warehouse, killed on the way and not."""

import datetime as dt
import json
import multiprocessing
import os
import signal

import pytest

from config import load_settings
from config.sweep_overrides import sweep_parameters
from flows.backtesting import run_backtest
from schemas.backtest_parameters import BacktestParameters
from schemas.errors import ConfigError
from tasks.sweep_opening import begin_sweep
from tasks.sweep_parts import evaluate_points
from tasks.sweep_results import finished_sweep
from tasks.sweep_running import run_sweep
from tasks.sweep_summary import failures, points_of, summary
from warehouse import Warehouse
from warehouse.query import query
from warehouse.sweep_parts import SweepParts

SHORT = ("end=2010-06-30", "lookback=63", "max_weight=0.2,0.5", "drift_threshold=0,0.02")
NOW = dt.datetime(2026, 1, 2, 15, tzinfo=dt.UTC)


def opened(store, *items, now=NOW, **design):
    told = sweep_parameters(load_settings(), "risk_parity", (*SHORT, *items), **{"chunk": 2, **design})
    return begin_sweep(store, told, now)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def result(store):
    """Two caps, two drift bands, two cost levels."""
    return run_sweep(store, opened(store, "cost_bps=0,10"))


def test_every_point_is_a_row_with_its_parameters_and_figures(store, result):
    points = points_of(store, result)

    assert points["point"].tolist() == list(range(8))
    assert points["max_weight"].tolist() == [0.2] * 4 + [0.5] * 4
    assert points["drift_threshold"].tolist() == [0.0, 0.0, 0.02, 0.02] * 2
    assert points["cost_bps"].tolist() == [0.0, 10.0] * 4
    assert set(points["status"]) == {"done"}
    assert (points["costs"].eq(0) == points["cost_bps"].eq(0)).all()
    assert points["cagr"][0] > points["cagr"][1]


def test_a_point_is_the_backtest_of_its_parameters(store, result, tmp_path):
    point = points_of(store, result).iloc[3]
    parameters = BacktestParameters.model_validate_json(point["parameters"])
    again = Warehouse(tmp_path)
    run_backtest(again, parameters.model_copy(update={"beside": (), "draws": 100}), quiet=True)
    rows = query(
        tmp_path, "select metric, estimate from all_backtest_statistics where series = 'risk_parity'"
    )
    figures = dict(zip(*rows.to_pydict().values(), strict=True))

    for name in ("cagr", "volatility", "sharpe", "max_drawdown", "turnover", "costs"):
        assert point[name] == pytest.approx(figures[name], rel=1e-9)


def test_rows_are_open_to_sql_once_the_sweep_is_finished(store, result):
    weeks = query(
        store.root,
        "select point, count(*) n, min(session) a, max(session) b from all_sweep_returns group by 1",
    ).to_pydict()

    assert len(weeks["point"]) == 8
    assert len(set(weeks["n"])) == len(set(weeks["a"])) == len(set(weeks["b"])) == 1
    row = query(store.root, "from all_sweeps").to_pylist()[0]
    assert (row["points"], row["failed"]) == (8, 0)
    assert json.loads(row["axes"]) == {
        "max_weight": [0.2, 0.5], "drift_threshold": [0.0, 0.02], "cost_bps": [0.0, 10.0],
    }  # fmt: skip


def test_weights_are_where_the_money_was(store, result):
    weights = store.get(next(a for a in result.artifacts if a.name == "sweep_weights"))
    capped = weights.merge(points_of(store, result)[["point", "max_weight"]], on="point")

    assert (capped["last_target"] <= capped["max_weight"] + 1e-9).all()
    assert capped.groupby("max_weight")["mean_target"].max().is_monotonic_increasing
    assert (weights.groupby("point")["last_target"].sum() < 1).all()


def test_the_same_sweep_is_not_computed_again(store, result):
    later = opened(store, "cost_bps=0,10", now=NOW + dt.timedelta(days=3), runner="process_pool", chunk=5)

    assert later.sweep == result.sweep
    assert finished_sweep(store, later).artifacts == result.artifacts
    assert opened(store, "cost_bps=0,11").sweep != result.sweep


def test_how_results_are_spread_is_told_without_a_winner(store, result):
    spread = summary(store, result).set_index("metric")

    assert spread.loc["cagr", "lowest"] < spread.loc["cagr", "median"] < spread.loc["cagr", "highest"]


def test_a_point_that_fails_is_recorded_and_stops_nothing(tmp_path):
    store = Warehouse(tmp_path)
    result = run_sweep(
        store, opened(store, "min_weight=0.1", "universe=SPY,EFA,TIP,BND", "max_weight=0.05,0.5")
    )
    points = points_of(store, result)

    assert points["status"].tolist() == ["failed", "failed", "done", "done"]
    assert points["sharpe"].isna().tolist() == [True, True, False, False]
    ((kind, text, times),) = failures(store, result)
    assert (kind, times) == ("DataError", 2)
    assert "min_weight" in text
    assert result.failed == 2


def test_a_sweep_of_points_that_all_fail_is_a_result_too(tmp_path):
    store = Warehouse(tmp_path)
    result = run_sweep(store, opened(store, "min_weight=0.6", "universe=SPY,EFA,TIP,BND", "max_weight=0.7"))

    assert (result.points, result.failed) == (2, 2)


def _killed_after_two_parts(store):
    """As `kill -9` does it, in a process of its own."""
    parts = []

    def done(part, before):
        parts.append(part)
        if len(parts) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    run_sweep(store, opened(store, chunk=1), done)


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    store, undisturbed = Warehouse(tmp_path / "killed"), Warehouse(tmp_path / "not")
    process = multiprocessing.get_context("fork").Process(target=_killed_after_two_parts, args=(store,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert query(store.root, "from all_sweeps").num_rows == 0

    told = []
    result = run_sweep(store, opened(store, chunk=1), lambda part, before: told.append((part.first, before)))

    assert told == [(0, True), (1, True), (2, False), (3, False)]
    assert result.artifacts == run_sweep(undisturbed, opened(undisturbed)).artifacts


def test_other_code_than_that_which_began_computes_nothing(store, result):
    begun = opened(store, "cost_bps=0,12").model_copy(update={"code_version": "of another machine"})

    with pytest.raises(ConfigError, match="the same version on every machine"):
        evaluate_points(store, begun, begun.parts[0])


def test_a_part_that_is_done_twice_counts_once(tmp_path):
    store = Warehouse(tmp_path)
    begun = opened(store)
    for part in (*begun.parts, *begun.parts):
        evaluate_points(store, begun, part)
        assert SweepParts(store.root, begun.sweep).finished(part)

    assert points_of(store, run_sweep(store, begun))["point"].tolist() == [0, 1, 2, 3]
