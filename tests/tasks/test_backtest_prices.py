"""From a file of the user's own to the prices a backtest lives through, and what a reader is told of them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from config import load_settings
from config.overrides import override
from schemas.errors import DataError
from schemas.identity import Trial
from tasks.backtest_prices import gather_prices
from warehouse import Warehouse

SYMBOLS = ("GLD", "SPY", "TLT")


@pytest.fixture(scope="module")
def bars():
    """The first 120 weekdays of 2020 but holidays, with opens and adjusted closes."""
    days = pd.bdate_range("2020-01-02", "2020-06-30").difference(
        pd.to_datetime(["2020-01-20", "2020-02-17", "2020-04-10", "2020-05-25"])
    )
    rng = np.random.default_rng(5)
    tables = []
    for symbol in SYMBOLS:
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days))))
        overnight = np.exp(rng.normal(0, 0.003, len(days)))
        tables.append(
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "date": days,
                    "open": close * overnight,
                    "close": close,
                    "adj_close": close,
                }
            )
        )
    return pd.concat(tables)


@pytest.fixture
def gathered(tmp_path):
    """Gather the prices of a CSV file: ``gathered(bars, "end=2020-03-31")``."""

    def gather(bars, *overrides):
        bars.to_csv(tmp_path / "bars.csv", index=False)
        told = override(
            load_settings().backtest("equal_weight"), [f"prices={tmp_path / 'bars.csv'}", *overrides]
        )
        trial = Trial(strategy="equal_weight", decided_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        store = Warehouse(tmp_path)
        prices = gather_prices(store, trial, told)
        return prices, store.get(prices.artifacts[0]), store.get(prices.artifacts[2])

    return gather


@pytest.fixture
def rates(tmp_path):
    def write(**columns):
        pd.DataFrame(columns).to_csv(tmp_path / "rates.csv", index=False)
        return f"cash_rates={tmp_path / 'rates.csv'}"

    return write


def test_the_day_of_the_end_counts_when_dates_carry_a_time(gathered, bars):
    timed = bars.assign(date=bars["date"] + pd.Timedelta(hours=16))
    _, table, _ = gathered(timed, "end=2020-03-31")
    assert table["session"].max() == dt.date(2020, 3, 31)


def test_clean_prices_without_taxes_need_no_remark(gathered, bars):
    prices, _, log = gathered(bars)
    assert prices.remarks == ()
    assert log.empty


def test_dividends_that_are_taxed_as_gains_only_are_remarked_upon(gathered, bars):
    assert "reinvested untaxed" in gathered(bars, "costs.long_term_tax=0.2")[0].remarks[0]
    without = bars.drop(columns="adj_close")
    assert gathered(without, "costs.long_term_tax=0.2")[0].remarks == ()


def test_opens_that_are_missing_are_remarked_upon(gathered, bars):
    few = bars.assign(open=bars["open"].where((bars["symbol"] != "GLD") | (bars["date"] == "2020-01-02")))
    prices, table, _ = gathered(few)
    assert table["open"].isna().all()
    assert prices.remarks[0].startswith("GLD: 0.8% of its closes have an open")


def test_rates_that_do_not_cover_the_prices_are_remarked_upon(gathered, bars, rates):
    told = rates(date=["2020-02-03", "2020-03-02"], value=[1.5, 0.5])
    assert gathered(bars, told)[0].remarks == (
        "Cash earns nothing before 2020-02-03, when rates.csv begins.",
        "rates.csv ends on 2020-03-02: its last rate, 0.50%, is carried on to 2020-06-30.",
    )
    assert gathered(bars, told, "start=2020-02-04", "end=2020-03-31")[0].remarks == ()


def test_a_series_of_rates_that_is_not_there_is_refused(gathered, bars, rates):
    told = rates(date=["2020-01-02"], series=["A"], value=[1.5])
    with pytest.raises(DataError, match="no series of rates TYPO"):
        gathered(bars, told, "cash_series=TYPO")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("start=2021-01-04", "The prices end on 2020-06-30, before --start 2021-01-04"),
        ("end=2019-12-31", "The prices begin on 2020-01-02, after --end 2019-12-31"),
        ("universe=XLE,XLF", "There are no prices of XLE, XLF"),
    ],
)
def test_a_span_or_a_universe_without_prices_is_named(gathered, bars, override, says):
    with pytest.raises(DataError, match=says):
        gathered(bars, override, "benchmark=XLE", "bonds=XLE")
