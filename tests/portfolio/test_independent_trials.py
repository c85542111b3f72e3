"""How many trials the points of a grid really are."""

import numpy as np
import pytest

from portfolio.independent_trials import effective_trials


def test_independent_trials_count_in_full():
    assert effective_trials(np.random.default_rng(1).normal(size=(1000, 40))) == pytest.approx(40, rel=0.05)


def test_independent_trials_count_in_full_when_there_are_more_of_them_than_returns():
    assert effective_trials(np.random.default_rng(1).normal(size=(200, 400))) == pytest.approx(400, rel=0.05)


def test_groups_of_near_copies_count_once_each():
    rng = np.random.default_rng(2)
    five = rng.normal(size=(800, 5))
    grid = np.repeat(five, 30, axis=1) + 0.01 * rng.normal(size=(800, 150))
    assert effective_trials(grid) == pytest.approx(5, rel=0.03)


def test_a_common_correlation_has_the_closed_form():
    """Σρ² of S trials that all correlate with ρ is S + S (S - 1) ρ²."""
    rng, rho, trials = np.random.default_rng(3), 0.6, 50
    common = rng.normal(size=(20_000, 1))
    returns = np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(20_000, trials))
    assert effective_trials(returns) == pytest.approx(trials / (1 + (trials - 1) * rho**2), rel=0.02)


def test_neither_scale_nor_sign_matters_and_what_never_moves_is_left_out():
    returns = np.random.default_rng(4).normal(size=(300, 6))
    changed = np.hstack([returns * [1, -2, 3, 0.1, 5, -1] + 0.3, np.full((300, 2), 0.7)])
    assert effective_trials(changed) == pytest.approx(effective_trials(returns))
    assert effective_trials(np.zeros((300, 3))) == 0.0
