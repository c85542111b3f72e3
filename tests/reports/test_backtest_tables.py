from __future__ import annotations

import numpy as np

from reports.backtest_tables import crises, drawdowns_table, quality_table, results
from reports.format import MISSING
from schemas.metrics import METRICS


def test_a_figure_that_exists_for_nobody_has_no_row(make_backtest):
    statistics = make_backtest().statistics
    statistics.loc[statistics["metric"] == "calmar", ["estimate", "low", "high"]] = np.nan
    statistics.loc[statistics["metric"] == "beta", ["low", "high"]] = [1.0, 1.0 + 1e-15]
    rows = {row.name: row.cells for row in results(make_backtest(statistics=statistics))}
    assert list(rows) == [metric.name for key, metric in METRICS.items() if key != "calmar"]
    assert {cell.below for cell in rows["Beta"]} == {""}  # an interval of one point says nothing


def test_the_strategys_falls_alone_and_that_one_is_not_made_good(make_backtest):
    table = drawdowns_table(make_backtest())
    assert table.rows == (("2020-03-11", "2020-03-12", "not yet", "-10.0%", "210"),)


def test_an_account_that_was_not_there_in_a_crisis_has_a_dash(make_backtest):
    inputs = make_backtest()
    missing = make_backtest(crises=inputs.crises.query("series != 'SPY'"))
    assert [cell.value for cell in crises(missing)[0].cells] == ["-5.0%", MISSING, "-15.0%"]


def test_what_is_to_be_known_of_the_data_is_shown_as_it_is(make_backtest):
    table = quality_table(make_backtest())
    assert [column.name for column in table.columns] == ["symbol", "cells altered"]
    assert table.rows == (("SPY", "0"), ("TLT", "2"))
