"""Changes of the problem that must not change the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.constraints import Band, Constraints
from portfolio.solver import minimise_downside_variance

SEEDS = st.integers(0, 10_000)
settings.register_profile("solver", deadline=None, max_examples=40)


def case(seed):
    """Returns of some 80 sessions and a few assets, with caps and a sleeve."""
    rng = np.random.default_rng(seed)
    T, N = int(rng.integers(30, 90)), int(rng.integers(3, 9))
    R = 0.01 * (rng.standard_t(4, (T, 1)) + rng.standard_t(4, (T, N)))
    upper = rng.uniform(1.2, 2.0, N) / N
    inside = upper / upper.sum()
    members = np.arange(N) < 2
    band = Band("negative sleeve", members, 0.5 * inside[:2].sum(), 1.1 * inside[:2].sum())
    return R, Constraints(tuple(f"A{i}" for i in range(N)), 1.0, np.zeros(N), upper, (band,)), rng


def least(R, constraints, b=0.0):
    return minimise_downside_variance(R, constraints, b).certificate.objective


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_order_of_assets(seed):
    R, c, rng = case(seed)
    order = rng.permutation(len(c.symbols))
    shuffled = Constraints(
        tuple(c.symbols[i] for i in order),
        c.budget,
        c.lower[order],
        c.upper[order],
        tuple(replace(band, members=band.members[order]) for band in c.bands),
    )
    first = minimise_downside_variance(R, c).weights
    np.testing.assert_allclose(
        minimise_downside_variance(R[:, order], shuffled).weights, first[order], atol=1e-9
    )


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_order_of_days(seed):
    R, c, rng = case(seed)
    first = minimise_downside_variance(R, c).weights
    second = minimise_downside_variance(rng.permutation(R, axis=0), c).weights
    np.testing.assert_allclose(second, first, atol=1e-9)


@given(SEEDS, st.floats(1e-6, 1e6))
@settings(settings.get_profile("solver"))
def test_unit_of_returns(seed, unit):
    R, c, _ = case(seed)
    assert least(unit * R, c, unit * 1e-3) == pytest.approx(unit**2 * least(R, c, 1e-3), rel=1e-10, abs=0)


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_every_day_twice(seed):
    R, c, _ = case(seed)
    assert least(np.vstack([R, R]), c) == pytest.approx(least(R, c), rel=1e-10, abs=0)


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_days_on_which_everything_rises_only_dilute(seed):
    R, c, rng = case(seed)
    up = np.abs(rng.standard_normal((25, R.shape[1])))
    T = len(R)
    assert least(np.vstack([R, up]), c) == pytest.approx(least(R, c) * T / (T + 25), rel=1e-10, abs=0)


@given(SEEDS, st.floats(-0.01, 0.01))
@settings(settings.get_profile("solver"))
def test_returns_and_hurdle_shifted_together(seed, shift):
    """With Σw = 1 every portfolio return shifts as well."""
    R, c, _ = case(seed)
    assert least(R + shift, c, shift) == pytest.approx(least(R, c), rel=1e-9, abs=0)


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_an_asset_split_into_two_half_capped_copies(seed):
    R, c, _ = case(seed)
    upper = np.append(c.upper, c.upper[0] / 2)
    upper[0] /= 2
    split = Constraints(
        (*c.symbols, "copy"),
        c.budget,
        np.append(c.lower, 0.0),
        upper,
        tuple(replace(band, members=np.append(band.members, band.members[0])) for band in c.bands),
    )
    assert least(np.hstack([R, R[:, :1]]), split) == pytest.approx(least(R, c), rel=1e-10, abs=0)


@given(SEEDS)
@settings(settings.get_profile("solver"))
def test_no_random_feasible_weights_do_better(seed):
    R, c, rng = case(seed)
    best = minimise_downside_variance(R, c).weights
    f = least(R, c)
    towards = minimise_downside_variance(rng.standard_normal(R.shape), c).weights
    for share in (1e-4, 1e-2, 1.0):
        w = best + share * (towards - best)
        assert np.mean(np.minimum(R @ w, 0) ** 2) >= f * (1 - 1e-12)
