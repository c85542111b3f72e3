"""Cleaning on trial: what leaks the future into earlier prices is caught; what the next close tells is allowed, and no more."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from config import load_settings
from tasks.backtest_prices import cleaned_history
from tasks.backtest_sources import Wanted
from tasks.late_knowledge import find_late_knowledge

SESSIONS = pd.bdate_range("2020-01-02", "2020-06-30").difference(
    pd.to_datetime(["2020-01-20", "2020-02-17", "2020-04-10", "2020-05-25"])
)
SYMBOLS = ("GLD", "SPY", "TLT")
WANTED = Wanted(held=SYMBOLS, hedges=(), beside=())
PRINT = 100
"""Row of the session in which a price may be wrong."""


def bars(factor=1.0, rows=slice(PRINT, PRINT + 1)):
    """Closes of 120 sessions; those of SPY in ``rows`` are ``factor`` times what they should be."""
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (len(SESSIONS), 3)), axis=0))
    close[rows, SYMBOLS.index("SPY")] *= factor
    table = pd.DataFrame(close, SESSIONS.rename("session"), SYMBOLS).melt(
        var_name="symbol", value_name="close", ignore_index=False
    )
    return table.reset_index().assign(open=np.nan, high=np.nan, low=np.nan, volume=np.nan)


def found(bars, *rows, clean=cleaned_history):
    parameters = load_settings().backtest("equal_weight")
    decided = [SESSIONS[row].date() for row in rows]
    return [late for each in find_late_knowledge(bars, WANTED, parameters, decided, clean) for late in each]


def leaky(alter):
    """The cleaning as it is, and then a step that helps itself to the future."""

    def clean(bars, wanted, parameters):
        history, log = cleaned_history(bars, wanted, parameters)
        return replace(history, close=alter(pd.DataFrame(history.close)).to_numpy()), log

    return clean


def test_cleaned_prices_are_those_that_were_known_then():
    assert found(bars(), 60, PRINT, 119) == []


@pytest.mark.parametrize(
    "alter",
    [
        lambda close: close.rolling(3, center=True, min_periods=1).median(),
        lambda close: close.clip(lower=close.quantile(0.2), axis=1),
        lambda close: close.where(close.pct_change(-2).abs() < 0.01).bfill().ffill(),
    ],
    ids=["a median of both neighbours", "a quantile of the whole sample", "gaps filled from behind"],
)
def test_a_cleaning_step_that_looks_ahead_is_caught(alter):
    late = found(bars(), *range(60, 110), clean=leaky(alter))
    assert late
    assert not any(one.by_design for one in late)


def test_a_bad_print_on_the_day_of_the_decision_is_known_by_design_and_says_what_differs():
    (late,) = found(bars(factor=1.3), PRINT)
    assert (late.symbol, late.session, late.by_design) == ("SPY", SESSIONS[PRINT].date(), True)
    assert late.then == pytest.approx(0.3, abs=0.05)
    assert late.later == 0.0


def test_a_split_that_only_the_next_close_confirms_is_known_by_design():
    (late,) = found(bars(factor=0.5, rows=slice(PRINT, None)), PRINT)
    assert late.by_design
    assert (late.then, late.later) == pytest.approx((-0.5, 0.0), abs=0.05)


def test_a_day_later_nothing_is_left_to_be_known():
    assert found(bars(factor=1.3), PRINT - 1, PRINT + 1, PRINT + 2) == []


def test_what_two_closes_tell_is_not_by_design():
    """A print that is believed for two sessions, and removed by what came on the third."""

    def clean(bars, wanted, parameters):
        history, log = cleaned_history(bars, wanted, parameters)
        close = history.close.copy()
        if len(close) > PRINT + 2:
            close[PRINT] = close[PRINT - 1]
            day = history.sessions[PRINT].item()
            log = [*log, {"symbol": "SPY", "session": day, "rule": "bad_print"}]
        return replace(history, close=close), log

    late = found(bars(), PRINT + 1, clean=clean)
    assert late
    assert not any(one.by_design for one in late)
