from __future__ import annotations

import itertools

import numpy as np
import pytest

from portfolio.sweep_record import Parameter, sweep_record

LOOKBACK = Parameter("lookback", ("126", "252", "378"), np.array([126.0, 252.0, 378.0]))
CAP = Parameter("max_weight", ("0.2", "0.35", "0.5"), np.array([0.2, 0.35, 0.5]))
COST = Parameter("cost_bps", ("0", "5"), np.array([0.0, 5.0]), condition=True)
UNIVERSE = Parameter("left_out", ("none", "without SPY"), None)
CODES = np.array(list(itertools.product(range(3), range(3), range(2), range(2))))
CHOSEN = int(np.flatnonzero((CODES == [1, 1, 0, 0]).all(axis=1))[0])
CAP_STEP, COST_STEP = 0.15, -0.1


@pytest.fixture(scope="module")
def record():
    """Each step of the cap adds 0.15 to the Sharpe ratio and costs take 0.1; nothing else matters."""
    rng = np.random.default_rng(2)
    shared, own = rng.normal(size=(400, 1)), rng.normal(size=(400, len(CODES)))
    moved = shared + 0.05 * own
    moved = (moved - moved.mean(axis=0)) / moved.std(axis=0, ddof=1)
    sharpes = 0.5 + CAP_STEP * CODES[:, 1] + COST_STEP * CODES[:, 2]
    excess = 0.01 * (moved + sharpes / np.sqrt(52))
    return sweep_record((LOOKBACK, CAP, COST, UNIVERSE), CODES, excess, CHOSEN, draws=200)


def test_each_parameter_has_its_verdict(record):
    said = record.verdicts.set_index("parameter")
    assert said["verdict"].to_dict() == {
        "lookback": "plateau",
        "max_weight": "edge",  # still rising at the largest cap tried
        "cost_bps": "condition",  # nobody chooses what a trade costs
        "left_out": "plateau",
    }
    assert said.loc["max_weight", ["chosen", "best", "lowest", "highest"]].tolist() == [
        "0.35",
        "0.5",
        "0.2",
        "0.5",
    ]
    assert said.loc["max_weight", "slope"] == pytest.approx(CAP_STEP / 0.15)
    assert said.loc["cost_bps", "slope"] == pytest.approx(COST_STEP / 5)
    assert np.isnan(said.loc["left_out", "slope"])
    assert said.loc["max_weight", "explained"] == pytest.approx(
        6 * CAP_STEP**2 / (6 * CAP_STEP**2 + 9 / 4 * COST_STEP**2)
    )


def test_a_curve_row_says_which_point_is_behind_it(record):
    rows = record.curves[(record.curves["parameter"] == "max_weight") & (record.curves["kind"] == "slice")]
    assert CODES[rows["point"], 1].tolist() == [0, 1, 2]
    assert (np.delete(CODES[rows["point"]], 1, axis=1) == [1, 0, 0]).all()
    assert rows["chosen"].tolist() == [False, True, False]
    assert rows["difference"].tolist() == pytest.approx([-CAP_STEP, 0, CAP_STEP])
    assert rows["difference_error"].tolist()[1] == 0.0


def test_without_a_slice_the_verdict_rests_on_averages():
    """A random design: no two points differ in one parameter alone."""
    codes = np.array([[0, 0], [1, 1], [2, 2]])
    excess = 0.01 * np.random.default_rng(4).normal(size=(120, 3))
    said = sweep_record((LOOKBACK, CAP), codes, excess, 1, draws=50).verdicts
    assert said["kind"].tolist() == ["average", "average"]
    assert said["levels"].tolist() == [3, 3]


def test_the_summary_ranks_the_chosen_point_and_counts_the_trials(record):
    said = record.summary.iloc[0]
    assert said["score"] == pytest.approx(0.65)
    assert 13 <= said["rank"] <= 18  # below the twelve with the largest cap, beside five equals
    assert said["points"] == 36
    assert 1 <= said["independent_trials"] < 3  # all of them move together
    assert said["splits"] == 12_870
    assert said["overfit"] < 0.2  # what was planted lasts
    assert said["spearman"] > 0.3


def test_maps_show_what_explains_most_first(record):
    first = record.pairs.iloc[0]
    assert {first["first"], first["second"]} == {"max_weight", "cost_bps"}
    cells = record.pairs[(record.pairs["first"] == "max_weight") & (record.pairs["second"] == "cost_bps")]
    by_values = cells.set_index(["first_value", "second_value"])["score"]
    assert by_values["0.5", "5"] == pytest.approx(0.5 + 2 * CAP_STEP + COST_STEP)


def test_a_year_too_short_for_overfitting_leaves_it_open():
    excess = 0.01 * np.random.default_rng(4).normal(size=(24, 3))
    said = sweep_record((LOOKBACK,), np.array([[0], [1], [2]]), excess, 1, draws=50).summary.iloc[0]
    assert np.isnan(said["overfit"])
    assert said["splits"] == 0


def test_a_parameter_that_another_strategy_lacks_leaves_it_on_the_curve_of_strategies():
    objective = Parameter("strategy", ("risk_parity", "equal_weight"), None)
    codes = np.array([[0, 0], [0, 1], [0, 2], [1, -1]])
    excess = 0.01 * np.random.default_rng(6).normal(size=(120, 4))
    curves = sweep_record((objective, CAP), codes, excess, 1, draws=50).curves
    slices = curves[curves["kind"] == "slice"]
    assert slices.loc[slices["parameter"] == "strategy", "point"].tolist() == [1, 3]
    assert slices.loc[slices["parameter"] == "max_weight", "point"].tolist() == [0, 1, 2]
    averages = curves[(curves["kind"] == "average") & (curves["parameter"] == "max_weight")]
    assert averages["points"].tolist() == [1, 1, 1]
