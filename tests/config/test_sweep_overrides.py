"""Flags of a sweep: one value holds for all points, several are an axis."""

import pytest

from config import load_settings
from config.sweep_overrides import sweep_parameters
from schemas.errors import ConfigError


def told(*items, **design):
    return sweep_parameters(load_settings(), "risk_parity", items, **design)


def test_several_values_are_an_axis_and_one_is_for_all_points():
    parameters = told("lookback=126,252", "max_weight=0.4", "universe=SPY,TLT")

    assert parameters.axes.lookback == (126, 252)
    assert parameters.axes.max_weight == ()
    assert parameters.backtest.strategy.max_weight == 0.4
    assert parameters.backtest.universe == "SPY,TLT"


def test_a_range_has_both_ends():
    assert told("lookback=63:252:63").axes.lookback == (63, 126, 189, 252)
    assert told("drift_threshold=0:0.03:0.01,0.1").axes.drift_threshold == (0.0, 0.01, 0.02, 0.03, 0.1)


def test_an_axis_is_known_by_the_name_that_a_backtest_knows():
    assert told("rules.drift_threshold=0,0.02").axes.drift_threshold == (0.0, 0.02)
    assert told("weekday=3").backtest.rules.weekday == 3


def test_a_cost_level_is_all_that_a_trade_costs():
    costs = told("costs.commission_bps=1", "cost_bps=5").backtest.costs

    assert costs.commission_bps + costs.slippage_bps == 5


def test_strategies_come_as_they_are_configured():
    tried = told("strategy=risk_parity,equal_weight").axes.strategies

    assert tried == tuple(map(load_settings().strategy, ["risk_parity", "equal_weight"]))


def test_the_design_is_told_beside():
    assert told(random=20, seed=1, runner="tcp://127.0.0.1:8786").runner == "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("lookbak=126,252", "lookback"),
        ("lookback=126,1", "greater than or equal to 2"),
        ("lookback=252:126:21", "is no range"),
        ("lookback=63:252", "is no range"),
        ("lookback", "not key=value"),
        ("strategy=risk_party,equal_weight", "risk_parity"),
    ],
)
def test_what_is_wrong_is_named(item, said):
    with pytest.raises(ConfigError, match=said):
        told(item)


def test_a_runner_that_is_none_is_named():
    with pytest.raises(ConfigError, match="runner"):
        told(runner="cluster")
