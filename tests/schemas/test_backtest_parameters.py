"""What a backtest can be told is checked before anything is computed."""

import datetime as dt

import pytest

from schemas.backtest_parameters import BacktestParameters


def test_a_backtest_ends_after_it_begins():
    with pytest.raises(ValueError, match="2015-01-01 is not before"):
        BacktestParameters(start=dt.date(2015, 1, 1), end=dt.date(2015, 1, 1))


def test_a_misspelt_cost_names_the_nearest():
    with pytest.raises(ValueError, match="slippage_bps"):
        BacktestParameters(costs={"slipage_bps": 1})
