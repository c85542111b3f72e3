"""A small sweep on the bundled prices, from the command's parameters to what the report says of it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from config import load_settings
from config.sweep_overrides import sweep_parameters
from portfolio.statistics import sharpe_ratio
from schemas.errors import DataError
from schemas.identity import Sweep
from tasks.reproduction import sweep_command
from tasks.sweep_judgement import latest_sweep, rows_of
from tasks.sweep_opening import begin_sweep
from tasks.sweep_report import latest_sweep_inputs, sweep_inputs, write_sweep_report
from tasks.sweep_running import run_sweep
from warehouse import Warehouse

NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
ITEMS = (
    "prices=bundled",
    "end=2011-06-30",
    "universe=SPY,TLT,IEF,XLE",
    "strategy=risk_parity,benchmark",
    "lookback=63,126,252",
    "cost_bps=2,10",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def parameters():
    return sweep_parameters(load_settings(), "risk_parity", ITEMS, leave_one_out=True, seed=0)


@pytest.fixture(scope="module")
def sweep(store, parameters):
    return run_sweep(store, begin_sweep(store, parameters, NOW)).sweep


@pytest.fixture(scope="module")
def inputs(store, sweep):
    return sweep_inputs(store, sweep)


def test_the_configured_parameters_are_the_chosen_point(inputs):
    assert inputs.chosen == "strategy risk parity, assets left out none, lookback 252, costs (bp) 2"
    assert set(inputs.verdicts["parameter"]) == {"strategy", "left_out", "lookback", "cost_bps"}
    assert inputs.verdicts["explained"].is_monotonic_decreasing
    assert not any("nearest" in note for note in inputs.notes)


def test_a_point_that_cannot_be_lived_is_listed_with_its_reason(inputs):
    """Holding SPY alone, where SPY is left out."""
    assert (
        len(inputs.points) + len(inputs.failures) == 5 * 2 * 3 * 2
    )  # universes, strategies, lookbacks, costs
    assert inputs.failures["label"].unique().tolist() == [
        f"benchmark, lookback {days}, without SPY" for days in (63, 126, 252)
    ]
    assert inputs.failures["error_text"].str.contains("SPY").all()


def test_what_strategies_bring_along_is_no_axis(store, sweep, inputs):
    """The benchmark has no cap; the cap was not varied."""
    assert rows_of(store, sweep, "sweep_points")["max_weight"].nunique(dropna=False) == 2
    assert inputs.curve("strategy", "slice")["value"].tolist() == ["risk parity", "benchmark"]


def test_a_slice_is_made_of_points_that_differ_in_nothing_else(store, sweep, inputs):
    points = rows_of(store, sweep, "sweep_points").set_index("point")
    rows = inputs.curve("lookback", "slice")
    behind = points.loc[rows["point"]]
    assert behind["lookback"].tolist() == [63, 126, 252]
    assert (behind[["strategy", "left_out", "cost_bps"]] == ["risk_parity", "", 2.0]).all(axis=None)
    returns = rows_of(store, sweep, "sweep_returns").pivot_table(
        index="session", columns="point", values="excess_return"
    )
    expected = sharpe_ratio(returns[rows["point"].tolist()].to_numpy(dtype=float), 52)
    assert rows["score"].to_numpy() == pytest.approx(expected)


def test_what_changes_no_target_changes_no_weight(inputs):
    distances = inputs.distances.set_index(["parameter", "value"])
    assert distances.loc[("cost_bps", "10")].tolist() == [0.0, 0.0]
    assert distances.loc[("lookback", "252")].tolist() == [0.0, 0.0]
    mean, weekly = distances.loc[("lookback", "63")]
    assert 0.0 < mean < weekly < 1.0  # means over years hide what is bought and sold in between


def test_sub_periods_are_dated_and_cover_all_weeks(inputs):
    spans = inputs.ranks.drop_duplicates("period")
    assert len(spans) == 4
    assert (spans["first"].to_numpy()[1:] > spans["last"].to_numpy()[:-1]).all()
    assert spans["last"].iloc[-1] == pd.Timestamp(2011, 6, 30)


def test_the_page_is_written_below_the_strategy(store, inputs):
    page = store.root / write_sweep_report(store, inputs)
    assert page == store.root / "output" / "risk_parity" / "sweep" / "report.html"
    assert (page.parent / "figures" / "slices.png").exists()
    assert "6 failed" in page.read_text(encoding="utf-8")


def test_the_command_makes_the_same_design_again(parameters, sweep, store, inputs):
    assert inputs.command.startswith("riskparity sweep risk_parity")
    assert inputs.command.endswith(" --leave-one-out")
    given = inputs.command.removesuffix(" --leave-one-out").split(" --set ")
    words = [word.strip("'") for word in given[1:]]
    again = sweep_parameters(load_settings(), "risk_parity", words, leave_one_out=True, seed=0)
    assert again.axes == parameters.axes
    assert begin_sweep(store, again, NOW).sweep == sweep


def test_flags_of_the_design_are_part_of_the_command(parameters):
    changed = parameters.model_copy(
        update={"leave_one_out": True, "subsets": 5, "subset_size": 4, "random": 20, "seed": 3}
    )
    assert sweep_command(changed).endswith("--leave-one-out --subsets 5 --subset-size 4 --random 20 --seed 3")


def test_the_latest_sweep_of_a_strategy_is_found(store, sweep):
    found = latest_sweep(store, "risk_parity")
    assert found.run_id == sweep.run_id
    assert len(rows_of(store, found, "sweep_points")) == 60
    assert latest_sweep(store, "equal_weight") is None


def test_a_backtest_is_given_the_latest_sweep_without_what_would_take_it_long(store, sweep, inputs):
    brief = latest_sweep_inputs(store, "risk_parity")
    assert brief.verdicts.equals(inputs.verdicts)
    assert brief.distances.empty
    assert latest_sweep_inputs(store, "equal_weight") is None


@pytest.mark.parametrize(
    "items",
    [
        ("end=2010-06-30", "lookback=63"),  # one point
        ("end=2010-06-30", "lookback=40,63", "strategy=benchmark", "universe=TLT,IEF"),  # none lived
        ("start=2009-06-01", "end=2009-08-31", "lookback=40,63"),  # three months
    ],
)
def test_with_nothing_to_compare_there_is_no_report_and_no_error(tmp_path, items):
    store = Warehouse(tmp_path)
    parameters = sweep_parameters(load_settings(), "risk_parity", ("prices=bundled", *items))
    run_sweep(store, begin_sweep(store, parameters, NOW))
    assert latest_sweep(store, "risk_parity") is not None
    assert latest_sweep_inputs(store, "risk_parity") is None


def test_a_sweep_that_is_not_there_is_named(store):
    unknown = Sweep(strategy="risk_parity", session=dt.date(2011, 6, 30), digest="0" * 64)
    with pytest.raises(DataError, match="risk_parity-sweep-000000000000"):
        sweep_inputs(store, unknown)


def test_scores_agree_with_the_table_of_points(store, sweep, inputs):
    """Weekly and daily Sharpe ratios rank alike."""
    daily = rows_of(store, sweep, "sweep_points").set_index("point")["sharpe"].loc[inputs.points["point"]]
    assert np.corrcoef(daily, inputs.points["score"])[0, 1] > 0.9
