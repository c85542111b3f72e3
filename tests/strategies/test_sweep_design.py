"""Which points a sweep has: every combination, or some of them; numbered once and for all."""

import pytest

from schemas.backtest_parameters import BacktestParameters
from schemas.baseline_parameters import EqualWeightParameters
from schemas.errors import ConfigError
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.sweep_parameters import SweepParameters
from strategies.sweep_design import Design

ASSETS = ("SPY", "TLT", "GLD", "DBC")


def design(axes=None, **fields):
    return Design(SweepParameters(axes=axes or {}, **fields), ASSETS)


def test_a_grid_has_every_combination_once_and_what_is_cheap_to_change_changes_fastest():
    points = list(design({"drift_threshold": (0.0, 0.01), "lookback": (63, 126, 252)}).points())

    tried = [(p.parameters.strategy.lookback, p.parameters.rules.drift_threshold) for p in points]
    assert tried == [(63, 0.0), (63, 0.01), (126, 0.0), (126, 0.01), (252, 0.0), (252, 0.01)]
    assert [point.number for point in points] == list(range(6))


def test_every_other_parameter_is_that_of_the_backtest():
    shared = BacktestParameters(capital=5e4, strategy=RiskParityParameters(max_weight=0.2))
    (point,) = design({"lookback": (63,)}, backtest=shared).points()

    assert point.parameters == shared.model_copy(
        update={"strategy": RiskParityParameters(max_weight=0.2, lookback=63)}
    )
    assert point.symbols == ASSETS


def test_each_axis_reaches_its_place():
    axes = {
        "spike_threshold": (8.0,), "lookback": (63,), "minimum_acceptable_return": (0.001,), "max_weight": (0.4,),
        "sleeve_min": (0.1,), "sleeve_max": (0.2,), "sleeve_max_weight": (0.05,), "weekday": (3,),
        "drift_threshold": (0.02,), "cost_bps": (7.0,),
    }  # fmt: skip
    (point,) = design(axes, backtest={"costs": {"commission_bps": 1.0}}).points()
    given = point.parameters.model_dump()

    assert given["costs"]["slippage_bps"] + given["costs"]["commission_bps"] == 7.0
    reached = {**given["strategy"], **given["rules"], **given["cleaning"]}
    assert {name: (reached[name],) for name in axes if name != "cost_bps"} == {
        name: tried for name, tried in axes.items() if name != "cost_bps"
    }


def test_a_strategy_is_not_multiplied_by_what_it_knows_nothing_of():
    axes = {
        "strategies": (RiskParityParameters(), EqualWeightParameters()),
        "max_weight": (0.2, 0.3, 0.4),
        "cost_bps": (0.0, 5.0),
    }
    names = [point.parameters.strategy.name for point in design(axes).points()]

    assert names == ["risk_parity"] * 6 + ["equal_weight"] * 2


def test_universes_are_the_whole_the_whole_without_each_asset_and_random_ones():
    made = design(leave_one_out=True, subsets=5, subset_size=2, seed=3)

    assert made.universes[:5] == (
        ASSETS,
        ASSETS[1:],
        ("SPY", "GLD", "DBC"),
        ("SPY", "TLT", "DBC"),
        ASSETS[:3],
    )
    assert {len(universe) for universe in made.universes[5:]} == {2}
    assert len(made) == len(set(made.universes))
    without_spy = list(made.points())[1]
    assert (without_spy.symbols, without_spy.parameters.universe) == (ASSETS[1:], "TLT,GLD,DBC")


def test_a_random_design_is_a_sample_of_the_grid_that_its_seed_determines():
    axes = {"lookback": tuple(range(20, 220)), "max_weight": (0.3, 0.4, 0.5)}
    drawn = [point.parameters for point in design(axes, random=50, seed=1).points()]

    assert len(set(drawn)) == 50
    assert drawn == [point.parameters for point in design(axes, random=50, seed=1).points()]
    assert drawn != [point.parameters for point in design(axes, random=50, seed=2).points()]
    assert len(design(axes, random=10_000)) == 600


def test_a_part_of_the_design_is_the_same_points():
    made = design({"lookback": (63, 126), "cost_bps": (0.0, 2.0, 5.0)}, random=5)

    assert list(made.points(2, 4)) == list(made.points())[2:4]


def test_the_longest_lookback_is_that_of_any_strategy():
    axes = {"strategies": (RiskParityParameters(lookback=300), EqualWeightParameters(lookback=400))}

    assert design(axes).longest_lookback == 400
    assert design(axes | {"lookback": (63, 126)}).longest_lookback == 126


def test_a_design_without_end_is_refused_with_a_way_out():
    axes = {"lookback": tuple(range(2, 5000)), "max_weight": tuple(k / 1000 for k in range(1, 1000))}

    with pytest.raises(ConfigError, match="--random"):
        len(design(axes))
    assert len(design(axes, random=200)) == 200


def test_a_random_universe_needs_enough_assets():
    with pytest.raises(ConfigError, match="--subset-size 2"):
        len(design(subsets=1, subset_size=5))
