"""Prices come from the published file, unaltered, or from a file of the user's own."""

from __future__ import annotations

import datetime as dt
import math
import re
import shutil

import pytest

from brokerage.calendar import TradingCalendar
from brokerage.paper_exchange import prices
from brokerage.paper_exchange.prices import BUNDLED, fingerprint, names, read_prices
from schemas.errors import DataError


def test_the_bundled_closes_are_23_etfs_on_every_session():
    rows = list(read_prices(BUNDLED))
    days = TradingCalendar().sessions(dt.date(2008, 1, 2), dt.date(2016, 7, 1))
    symbols = {row.symbol for row in rows}
    assert len(rows) == 23 * len(days) == 49_243
    assert [row.session for row in rows if row.symbol == "SPY"] == days
    assert symbols == set(names())


def test_the_bundled_closes_are_the_published_ones():
    closes = {(row.symbol, row.session): row.close for row in read_prices(BUNDLED)}
    assert closes["EEM", dt.date(2008, 1, 2)] == 49.27333450317383
    assert closes["DIA", dt.date(2016, 7, 1)] == 179.30999755859375


def test_altered_bundled_prices_are_refused(tmp_path, monkeypatch):
    altered = tmp_path / BUNDLED.name
    shutil.copy(BUNDLED, altered)
    altered.write_bytes(altered.read_bytes() + b"\0")
    monkeypatch.setattr(prices, "BUNDLED", altered)
    with pytest.raises(DataError, match="not the ones that were published"):
        fingerprint(altered)


def test_a_csv_may_call_the_session_date_and_leave_out_what_it_does_not_know(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,date,close,high\nAAA,2015-06-01,10,10.5\nAAA,2015-06-02,11,\n")
    first, second = read_prices(file)
    assert first == ("AAA", dt.date(2015, 6, 1), None, 10.5, None, 10, None)
    assert second.high is None


def test_a_row_without_a_close_is_a_day_without_trading(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,session,close\nAAA,2015-06-01,\nAAA,2015-06-03,5\nAAA,2015-06-04,nan\n")
    assert [row.session.day for row in read_prices(file)] == [3]
    assert all(math.isfinite(row.close) for row in read_prices(file))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("AAA,2015-06-01,5\nAAA,06/02/2015,5\n", "no date (row: 3; column: session; cell: 06/02/2015)"),
        ("AAA,2015-06-01,5\nAAA,2015-06-02,n/a.\n", "no number (row: 3; column: close; cell: n/a.)"),
        ("AAA,2015-06-01,-5\n", "not positive (row: 2; symbol: AAA; session: 2015-06-01; close: -5.0)"),
        ("AAA,2015-06-01,5\nAAA\n", "neither Parquet nor CSV"),
    ],
)
def test_what_is_no_price_is_named_with_its_row(tmp_path, rows, said):
    file = tmp_path / "bars.csv"
    file.write_text(f"symbol,date,close\n{rows}")
    with pytest.raises(DataError, match=re.escape(said)):
        list(read_prices(file))


def test_missing_columns_are_named(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("ticker,date,close\nAAA,2015-06-01,1\n")
    with pytest.raises(DataError, match="missing: symbol"):
        list(read_prices(file))


def test_two_rows_for_one_day_are_refused(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,date,close\nAAA,2015-06-01,1\nAAA,2015-06-01,2\n")
    with pytest.raises(DataError, match="two rows for AAA on 2015-06-01"):
        list(read_prices(file))


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
        fingerprint(tmp_path / "absent.csv")
