"""Universes with a known answer: the sample has the structure, the closed form is the optimum, and the optimiser finds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.constraints import box
from portfolio.downside import downside_variance
from portfolio.solver import minimise_downside_variance
from portfolio.synthetic import (
    blocks,
    equicorrelated,
    mirrored_sample,
    one_factor,
    random_universe,
    volatility_of,
)
from schemas.errors import DataError

STRUCTURES = [
    equicorrelated(10, 0.0, 0.01),
    equicorrelated(10, 0.5, 0.01),
    equicorrelated(10, 0.99, 0.01),
    blocks(12, 3, 0.8, 0.1, 0.01),
    one_factor(np.linspace(0.3, 1.8, 12), 0.01, np.full(12, 0.01)),
    one_factor(np.array([1.2, 0.5, 0.9]), 0.012, np.array([0.004, 0.02, 0.008])),
]
each = pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: f"{s.name}, {len(s.least)}")


@each
def test_the_sample_has_exactly_the_structure(structure):
    R = mirrored_sample(structure.covariance, 253, seed=1)
    assert R.mean(axis=0) == pytest.approx(np.zeros(len(structure.least)), abs=1e-18)
    assert R.T @ R / len(R) == pytest.approx(structure.covariance, abs=1e-15)


@each
def test_no_long_only_portfolio_is_calmer_than_the_closed_form(structure):
    """Karush, Kuhn and Tucker: what is held has one marginal variance, what is not has no less."""
    marginal = structure.covariance @ structure.least
    held = structure.least > 0
    assert structure.least.sum() == pytest.approx(1.0)
    assert marginal[held] == pytest.approx(np.full(held.sum(), structure.least_volatility**2))
    assert (marginal[~held] >= structure.least_volatility**2 * (1 - 1e-12)).all()


@each
def test_the_optimiser_finds_the_known_answer(structure):
    N = len(structure.least)
    R = mirrored_sample(structure.covariance, 252, seed=2)
    found = minimise_downside_variance(R, box(tuple(f"X{i}" for i in range(N)), 1.0))
    assert found.weights == pytest.approx(structure.least, abs=1e-9)


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_in_a_mirrored_sample_downside_variance_is_half_the_variance(seed):
    structure = STRUCTURES[seed % len(STRUCTURES)]
    w = np.random.default_rng(seed).normal(size=len(structure.least))
    R = mirrored_sample(structure.covariance, 120, seed)
    assert downside_variance(R, w) == pytest.approx(0.5 * volatility_of(w, structure.covariance) ** 2)


def test_equicorrelation_takes_diversification_away():
    """σ √(ρ + (1 - ρ)/N), from σ/√N at zero to σ at one."""
    risks = [equicorrelated(25, rho, 0.02).least_volatility for rho in (0.0, 0.5, 0.99)]
    assert risks == pytest.approx([0.02 / 5, 0.02 * np.sqrt(0.52), 0.02 * np.sqrt(0.9904)])


def test_of_one_factor_the_riskiest_betas_are_left_out():
    structure = one_factor(np.array([1.8, 0.3, 1.0]), 0.02, np.full(3, 0.01))
    assert structure.least[0] == 0.0
    assert structure.least[1] > structure.least[2]


def test_what_cannot_be_made_is_said():
    with pytest.raises(DataError, match="too few sessions"):
        mirrored_sample(np.eye(20), 39, seed=0)
    with pytest.raises(DataError, match="blocks"):
        blocks(10, 3, 0.5, 0.1, 0.01)


def test_a_random_universe_is_the_same_for_the_same_seed_and_as_volatile_as_funds_are():
    R = random_universe(50, 252, seed=4)
    assert np.array_equal(R, random_universe(50, 252, seed=4))
    assert not np.array_equal(R, random_universe(50, 252, seed=5))
    yearly = R.std(axis=0) * np.sqrt(252)
    assert 0.07 < yearly.min() < yearly.max() < 0.42
    assert (R.mean(axis=0) < 0).any()
