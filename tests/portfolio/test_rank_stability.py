from __future__ import annotations

import numpy as np
import pytest

from portfolio.rank_stability import STABLE, UNSTABLE, rank_stability

POINTS = 40


def _excess(skill, weeks=800, seed=0):
    rng = np.random.default_rng(seed)
    return 0.02 * rng.normal(size=(weeks, POINTS)) + skill


def test_skill_that_lasts_gives_ranks_that_last():
    said = rank_stability(_excess(np.linspace(0, 0.01, POINTS)))
    assert said.mean_spearman > STABLE
    assert said.mean_kendall > 0.4
    assert said.best_elsewhere.min() > 0.75


def test_luck_gives_ranks_that_do_not():
    said = [rank_stability(_excess(0.0, seed=seed)) for seed in range(20)]
    assert np.mean([each.mean_spearman for each in said]) == pytest.approx(0.0, abs=0.05)
    assert np.mean([each.mean_spearman < UNSTABLE for each in said]) > 0.9
    assert np.mean([each.best_elsewhere.mean() for each in said]) == pytest.approx(0.5, abs=0.1)


def test_what_turns_round_is_seen_in_the_pairs():
    """The first half rewards what the second punishes."""
    turn = np.repeat([1, -1], 400)[:, None] * np.linspace(0, 0.01, POINTS)
    said = rank_stability(_excess(turn))
    assert said.spearman[0, 1] > STABLE
    assert said.spearman[0, 3] < -STABLE
    assert np.diag(said.spearman) == pytest.approx(np.ones(4))
    assert said.spearman == pytest.approx(said.spearman.T)


def test_sub_periods_follow_each_other_without_gap_or_overlap():
    said = rank_stability(_excess(0.0, weeks=803), periods=4)
    assert said.firsts.tolist() == [0, 201, 402, 603]
    assert said.ranks.min(axis=1).tolist() == [1.0] * 4
    assert sorted(said.ranks[0].tolist()) == list(range(1, POINTS + 1))


def test_renaming_the_points_changes_nothing():
    excess = _excess(np.linspace(0, 0.004, POINTS))
    order = np.random.default_rng(5).permutation(POINTS)
    plain, renamed = rank_stability(excess), rank_stability(excess[:, order])
    assert renamed.spearman == pytest.approx(plain.spearman)
    assert renamed.ranks == pytest.approx(plain.ranks[:, order])
    assert renamed.best_elsewhere == pytest.approx(plain.best_elsewhere)
