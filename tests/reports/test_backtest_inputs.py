from __future__ import annotations

import numpy as np
import pytest

from reports.backtest_inputs import written
from reports.format import MISSING
from schemas.errors import DataError
from schemas.metrics import METRICS


def test_accounts_are_strategy_benchmark_and_the_others(make_backtest):
    inputs = make_backtest()
    reordered = make_backtest(equity=inputs.equity[["equal_weight", "SPY", "risk_parity"]])
    assert reordered.accounts == ("risk_parity", "SPY", "equal_weight")


def test_an_account_that_is_not_there_is_named(make_backtest):
    with pytest.raises(DataError, match="strategy and benchmark") as refusal:
        make_backtest(benchmark="QQQ")
    assert refusal.value.figures["missing"] == "QQQ"


def test_a_figure_is_looked_up_by_account_and_metric(make_backtest):
    inputs = make_backtest()
    rows = inputs.statistics.set_index(["series", "metric"])
    assert inputs.of("SPY", "calmar") == tuple(rows.loc[("SPY", "calmar")])
    assert np.isnan(inputs.of("QQQ", "calmar").value)
    assert inputs.written("QQQ", "calmar") == MISSING


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("cagr", 0.0521, "+5.2%"),
        ("volatility", 0.0521, "5.2%"),
        ("sharpe", -0.004, "0.00"),
        ("sharpe", 0.615, "0.61"),
        ("cvar", -0.00641, "-0.64%"),
        ("costs", 12.34, "12.3 bp"),
        ("beta", np.nan, MISSING),
    ],
)
def test_every_unit_has_its_spelling(metric, value, text):
    assert written(metric, value) == text


def test_every_metric_can_be_written():
    assert all(written(key, 0.25) for key in METRICS)
