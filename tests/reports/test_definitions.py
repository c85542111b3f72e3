"""Who opens a table of the report must know what each column is, and in which unit."""

import io

import pandas as pd
import pytest

from reports.backtest import backtest_report
from reports.definitions import definitions
from schemas.metrics import METRICS


@pytest.fixture(scope="module")
def files(make_backtest):
    return backtest_report(make_backtest())


@pytest.fixture(scope="module")
def defined(files):
    return pd.read_csv(io.BytesIO(files["definitions.csv"]), dtype=str).set_index(["file", "column"])


def test_every_column_of_every_table_is_defined_once_and_nothing_else_is(files, defined):
    there = {
        (name.removesuffix(".csv"), column)
        for name, content in files.items()
        if name.startswith("tables/") and name.endswith(".csv")
        for column in pd.read_csv(io.BytesIO(content), nrows=0)
    }
    assert len(there) > 60
    assert defined.index.is_unique
    assert {key for key in defined.index if key[0].startswith("tables/")} == there
    assert defined[["unit", "meaning"]].notna().all(axis=None)


def test_per_cent_on_the_page_is_a_fraction_in_the_tables_and_basis_points_stay(defined):
    units = defined["unit"]
    assert units["performance.csv", "cagr"] == units["performance.csv", "max_drawdown"] == "fraction"
    assert units["performance.csv", "costs"] == "basis points"
    assert units["tables/years", "costs_bp"] == "basis points of equity"
    assert units["tables/decisions", "costs"] == units["tables/equity", "SPY"] == "USD"
    assert units["orders.csv", "shares"] == "shares"


def test_a_metric_means_in_the_file_what_the_page_says(defined):
    for key, metric in METRICS.items():
        assert metric.definition in defined.loc[("performance.csv", key), "meaning"]


def test_a_column_that_nobody_defined_is_an_error():
    with pytest.raises(KeyError, match="mystery"):
        definitions({"years": pd.DataFrame({"mystery": [1]})}, {})
