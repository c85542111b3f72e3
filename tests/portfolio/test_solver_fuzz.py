"""Ugly instances: the answer is certified, or the error says why not; never a quiet wrong number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from portfolio.constraints import Band, Constraints, TurnoverLimit, box
from portfolio.solver import minimise_downside_variance
from schemas.errors import InfeasibleError

RETURNS = {
    "heavy tails": lambda R, rng: R,
    "rounded to per cent": lambda R, rng: np.round(R, 2),
    "one per cent up or down": lambda R, rng: 0.01 * np.sign(R),
    "copied and suspended": lambda R, rng: np.hstack([R, R[:, :1], 0 * R[:, :1]]),
    "near-copies": lambda R, rng: np.hstack([R, R + 1e-9 * rng.standard_normal(R.shape)]),
    "nearer copies": lambda R, rng: np.hstack([R, R * (1 + 1e-13 * rng.standard_normal(R.shape))]),
    "leveraged copies": lambda R, rng: np.hstack([R, 3 * R, -2 * R]),
    "all sizes": lambda R, rng: R * 10 ** rng.uniform(-4, 3, R.shape[1]),
    "days of all sizes": lambda R, rng: R * 10 ** rng.uniform(-6, 2, (len(R), 1)),
    "hedged away": lambda R, rng: np.hstack([R, -R]),
    "mostly suspended": lambda R, rng: R * (rng.random(R.shape) < 0.05),
    "one factor only": lambda R, rng: R[:, :1] * rng.uniform(-1, 2, R.shape[1]),
    "trends": lambda R, rng: R * 1e-3 + rng.normal(0, 0.01, R.shape[1]),
    "one crash": lambda R, rng: np.abs(R) - 0.9 * (np.arange(len(R)) == len(R) // 2)[:, None],
    "constants": lambda R, rng: np.broadcast_to(np.round(R[:1], 3), R.shape),
}
HURDLES = {
    "zero": lambda R, rng: 0.0,
    "typical": lambda R, rng: 0.01 * rng.standard_normal(),
    "one per cent": lambda R, rng: float(rng.choice([-0.01, 0.01])),
    "that of a day": lambda R, rng: float(rng.choice(R.ravel())),
    "above everything": lambda R, rng: 2.0 * float(np.abs(R).max()),
    "below everything": lambda R, rng: -2.0 * float(np.abs(R).max()),
}


@dataclass(frozen=True)
class Instance:
    returns: np.ndarray
    constraints: Constraints
    b: float


@pytest.mark.parametrize("kind", RETURNS)
@pytest.mark.parametrize("hurdle", HURDLES)
def test_ugly_instances_are_certified(judge, kind, hurdle):
    rng = np.random.default_rng([*kind.encode(), *hurdle.encode()])
    for number in range(12):
        T, N = int(rng.integers(1, 121)), int(rng.integers(1, 31))
        R = RETURNS[kind](0.01 * rng.standard_t(3, (T, N)), rng)
        instance = Instance(R, tight_constraints(R.shape[1], rng), HURDLES[hurdle](R, rng))
        solve(instance, judge, number)


def solve(instance, judge, number=0, gap=5e-9):
    """The weights; the certificate is confirmed by the linear program."""
    solution = minimise_downside_variance(instance.returns, instance.constraints, instance.b)
    assert solution.certificate.relative_gap <= gap, number
    assert solution.certificate.violation <= 1e-12, number
    assert judge.relative_gap(instance, solution.weights) <= gap, number
    assert judge.violation(instance.constraints, solution.weights) <= 1e-12, number
    return solution.weights


def tight_constraints(N, rng):
    """Random ones around random weights: bounds fixed, bands that overlap or nest, turnover that binds."""
    upper = np.minimum(1, rng.uniform(1, 4) / N * rng.uniform(0.5, 1.5, N))
    lower = np.where(rng.random(N) < 0.2, upper * rng.random(N), 0.0)
    lower = np.where(rng.random(N) < rng.choice([0.05, 0.9]), upper, lower)
    # some at bounds: vertices at which more rows meet than there are dimensions
    inside = np.clip(rng.uniform(lower - 0.3 * upper, 1.3 * upper), lower, upper)
    bands = []
    members = np.ones(N, dtype=bool)
    for number in range(rng.integers(0, 5)):
        members = (members if rng.random() < 0.5 else True) & (rng.random(N) < 0.6)
        total = inside[members].sum()
        low, high = [(total, total), (total, 1.2 * total), (0.7 * total, total), (0.7 * total, 1.2 * total)][
            rng.integers(4)
        ]
        bands.append(Band(f"group {number}", members, low, high))
    symbols = tuple(f"A{i}" for i in range(N))
    return Constraints(
        symbols, inside.sum(), lower, upper, tuple(bands), turnover=turnover_around(inside, rng)
    )


def turnover_around(inside, rng):
    if rng.random() < 0.4:
        return None
    held = inside * rng.choice([1.0, 0.0, 2.0], len(inside), p=[0.6, 0.2, 0.2])
    needed = 0.5 * np.abs(held - inside).sum()
    return TurnoverLimit(held, needed + rng.choice([0.0, 1e-12, 1e-9, 1e-6, 1e-3, 0.1]))


def daily(seed, T, N):
    rng = np.random.default_rng(seed)
    return 0.006 * rng.standard_t(4, (T, 1)) + 0.008 * rng.standard_t(4, (T, N)) * rng.uniform(0.3, 1.5, N)


def symbols(N):
    return [f"A{i}" for i in range(N)]


class TestSizes:
    @pytest.mark.parametrize(
        ("T", "N"), [(1, 1), (2, 1), (1, 40), (5000, 1), (60, 2000), (2500, 300), (5000, 20), (300, 300)]
    )
    def test_from_one_asset_to_two_thousand(self, judge, T, N):
        rng = np.random.default_rng([T, N])
        groups = [Band(f"group {k}", np.arange(N) % 5 == k, 0.05, 0.4) for k in range(3 if N >= 10 else 0)]
        rows = box(symbols(N), 0.99, upper=max(min(1.0, 5 / N), 0.02), bands=groups)
        b = float(rng.normal(0, 1e-3))
        solve(Instance(daily([T, N], T, N), rows, b), judge, gap=1e-10)

    @pytest.mark.parametrize("unit", [1e-6, 1e-3, 1.0, 1e2])
    def test_returns_of_any_unit(self, judge, unit):
        solve(Instance(unit * daily(1, 100, 8), box(symbols(8), upper=0.3), 0.0), judge, gap=1e-10)

    def test_one_session(self, judge):
        for seed in range(20):
            solve(Instance(daily(seed, 1, 6), box(symbols(6), upper=0.3), 0.0), judge)


class TestTies:
    """Days on which r·w is exactly b: where f changes its quadratic."""

    def test_every_day_at_the_kink_whatever_the_weights(self, judge):
        for hurdle in (0.01, -0.01):
            R = np.full((40, 5), hurdle)
            solve(Instance(R, box(symbols(5), 1.0, upper=0.3), hurdle), judge)

    def test_pairs_that_cancel_exactly(self, judge):
        """Any equal split of a pair stands on the kink each day."""
        R = 0.01 * np.array([[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1.0]])
        w = solve(Instance(np.tile(R, (10, 1)), box(symbols(4)), 0.0), judge)
        np.testing.assert_allclose(np.tile(R, (10, 1)) @ w, 0.0, atol=1e-12)

    def test_integer_returns_and_a_hurdle_on_the_grid(self, judge):
        for seed in range(60):
            rng = np.random.default_rng(seed)
            R = 0.01 * rng.integers(-1, 2, (int(rng.integers(2, 60)), int(rng.integers(1, 12))))
            rows = tight_constraints(R.shape[1], rng)
            solve(Instance(R, rows, 0.005 * int(rng.integers(-2, 3))), judge, seed)


class TestVertices:
    """Points at which more rows meet than there are dimensions; working sets may cycle there."""

    def test_equal_assets_at_equal_caps(self, judge):
        R = np.repeat(daily(2, 80, 1), 12, axis=1)
        solve(Instance(R, box(symbols(12), upper=0.1), 0.0), judge)

    def test_budget_caps_and_bands_that_meet_in_one_point(self, judge):
        for seed in range(30):
            rng = np.random.default_rng(seed)
            N = 8
            w = rng.integers(0, 5, N) / 16.0
            caps = np.where(rng.random(N) < 0.7, w, 0.5)
            bands = [
                Band(f"g{k}", members, *rng.choice([(w[members].sum(),) * 2, (0.0, w[members].sum())]))
                for k, members in enumerate(rng.random((6, N)) < 0.5)
            ]
            rows = Constraints(tuple(symbols(N)), w.sum(), np.zeros(N), caps, tuple(bands))
            solve(Instance(daily(seed, 50, N), rows, 0.0), judge, seed)

    def test_a_band_over_all_assets_beside_the_budget(self, judge):
        for low, high in ((0.99, 0.99), (0.5, 0.99), (0.99, 1.0), (0.0, 1.0)):
            band = Band("everything", np.ones(8, dtype=bool), low, high)
            solve(Instance(daily(3, 80, 8), box(symbols(8), 0.99, upper=0.3, bands=[band]), 0.0), judge)

    def test_nested_bands_that_are_all_full(self, judge):
        bands = [Band(f"first {k}", np.arange(8) < k, 0.1 * k, 0.1 * k) for k in range(1, 8)]
        w = solve(Instance(daily(4, 80, 8), box(symbols(8), bands=bands), 0.0), judge)
        np.testing.assert_allclose(w, [*[0.1] * 7, 0.3], atol=1e-12)

    def test_a_band_whose_members_are_all_fixed(self, judge):
        lower, upper = np.zeros(6), np.full(6, 0.5)
        lower[:2] = upper[:2] = 0.15
        for band in (Band("fixed", np.arange(6) < 2, 0.3, 0.3), Band("fixed", np.arange(6) < 2, 0.0, 0.3)):
            rows = box(symbols(6), lower=lower, upper=upper, bands=[band])
            solve(Instance(daily(5, 80, 6), rows, 0.0), judge)

    def test_a_band_without_members(self, judge):
        band = Band("nobody", np.zeros(5, dtype=bool), 0.0, 0.3)
        solve(Instance(daily(6, 80, 5), box(symbols(5), bands=[band]), 0.0), judge)

    def test_nothing_to_invest(self, judge):
        w = solve(Instance(daily(7, 30, 5), box(symbols(5), 0.0), 0.001), judge)
        np.testing.assert_array_equal(w, np.zeros(5))


def test_a_band_without_members_that_must_hold_something():
    band = Band("nobody", np.zeros(5, dtype=bool), 0.1, 0.3)
    with pytest.raises(InfeasibleError) as caught:
        minimise_downside_variance(daily(6, 80, 5), box(symbols(5), bands=[band]))
    assert "nobody min" in caught.value.figures["conflicting rows"]


class TestTurnover:
    HELD = np.array([0.3, 0.3, 0.2, 0.1, 0.1, 0.0])

    def solve(self, judge, limit, held=HELD, **bounds):
        rows = replace(box(symbols(6), 1.0, **bounds), turnover=TurnoverLimit(held, limit))
        return solve(Instance(daily(8, 120, 6), rows, 0.0), judge, gap=1e-10)

    def test_a_limit_of_zero_keeps_what_is_held(self, judge):
        np.testing.assert_allclose(self.solve(judge, 0.0), self.HELD, atol=1e-12)

    @pytest.mark.parametrize("limit", [1e-14, 1e-12, 1e-9, 1e-6])
    def test_a_tiny_limit_is_used_to_the_full(self, judge, limit):
        w = self.solve(judge, limit)
        assert 0.5 * np.abs(w - self.HELD).sum() == pytest.approx(limit, rel=1e-2, abs=1e-15)

    def test_a_wide_limit_says_nothing(self, judge):
        free = solve(Instance(daily(8, 120, 6), box(symbols(6)), 0.0), judge)
        for limit in (1.0, 2.0, 1e6):
            np.testing.assert_allclose(self.solve(judge, limit), free, atol=1e-10)

    def test_the_limit_that_is_just_needed(self, judge):
        """At the turnover of the free optimum, just below it and just above it."""
        free = solve(Instance(daily(8, 120, 6), box(symbols(6)), 0.0), judge)
        needed = 0.5 * np.abs(free - self.HELD).sum()
        for limit in (needed, needed * (1 - 1e-9), needed * (1 + 1e-9), needed * (1 - 1e-3)):
            np.testing.assert_allclose(self.solve(judge, limit), free, atol=2e-3 * needed)

    def test_a_cap_that_fell_below_what_is_held_is_met_with_what_is_left(self, judge):
        """0.1 of the first asset must go and 0.1 come elsewhere: a turnover of 0.1, all of the limit."""
        w = self.solve(judge, 0.1, upper=[0.2, 1, 1, 1, 1, 1])
        assert w[0] == pytest.approx(0.2, abs=1e-12)
        assert np.all(w[1:] >= self.HELD[1:] - 1e-12)

    def test_drift_that_left_the_budget(self, judge):
        """Held 0.97 of 1: the missing 0.03 must be bought, half of which counts."""
        w = self.solve(judge, 0.015, held=0.97 * self.HELD)
        assert np.all(w >= 0.97 * self.HELD - 1e-12)

    def test_the_price_of_turnover_is_a_derivative(self):
        def solved(limit):
            rows = replace(box(symbols(6)), turnover=TurnoverLimit(self.HELD, limit))
            return minimise_downside_variance(daily(8, 120, 6), rows).certificate

        slope = (solved(0.1 - 1e-6).objective - solved(0.1 + 1e-6).objective) / 2e-6
        assert "max_turnover" in solved(0.1).active
        assert solved(0.1).multipliers["max_turnover"] == pytest.approx(slope, rel=1e-5, abs=0)

    def test_caps_that_fell_further_than_the_limit_allows(self):
        """0.2 must leave the first two assets; 0.05 may. What is missing is 0.15, and the rows are named."""
        rows = replace(box(symbols(6), upper=[0.2, 0.2, 1, 1, 1, 1]), turnover=TurnoverLimit(self.HELD, 0.05))
        with pytest.raises(InfeasibleError) as caught:
            minimise_downside_variance(daily(8, 120, 6), rows)
        conflicting = caught.value.figures["conflicting rows"].split(", ")
        assert {"max_turnover", "max_weight A0", "max_weight A1"} <= set(conflicting)
        assert float(caught.value.figures["conflict"]) == pytest.approx(0.15)

    def test_a_band_that_the_limit_cannot_reach(self):
        band = Band("hedges", np.arange(6) >= 4, 0.5, 0.6)
        rows = replace(box(symbols(6), bands=[band]), turnover=TurnoverLimit(self.HELD, 0.1))
        with pytest.raises(InfeasibleError) as caught:
            minimise_downside_variance(daily(8, 120, 6), rows)
        assert {"max_turnover", "hedges min"} <= set(caught.value.figures["conflicting rows"].split(", "))
        assert float(caught.value.figures["conflict"]) == pytest.approx(0.3)
