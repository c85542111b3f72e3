from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.drawdown_episodes import DrawdownEpisode, drawdown_episodes
from portfolio.performance import drawdowns
from schemas.errors import DataError

PUBLISHED = json.loads((Path(__file__).parent / "published" / "performance_analytics.json").read_text())
EQUITY = st.lists(st.integers(1, 20).map(float), min_size=1, max_size=40)


def test_by_hand():
    equity = [100.0, 90.0, 80.0, 100.0, 110.0, 108.0, 109.0]
    assert drawdown_episodes(equity) == [
        DrawdownEpisode(0, 2, 3, pytest.approx(-0.2), 3),
        DrawdownEpisode(4, 5, None, pytest.approx(108 / 110 - 1), 2),
    ]


def test_the_table_that_performance_analytics_prints_for_the_market():
    """It names the first month of the fall and counts the months up to the recovery, ours begins at the peak before."""
    months = PUBLISHED["months"]
    equity = np.cumprod([1.0, *(1 + np.array(PUBLISHED["monthly"]["SP500 TR"]))])
    ours = [
        [months[e.peak], months[e.trough - 1], months[e.recovered - 1], e.depth, e.length]
        for e in drawdown_episodes(equity)[:5]
    ]
    for row, printed in zip(ours, PUBLISHED["drawdowns"]["SP500 TR"], strict=True):
        assert row == [*printed[:3], pytest.approx(printed[3], abs=1.01e-4), printed[4]]


@given(EQUITY)
def test_episodes_do_not_overlap_and_hold_every_fall(equity):
    episodes = drawdown_episodes(equity)
    covered = np.zeros(len(equity), dtype=int)
    for episode in episodes:
        end = len(equity) if episode.recovered is None else episode.recovered
        covered[episode.peak + 1 : end] += 1
        assert episode.depth == min(equity[episode.peak : end]) / equity[episode.peak] - 1
    assert list(covered) == list((drawdowns(equity) < 0).astype(int))
    assert [e.depth for e in episodes] == sorted(e.depth for e in episodes)


def test_no_fall_is_no_episode():
    assert drawdown_episodes([100.0, 100.0, 101.0]) == []


def test_an_account_without_money_is_refused():
    with pytest.raises(DataError, match="positive amounts"):
        drawdown_episodes([100.0, 0.0])
