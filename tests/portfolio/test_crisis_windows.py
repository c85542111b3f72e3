"""Today's portfolio carried through a crisis without a trade."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from portfolio.crisis_windows import held_through
from portfolio.periods import Crisis
from portfolio.price_history import PriceHistory

DAYS = np.array(["2020-02-18", "2020-02-19", "2020-03-10", "2020-03-23", "2020-03-24"], dtype="datetime64[D]")
CLOSE = np.array([[90.0, 50], [100, 50], [50, 55], [80, 60], [1, 1]])
COVID = Crisis("Covid", dt.date(2020, 2, 19), dt.date(2020, 3, 23))


def test_it_is_bought_at_the_first_close_and_kept():
    held = held_through(PriceHistory(("SPY", "TLT"), DAYS, CLOSE), np.array([0.6, 0.3]), COVID)
    assert held.total == pytest.approx(0.6 * -0.2 + 0.3 * 0.2)
    assert held.max_drawdown == pytest.approx(0.6 * -0.5 + 0.3 * 0.1)


def test_a_crisis_that_the_prices_of_what_is_held_do_not_reach_has_no_answer():
    close = np.where(np.isin(DAYS, DAYS[:2])[:, None] & [False, True], np.nan, CLOSE)
    history = PriceHistory(("SPY", "TLT"), DAYS, close)
    assert held_through(history, np.array([0.6, 0.3]), COVID) is None
    assert held_through(history, np.array([0.6, 0.0]), COVID) is not None
    assert held_through(history.until(dt.date(2020, 3, 20)), np.array([0.6, 0.0]), COVID) is None
