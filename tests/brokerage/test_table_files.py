"""Files of the user's own are read as they come from vendors and spreadsheets, or the cell at fault is named."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from brokerage.table_files import read_days, read_names, read_numbers, read_table
from schemas.errors import DataError


@pytest.fixture
def written(tmp_path):
    def write(text: str, name: str = "bars.csv"):
        (tmp_path / name).write_text(text)
        return read_table(tmp_path / name)

    return write


def days(*stamps: object) -> list[str]:
    table = pd.DataFrame({"date": list(stamps)})
    return read_days(table, "date", "bars.csv").dt.strftime("%Y-%m-%d %H:%M").tolist()


@pytest.mark.parametrize(
    "stamp",
    [
        "2018-01-02",
        "20180102",
        20180102,
        "2018-01-02 16:00:00",
        "2018-01-02 23:30:00",
        "2018-01-02T05:00:00Z",  # Alpaca: midnight in New York
        "2018-01-02 16:00:00-05:00",
        "2018-01-02 00:00:00-05:00",
        "2018-01-03T01:00:00.5+0000",  # the evening before in New York
        "2018-01-02 00:00:00+00:00",  # a date whom somebody gave a zone
        dt.date(2018, 1, 2),
        pd.Timestamp("2018-01-02 16:00"),
        pd.Timestamp("2018-01-02", tz="America/New_York"),
        pd.Timestamp("2018-01-02 05:00", tz="UTC"),
    ],
)
def test_every_stamp_of_a_session_is_its_date(stamp):
    assert days(stamp) == ["2018-01-02 00:00"]


def test_winter_and_summer_time_may_stand_in_one_column():
    assert days("2018-01-02 00:00:00-05:00", "2018-07-02 00:00:00-04:00", "2018-07-03") == [
        "2018-01-02 00:00",
        "2018-07-02 00:00",
        "2018-07-03 00:00",
    ]


@pytest.mark.parametrize("value", ["n/a", "", None, "01/02/2018", 1514869200])
def test_a_date_that_is_none_is_named(value):
    with pytest.raises(DataError, match=r"bars\.csv cannot be read: row 2, column date") as caught:
        days("2018-01-02", value)
    assert caught.value.figures["such rows"] == "1"
    assert "2018-01-31" in caught.value.remedy


def test_a_number_that_is_none_is_named_and_an_empty_cell_is_not_known(written):
    table = written("close\n1.5\nN/A\nx\ny\n")
    with pytest.raises(DataError, match="row 3, column close") as caught:
        read_numbers(table, "close", "bars.csv")
    assert caught.value.figures == {"value": "'x'", "such rows": "2"}
    np.testing.assert_array_equal(read_numbers(table[:2], "close", "bars.csv"), [1.5, np.nan])


def test_the_ticker_na_is_a_name_and_an_empty_one_is_not(written):
    table = written("symbol,close\nNA,1\n,2\n")
    assert read_names(table[:1], "symbol", "bars.csv").tolist() == ["NA"]
    with pytest.raises(DataError, match="row 2, column symbol"):
        read_names(table, "symbol", "bars.csv")


def test_the_suffix_and_the_names_of_columns_know_no_capitals(written):
    assert list(written("Date,Adj Close, Vol.\n1,2,3\n", "UP.CSV")) == ["date", "adj_close", "vol"]


def test_what_alpaca_py_keeps_in_the_index_are_columns(tmp_path):
    bars = pd.DataFrame(
        {"symbol": ["SPY"], "timestamp": [pd.Timestamp("2018-01-02 05:00", tz="UTC")], "close": [1.0]}
    )
    bars.set_index(["symbol", "timestamp"]).to_parquet(tmp_path / "bars.parquet")
    assert list(read_table(tmp_path / "bars.parquet")) == ["symbol", "timestamp", "close"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("symbol,date,close\n", "holds no rows"),
        ("symbol,date,Adj Close,adj_close\nSPY,20180102,1,2\n", "two columns of one name"),
        ("", "neither Parquet nor CSV"),
    ],
)
def test_a_file_without_rows_or_with_a_column_twice_is_refused(written, text, says):
    with pytest.raises(DataError, match=says):
        written(text)
