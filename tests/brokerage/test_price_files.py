"""Bars of the user's own, as Parquet or CSV, become bars like any other's."""

import datetime as dt

import pandas as pd
import pytest

from brokerage.price_files import bars_in_file, bundled_bars, rates_in_file
from schemas.errors import DataError

BARS = pd.DataFrame(
    {
        "symbol": ["SPY", "SPY"],
        "date": [dt.date(2020, 1, 2), dt.date(2020, 1, 3)],
        "open": [100.0, 102.0],
        "close": [101.0, 100.0],
        "adj_close": [50.5, 50.0],
    }
)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_prices_are_scaled_to_the_close_adjusted_for_dividends(tmp_path, suffix):
    file = tmp_path / f"bars.{suffix}"
    getattr(BARS, f"to_{suffix}")(file, index=False)

    delivered = bars_in_file(file)

    assert delivered.frame["open"].tolist() == [50.0, 51.0]
    assert delivered.frame["close"].tolist() == [50.5, 50.0]
    assert delivered.frame["volume"].isna().all()
    assert delivered.frame["session"].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-02", "2020-01-03"]
    assert "total return" in delivered.source


def test_a_missing_column_and_a_file_that_is_none_are_named(tmp_path):
    BARS.drop(columns="close").to_csv(tmp_path / "bars.csv")
    (tmp_path / "bars.parquet").write_text("no parquet")

    with pytest.raises(DataError, match="lacks columns"):
        bars_in_file(tmp_path / "bars.csv")
    with pytest.raises(DataError, match="neither Parquet nor CSV"):
        bars_in_file(tmp_path / "bars.parquet")


def test_the_bundled_closes_say_what_they_lack():
    delivered = bundled_bars()

    assert "without dividends" in delivered.source
    assert len(delivered.frame) == 49_243
    assert delivered.frame["open"].isna().all()


def test_a_close_of_yahoo_s_that_is_adjusted_counts_and_what_is_left_unused_is_named(tmp_path):
    yahoo = BARS.rename(columns={"date": "Date", "adj_close": "Adj Close"}).assign(Dividends=0.0)
    yahoo.to_csv(tmp_path / "bars.csv", index=False)

    delivered = bars_in_file(tmp_path / "bars.csv")

    assert delivered.frame["close"].tolist() == [50.5, 50.0]
    assert delivered.total_return
    assert delivered.source == "bars.csv, total return: scaled to adj_close; columns not used: dividends"


def test_without_adjusted_closes_prices_are_said_to_lack_dividends(tmp_path):
    BARS.drop(columns="adj_close").to_csv(tmp_path / "bars.csv", index=False)

    delivered = bars_in_file(tmp_path / "bars.csv")

    assert delivered.source == "bars.csv, price return: no adj_close"
    assert not delivered.total_return


def test_a_cell_that_is_no_price_is_named(tmp_path):
    BARS.astype({"close": str}).replace("100.0", "x").to_csv(tmp_path / "bars.csv", index=False)

    with pytest.raises(DataError, match=r"bars\.csv cannot be read: row 2, column close"):
        bars_in_file(tmp_path / "bars.csv")


def rates(tmp_path, **columns):
    pd.DataFrame({"date": ["2020-02-03", "2020-01-02"], **columns}).to_csv(
        tmp_path / "rates.csv", index=False
    )
    return tmp_path / "rates.csv"


def test_rates_are_fractions_of_the_series_that_is_named(tmp_path):
    file = rates(tmp_path, series=["A", "B"], value=[5.0, 1.5])

    assert rates_in_file(file, "B").tolist() == [0.015]
    with pytest.raises(DataError, match="several series"):
        rates_in_file(file, "")


def test_the_only_series_needs_no_name_and_rates_stand_in_the_order_of_their_days(tmp_path):
    assert rates_in_file(rates(tmp_path, series=["A", "A"], value=[5.0, 1.5]), "").tolist() == [0.015, 0.05]
    assert rates_in_file(rates(tmp_path, value=[5.0, 1.5]), "").tolist() == [0.015, 0.05]


@pytest.mark.parametrize("columns", [{"series": ["A", "A"]}, {}], ids=["one series", "no series"])
def test_a_series_that_is_not_there_is_refused_rather_than_earning_nothing(tmp_path, columns):
    with pytest.raises(DataError, match="no series of rates TYPO"):
        rates_in_file(rates(tmp_path, value=[5.0, 1.5], **columns), "TYPO")


def test_rates_without_values_are_named(tmp_path):
    with pytest.raises(DataError, match=r"rates\.csv lacks columns"):
        rates_in_file(rates(tmp_path, rate=[5.0, 1.5]), "")
    with pytest.raises(DataError, match="row 1, column value"):
        rates_in_file(rates(tmp_path, value=["x", "1.5"]), "")
