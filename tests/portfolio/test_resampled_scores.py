from __future__ import annotations

import numpy as np
import pytest

from portfolio.bootstrap import stationary_blocks
from portfolio.resampled_scores import sharpe_scores
from portfolio.statistics import sharpe_ratio


@pytest.fixture
def excess():
    rng = np.random.default_rng(1)
    return 0.001 + 0.02 * rng.normal(size=(300, 4))


def test_a_draw_is_the_sharpe_ratio_of_the_resampled_weeks(excess):
    scores = sharpe_scores(excess, draws=70, mean_block=6, seed=5)
    rows = np.hstack(list(stationary_blocks(300, draws=70, mean_block=6, seed=5)))
    literally = [sharpe_ratio(excess[rows[:, draw]], 52) for draw in range(70)]
    assert scores.draws == pytest.approx(np.array(literally), rel=1e-9)
    assert scores.values == pytest.approx(sharpe_ratio(excess, 52))


def test_points_are_resampled_in_the_same_weeks(excess):
    twice = np.column_stack([excess[:, 0], 3 * excess[:, 0], -excess[:, 0]])
    draws = sharpe_scores(twice, draws=50).draws
    assert draws[:, 0] == pytest.approx(draws[:, 1])  # leverage changes no Sharpe ratio
    assert draws[:, 0] == pytest.approx(-draws[:, 2])
    assert draws[:, 0].std() > 0.1


def test_the_spread_of_the_draws_is_the_textbooks(excess):
    """Lo (2002), weeks that do not depend on each other: √((1 + S²/2) / T) a week."""
    draws = sharpe_scores(excess, draws=4000, mean_block=1).draws
    weekly = sharpe_ratio(excess, 1)
    assert draws.std(axis=0) == pytest.approx(np.sqrt(52 * (1 + weekly**2 / 2) / 300), rel=0.1)


def test_an_account_that_never_moves_has_no_ratio(excess):
    excess[:, 2] = 0.0
    scores = sharpe_scores(excess, draws=10)
    assert np.isnan(scores.values).tolist() == [False, False, True, False]
    assert np.isnan(scores.draws[:, 2]).all()
