"""The limit on turnover against what is held: where it binds, what it costs, and what it makes impossible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portfolio.constraints import Band, TurnoverLimit, box
from portfolio.solver import minimise_downside_variance
from schemas.errors import InfeasibleError

SYMBOLS = [f"A{i}" for i in range(6)]
R = 0.01 * np.random.default_rng(8).standard_t(4, (120, 6)) * [0.3, 0.6, 0.8, 1.0, 1.2, 1.5]
HELD = np.array([0.3, 0.3, 0.2, 0.1, 0.1, 0.0])


def limited(proven, limit, held=HELD, **bounds):
    rows = replace(box(SYMBOLS, 1.0, **bounds), turnover=TurnoverLimit(held, limit))
    return proven(R, rows, gap=1e-10).weights


def test_a_limit_of_zero_keeps_what_is_held(proven):
    np.testing.assert_allclose(limited(proven, 0.0), HELD, atol=1e-12)


@pytest.mark.parametrize("limit", [1e-14, 1e-12, 1e-9, 1e-6])
def test_a_tiny_limit_is_used_to_the_full(proven, limit):
    w = limited(proven, limit)
    assert 0.5 * np.abs(w - HELD).sum() == pytest.approx(limit, rel=1e-2, abs=1e-15)


def test_a_wide_limit_says_nothing(proven):
    free = proven(R, box(SYMBOLS)).weights
    for limit in (1.0, 2.0, 1e6):
        np.testing.assert_allclose(limited(proven, limit), free, atol=1e-10)


def test_the_limit_that_is_just_needed(proven):
    """At the turnover of the free optimum, just below it and just above it."""
    free = proven(R, box(SYMBOLS)).weights
    needed = 0.5 * np.abs(free - HELD).sum()
    for limit in (needed, needed * (1 - 1e-9), needed * (1 + 1e-9), needed * (1 - 1e-3)):
        np.testing.assert_allclose(limited(proven, limit), free, atol=2e-3 * needed)


def test_a_cap_that_fell_below_what_is_held_is_met_with_what_is_left(proven):
    """0.1 of the first asset must go and 0.1 come elsewhere: a turnover of 0.1, all of the limit."""
    w = limited(proven, 0.1, upper=[0.2, 1, 1, 1, 1, 1])
    assert w[0] == pytest.approx(0.2, abs=1e-12)
    assert np.all(w[1:] >= HELD[1:] - 1e-12)


def test_drift_that_left_the_budget(proven):
    """Held 0.97 of 1: the missing 0.03 must be bought, half of which counts."""
    w = limited(proven, 0.015, held=0.97 * HELD)
    assert np.all(w >= 0.97 * HELD - 1e-12)


def test_the_price_of_turnover_is_a_derivative():
    def solved(limit):
        rows = replace(box(SYMBOLS), turnover=TurnoverLimit(HELD, limit))
        return minimise_downside_variance(R, rows).certificate

    slope = (solved(0.1 - 1e-6).objective - solved(0.1 + 1e-6).objective) / 2e-6
    assert "turnover_limit" in solved(0.1).active
    assert solved(0.1).multipliers["turnover_limit"] == pytest.approx(slope, rel=1e-5, abs=0)


def test_caps_that_fell_further_than_the_limit_allows():
    """0.2 must leave the first two assets; 0.05 may. What is missing is 0.15, and the rows are named."""
    rows = replace(box(SYMBOLS, upper=[0.2, 0.2, 1, 1, 1, 1]), turnover=TurnoverLimit(HELD, 0.05))
    with pytest.raises(InfeasibleError) as caught:
        minimise_downside_variance(R, rows)
    conflicting = caught.value.figures["conflicting rows"].split(", ")
    assert {"turnover_limit", "max_weight A0", "max_weight A1"} <= set(conflicting)
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.15)


def test_a_band_that_the_limit_cannot_reach():
    band = Band("hedges", np.arange(6) >= 4, 0.5, 0.6)
    rows = replace(box(SYMBOLS, bands=[band]), turnover=TurnoverLimit(HELD, 0.1))
    with pytest.raises(InfeasibleError) as caught:
        minimise_downside_variance(R, rows)
    assert {"turnover_limit", "hedges min"} <= set(caught.value.figures["conflicting rows"].split(", "))
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.3)


def test_three_hundred_assets(proven):
    rng = np.random.default_rng(9)
    returns = 0.01 * (rng.standard_t(4, (250, 1)) + rng.standard_t(4, (250, 300)))
    groups = [Band(f"group {k}", np.arange(300) % 5 == k, 0.05, 0.4) for k in range(3)]
    rows = box([f"A{i}" for i in range(300)], 0.99, upper=0.05, bands=groups)
    held = rng.dirichlet(np.ones(300))
    for limit in (0.05, 0.5):
        proven(returns, replace(rows, turnover=TurnoverLimit(held, limit)), gap=1e-10)
