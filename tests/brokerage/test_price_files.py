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


def test_rates_are_fractions_of_the_series_that_is_named(tmp_path):
    rates = pd.DataFrame({"series": ["A", "B"], "date": ["2020-01-02", "2020-01-02"], "value": [5.0, 1.5]})
    rates.to_csv(tmp_path / "rates.csv", index=False)

    assert rates_in_file(tmp_path / "rates.csv", "B").tolist() == [0.015]
    with pytest.raises(DataError, match="several series"):
        rates_in_file(tmp_path / "rates.csv", "")
