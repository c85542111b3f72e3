"""Picking the best of many: noise, planted skill, and the same answer as a straightforward count."""

from itertools import combinations

import ffn
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, rankdata

from portfolio.overfitting import probability_of_overfitting
from portfolio.statistics import sharpe_ratio
from schemas.errors import DataError


def noise(seed: int, rows: int = 320, trials: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0003, 0.01, (rows, trials))


def plainly(returns: np.ndarray, blocks: int):
    """The paper's procedure with every half cut out of the history."""
    parts = np.split(returns, blocks)
    for chosen in combinations(range(blocks), blocks // 2):
        inside = sharpe_ratio(np.concatenate([parts[k] for k in chosen]), 1.0)
        outside = sharpe_ratio(np.concatenate([parts[k] for k in range(blocks) if k not in chosen]), 1.0)
        best = inside.argmax()
        yield rankdata(outside)[best] / (len(outside) + 1), inside[best], outside[best]


@pytest.mark.parametrize("blocks", [2, 6, 10])
def test_block_sums_answer_as_slices_do(blocks):
    returns = noise(3, rows=30 * blocks)
    rank, inside, outside = np.array(list(plainly(returns, blocks))).T

    found = probability_of_overfitting(returns, blocks)
    np.testing.assert_allclose(found.logits, np.log(rank / (1 - rank)), rtol=1e-12)
    np.testing.assert_allclose(found.inside, inside, rtol=1e-10)
    np.testing.assert_allclose(found.outside, outside, rtol=0, atol=1e-12)
    assert found.probability == np.mean(rank <= 0.5)
    assert found.loss == np.mean(outside < 0)
    if blocks > 2:
        assert found.slope == pytest.approx(linregress(inside, outside).slope)


def test_as_ffn_has_it():
    returns = noise(8, rows=64)
    theirs = ffn.core.calc_prob_backtest_overfitting(pd.DataFrame(returns), n_blocks=8, full_output=True)
    ours = probability_of_overfitting(returns, 8)
    np.testing.assert_allclose(ours.logits, theirs["logits"], rtol=1e-12)
    assert ours.probability == theirs["pbo"]


def test_of_pure_noise_half_is_overfitted():
    found = [probability_of_overfitting(noise(seed), 10).probability for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_planted_skill_is_found():
    """One of two hundred earns three times its deviation a year, for ten years, in all 12,870 splits."""
    returns = np.random.default_rng(4).normal(0.0, 0.01, (2520, 200))
    returns[:, 60] += 0.01 * 3 / np.sqrt(252)
    found = probability_of_overfitting(returns)
    assert len(found.logits) == 12_870
    assert found.probability < 0.01
    assert found.loss < 0.01


def test_what_wins_only_in_one_half_is_overfitted():
    """Each trial earns in its own half of the history and loses in the other: the best of one is the worst of the other."""
    returns = noise(1, rows=160, trials=2)
    returns[:80] += [0.02, -0.02]
    returns[80:] += [-0.02, 0.02]
    assert probability_of_overfitting(returns, 2).probability == 1.0
    assert probability_of_overfitting(returns, 2).loss == 1.0
    assert probability_of_overfitting(returns, 8).slope < 0


def test_neither_the_order_of_trials_nor_their_scale_matters():
    returns = noise(6)
    mixed = returns[:, np.random.default_rng(0).permutation(20)] * np.linspace(0.1, 5, 20)
    np.testing.assert_allclose(
        probability_of_overfitting(mixed, 8).logits, probability_of_overfitting(returns, 8).logits
    )


def test_a_large_mean_costs_no_digits():
    returns = noise(2, trials=3)
    returns[:, 1] += 1e6 * 0.01
    assert probability_of_overfitting(returns, 4).inside == pytest.approx(
        [inside for _, inside, _ in plainly(returns, 4)], rel=1e-6
    )


def test_the_oldest_rows_are_left_out_when_they_do_not_fill_a_block():
    returns = noise(9, rows=83)
    np.testing.assert_array_equal(
        probability_of_overfitting(returns, 8).logits, probability_of_overfitting(returns[3:], 8).logits
    )


def test_a_trial_that_never_moves_has_a_ratio_of_zero():
    returns = noise(9, trials=2) - 0.01
    found = probability_of_overfitting(np.hstack([returns, np.full((320, 1), 0.001)]), 4)
    assert (found.inside == 0.0).all()
    assert np.isnan(found.slope)


@pytest.mark.parametrize("shape", [(100,), (100, 1), (15, 3)])
def test_too_little_is_refused(shape):
    with pytest.raises(DataError, match="so little"):
        probability_of_overfitting(np.ones(shape), 8)


def test_an_odd_number_of_blocks_is_refused():
    with pytest.raises(DataError, match="even number of blocks"):
        probability_of_overfitting(noise(1), 7)


def test_a_gap_is_named():
    returns = noise(1)
    returns[31, 4] = np.nan
    with pytest.raises(DataError, match="row: 31; trial: 4"):
        probability_of_overfitting(returns)
