"""Histories drawn from a history: days stay whole, and luck is all that changes."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.bootstrap import stationary_blocks
from portfolio.resampled_history import complete_history, resampled_history
from schemas.errors import DataError
from tests.price_histories import come_and_go, history_of


@pytest.fixture
def history():
    dividends = np.zeros((300, 5))
    dividends[40::60, 1] = 0.5
    return history_of(3, cash_yield=np.linspace(0, 1e-4, 300), dividends=dividends)


def test_the_days_in_their_own_order_are_the_history_itself(history):
    same = resampled_history(history, np.arange(299))
    assert same.close == pytest.approx(history.close)
    assert same.open == pytest.approx(history.open)
    assert same.dividends == pytest.approx(history.dividends)
    assert np.array_equal(same.cash_yield, history.cash_yield)


def test_what_happened_on_a_day_stays_together(history):
    days = np.random.default_rng(1).integers(0, 299, 299)
    drawn = resampled_history(history, days)
    assert drawn.returns[1:] == pytest.approx(history.returns[1:][days])
    gaps = drawn.open[1:] / drawn.close[:-1], (history.open[1:] / history.close[:-1])[days]
    assert gaps[0] == pytest.approx(gaps[1])
    assert np.array_equal(drawn.cash_yield[1:], history.cash_yield[1:][days])
    assert np.array_equal(drawn.sessions, history.sessions)


def test_drawn_histories_have_the_means_of_the_history_and_the_seed_decides():
    history = history_of(8)
    (batch,) = stationary_blocks(299, draws=50, mean_block=21, seed=7)
    (again,) = stationary_blocks(299, draws=50, mean_block=21, seed=7)
    assert np.array_equal(batch, again)
    drawn = np.array([resampled_history(history, days).returns[1:].mean(axis=0) for days in batch.T])
    error = drawn.std(axis=0) / np.sqrt(50)
    assert (np.abs(drawn.mean(axis=0) - history.returns[1:].mean(axis=0)) < 4 * error).all()


def test_only_sessions_with_every_asset_are_drawn_from():
    listed = np.ones((300, 5), dtype=bool)
    listed[:120, 2] = False
    complete = complete_history(history_of(4, listed=listed, cash_yield=np.arange(300.0)))
    assert len(complete.sessions) == 180
    assert complete.listed.all()
    assert complete.cash_yield[0] == 120


def test_an_asset_that_is_gone_leaves_nothing_to_draw_from():
    with pytest.raises(DataError, match="every asset") as refusal:
        complete_history(history_of(4, listed=come_and_go(4)))
    assert "B" in refusal.value.figures["without a price at the end"]
