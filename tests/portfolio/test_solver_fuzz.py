"""Ugly instances: the answer is certified, or the error says why not; never a quiet wrong number."""

from __future__ import annotations

from dataclasses import replace

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


@pytest.mark.parametrize("kind", RETURNS)
@pytest.mark.parametrize("hurdle", HURDLES)
def test_ugly_instances_are_certified(proven, kind, hurdle):
    rng = np.random.default_rng([*kind.encode(), *hurdle.encode()])
    for number in range(12):
        T, N = int(rng.integers(1, 121)), int(rng.integers(1, 31))
        R = RETURNS[kind](0.01 * rng.standard_t(3, (T, N)), rng)
        proven(R, tight_constraints(R.shape[1], rng), HURDLES[hurdle](R, rng), note=number)


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
    def test_from_one_asset_to_two_thousand(self, proven, T, N):
        rng = np.random.default_rng([T, N])
        groups = [Band(f"group {k}", np.arange(N) % 5 == k, 0.05, 0.4) for k in range(3 if N >= 10 else 0)]
        rows = box(symbols(N), 0.99, upper=max(min(1.0, 5 / N), 0.02), bands=groups)
        b = float(rng.normal(0, 1e-3))
        proven(daily([T, N], T, N), rows, b, gap=1e-10)

    @pytest.mark.parametrize("unit", [1e-6, 1e-3, 1.0, 1e2])
    def test_returns_of_any_unit(self, proven, unit):
        proven(unit * daily(1, 100, 8), box(symbols(8), upper=0.3), gap=1e-10)

    def test_one_session(self, proven):
        for seed in range(20):
            proven(daily(seed, 1, 6), box(symbols(6), upper=0.3))


class TestTies:
    """Days on which r·w is exactly b: where f changes its quadratic."""

    def test_every_day_at_the_kink_whatever_the_weights(self, proven):
        for hurdle in (0.01, -0.01):
            R = np.full((40, 5), hurdle)
            proven(R, box(symbols(5), 1.0, upper=0.3), hurdle)

    def test_pairs_that_cancel_exactly(self, proven):
        """Any equal split of a pair stands on the kink each day."""
        R = 0.01 * np.array([[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1.0]])
        w = proven(np.tile(R, (10, 1)), box(symbols(4))).weights
        np.testing.assert_allclose(np.tile(R, (10, 1)) @ w, 0.0, atol=1e-12)

    def test_integer_returns_and_a_hurdle_on_the_grid(self, proven):
        for seed in range(60):
            rng = np.random.default_rng(seed)
            R = 0.01 * rng.integers(-1, 2, (int(rng.integers(2, 60)), int(rng.integers(1, 12))))
            rows = tight_constraints(R.shape[1], rng)
            proven(R, rows, 0.005 * int(rng.integers(-2, 3)), note=seed)


class TestVertices:
    """Points at which more rows meet than there are dimensions; working sets may cycle there."""

    def test_equal_assets_at_equal_caps(self, proven):
        R = np.repeat(daily(2, 80, 1), 12, axis=1)
        proven(R, box(symbols(12), upper=0.1))

    def test_budget_caps_and_bands_that_meet_in_one_point(self, proven):
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
            proven(daily(seed, 50, N), rows, note=seed)

    def test_a_band_over_all_assets_beside_the_budget(self, proven):
        for low, high in ((0.99, 0.99), (0.5, 0.99), (0.99, 1.0), (0.0, 1.0)):
            band = Band("everything", np.ones(8, dtype=bool), low, high)
            proven(daily(3, 80, 8), box(symbols(8), 0.99, upper=0.3, bands=[band]))

    def test_nested_bands_that_are_all_full(self, proven):
        bands = [Band(f"first {k}", np.arange(8) < k, 0.1 * k, 0.1 * k) for k in range(1, 8)]
        w = proven(daily(4, 80, 8), box(symbols(8), bands=bands)).weights
        np.testing.assert_allclose(w, [*[0.1] * 7, 0.3], atol=1e-12)

    def test_a_band_whose_members_are_all_fixed(self, proven):
        lower, upper = np.zeros(6), np.full(6, 0.5)
        lower[:2] = upper[:2] = 0.15
        for band in (Band("fixed", np.arange(6) < 2, 0.3, 0.3), Band("fixed", np.arange(6) < 2, 0.0, 0.3)):
            rows = box(symbols(6), lower=lower, upper=upper, bands=[band])
            proven(daily(5, 80, 6), rows)

    def test_a_band_without_members(self, proven):
        band = Band("nobody", np.zeros(5, dtype=bool), 0.0, 0.3)
        proven(daily(6, 80, 5), box(symbols(5), bands=[band]))

    def test_nothing_to_invest(self, proven):
        w = proven(daily(7, 30, 5), box(symbols(5), 0.0), 0.001).weights
        np.testing.assert_array_equal(w, np.zeros(5))


def test_a_band_without_members_that_must_hold_something():
    band = Band("nobody", np.zeros(5, dtype=bool), 0.1, 0.3)
    with pytest.raises(InfeasibleError) as caught:
        minimise_downside_variance(daily(6, 80, 5), box(symbols(5), bands=[band]))
    assert "nobody min" in caught.value.figures["conflicting rows"]


class TestFoundByTheFuzz:
    """Cut down to a day or two and a few assets; each cycled, or stopped short of the optimum, in a first version."""

    def test_a_band_that_follows_from_the_budget_and_a_bound(self, proven):
        lower = np.array([0.0, 0.06186840995691441, 0.0, 0.04933444656529988])
        band = Band("rest", np.array([True, True, True, False]), 0.1096766258844817, 0.4386858059307397)
        rows = box(symbols(4), 0.15901107244978113, lower=lower, bands=[band])
        proven([[-0.01, -0.02, -0.01, 0.01]], rows)

    def test_nested_bands_of_the_whole_budget(self, proven):
        budget = 0.19847783587251508
        bands = [
            Band("outer", np.array([False, True, True, True]), 0.19847783587251502, 0.19847783587251502),
            Band("inner", np.array([False, True, False, True]), 0.19847783587251502, 0.27),
        ]
        proven([[0.025, -0.009, -0.007, -0.009]], box(symbols(4), budget, bands=bands))

    def test_prices_at_a_vertex_of_copies(self, proven):
        band = Band("second", np.array([False, True]), 0.024754419248636694, 0.024754419248636694)
        rows = box(symbols(2), 0.024754419248636694, bands=[band])
        proven([[0.01, -0.01]] * 3, rows, start=[-0.31712622106960753, 1.247774321661538])

    def test_one_day_a_fixed_band_and_turnover(self, proven):
        held = np.array([0.3561709509900804, 0.16491441766367074, 0.3059759489890721, 0.23645907874216673])
        band = Band("most", np.array([True, True, False, True]), 0.5794589719008777, 0.5794589719008777)
        rows = box(symbols(4), 0.88543492088995, bands=[band])
        limited = replace(rows, turnover=TurnoverLimit(held, 0.0890427377475201))
        proven([[-0.001, 0.003, -0.008, -0.001]], limited)

    def test_copies_that_must_be_bought_to_the_limit(self, proven):
        held = np.array([0.0, 0.04961437987893866, 0.22969564893816846, 0.0])
        rows = replace(box(symbols(4), 0.841295933399771), turnover=TurnoverLimit(held, 0.2809929522913319))
        proven([[-0.01, -0.03, -0.04, -0.01], [-0.05, -0.01, -0.01, -0.05]], rows)

    def test_rows_do_not_drift_where_all_assets_are_one(self, proven):
        held = np.array([0.05780421009824782, 0.04938972631985146, 0.0, 0.10763089419963062])
        bands = [
            Band("fixed", np.array([True, False, True, False]), 0.14478795971313388, 0.14478795971313388),
            Band("wide", np.array([True, True, False, True]), 0.001996471264523264, 0.21482483061772986),
        ]
        rows = box(symbols(4), 0.3018085802326159, bands=bands)
        day = np.array([-0.000053, -0.019636, -0.011296, 0.009373])
        later = np.array([0.0, -0.00016, -0.000092, 0.000076])
        limited = replace(rows, turnover=TurnoverLimit(held, 0.043492874807443044))
        proven(np.vstack([day, later]), limited)

    def test_the_budget_is_kept_by_assets_of_very_different_size(self, proven):
        rows = box(symbols(2), 0.23440982050375872, lower=[0.0, 0.18428283546204313])
        proven([[0.000006, -11.226672]], rows)

    def test_a_suspended_asset_and_a_group_that_must_stay_empty(self, proven):
        bands = [
            Band("most", np.array([True, False, True]), 0.518237412044928, 0.518237412044928),
            Band("suspended", np.array([False, False, True]), 0.0, 0.0),
        ]
        rows = box(symbols(3), 0.5204221633483898, bands=bands)
        proven([[-0.07, 0.0, 0.0], [-0.01, 0.04, 0.0]], rows)

    def test_a_day_of_very_different_sizes_with_a_band_and_turnover(self, proven):
        held = np.array([0.35371295495013233, 0.0, 0.2019839042356662])
        band = Band("first", np.array([True, False, False]), 0.1237995342325463, 0.2122277729700794)
        rows = box(symbols(3), 0.9086059718386399, bands=[band])
        limited = replace(rows, turnover=TurnoverLimit(held, 0.35331103480148685))
        proven([[-0.435, -0.0004, -93.6759]], limited)
