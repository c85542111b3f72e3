"""Who is simulated beside whom, and from when: every account can trade on the day on which all begin."""

import datetime as dt

import numpy as np
import pytest

from config import load_settings
from config.overrides import override
from portfolio.price_history import PriceHistory
from schemas.errors import DataError
from schemas.results import GatheredPrices
from tasks.backtest_lineup import lineup, rules_for

SYMBOLS = ("SPY", "TLT", "GLD", "DBC", "AGG", "IEF")
LISTED = (0, 0, 0, 200, 300, 0)
"""Row of the first close; DBC and AGG come late."""


@pytest.fixture(scope="module")
def history():
    days = np.arange("2018-01-01", "2020-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    close = 100 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.01, (len(days), len(SYMBOLS))), axis=0)
    close[np.arange(len(days))[:, None] < LISTED] = np.nan
    return PriceHistory(SYMBOLS, days, close)


@pytest.fixture(scope="module")
def prices():
    held = ("SPY", "TLT", "GLD", "DBC")
    return GatheredPrices(
        source="", sha256="", held=held, hedges=(), beside=("SPY", "AGG", "IEF"), artifacts=(), said=""
    )


def parameters(*overrides):
    return override(load_settings().backtest("equal_weight"), overrides)


def test_the_benchmarks_are_what_they_are_called_and_nobody_is_there_twice(history, prices):
    entrants, _ = lineup(history, prices, parameters("cash_buffer=0.05", "rules.leverage=2"))

    assert [entrant.name for entrant in entrants] == [
        "equal_weight", "SPY", "variance_risk_parity", "downside_risk_parity", "60/40",
    ]  # fmt: skip
    for entrant in entrants:
        kept, leverage = (0.0, 1.0) if entrant.name in {"SPY", "60/40"} else (0.05, 2.0)
        assert entrant.strategy.parameters.cash_buffer == kept
        assert entrant.rules.leverage == leverage
    assert entrants[0].history.symbols == prices.held


def test_it_begins_when_half_of_the_assets_have_the_longest_lookback(history, prices):
    _, start = lineup(history, prices, parameters())

    assert start == history.sessions[252].item() + dt.timedelta(days=1)


def test_bonds_that_are_listed_later_are_not_those_of_sixty_forty(history, prices):
    entrants, _ = lineup(history, prices, parameters())
    assert entrants[-1].history.symbols == ("SPY", "IEF")

    entrants, start = lineup(history, prices, parameters("start=2019-06-03"))
    assert entrants[-1].history.symbols == ("SPY", "AGG")
    assert start == dt.date(2019, 6, 3)


def test_a_benchmark_that_is_listed_later_delays_all(history, prices):
    _, start = lineup(history, prices, parameters("benchmark=AGG"))

    assert start == history.sessions[300 + 3].item()


def test_a_benchmark_without_prices_and_a_history_too_short_are_refused(history, prices):
    with pytest.raises(DataError, match="no prices of the benchmark QQQ"):
        lineup(history, prices, parameters("benchmark=QQQ"))
    with pytest.raises(DataError, match="too short for this lookback"):
        lineup(history, prices, parameters("lookback=2000"))


def test_without_opens_trades_fill_at_the_close(history):
    assert rules_for(history, parameters().rules).execution == "next_close"
