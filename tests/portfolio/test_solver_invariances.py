"""Changes of the problem that must not change the answer, or can change it in one direction only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.constraints import Band, Constraints, TurnoverLimit
from portfolio.solver import minimise_downside_variance

SEEDS = st.integers(0, 100_000)
EXAMPLES = settings(deadline=None, max_examples=60)


def case(seed):
    """Returns of some 80 sessions and a few assets, with caps, two bands and, mostly, a turnover limit."""
    rng = np.random.default_rng(seed)
    T, N = int(rng.integers(30, 90)), int(rng.integers(3, 9))
    R = 0.01 * (rng.standard_t(4, (T, 1)) + rng.standard_t(4, (T, N)))
    upper = rng.uniform(1.2, 2.0, N) / N
    inside = upper / upper.sum()
    sleeve, us = np.arange(N) < 2, rng.random(N) < 0.5
    bands = (around(inside, "negative sleeve", sleeve), around(inside, "us", us))
    held = rng.dirichlet(np.ones(N))
    nearest = 0.5 * np.abs(inside - held).sum()
    turnover = TurnoverLimit(held, nearest * rng.choice([1.0, 1.1, 2.0])) if rng.random() < 0.7 else None
    symbols = tuple(f"A{i}" for i in range(N))
    return R, Constraints(symbols, 1.0, np.zeros(N), upper, bands, turnover=turnover), rng


def around(inside, name, members):
    return Band(name, members, 0.5 * inside[members].sum(), 1.1 * inside[members].sum())


def best(R, constraints, b=0.0, start=None):
    return minimise_downside_variance(R, constraints, b, start).weights


def least(R, constraints, b=0.0):
    return minimise_downside_variance(R, constraints, b).certificate.objective


def rearranged(c, columns, share=1.0):
    """The constraints of the assets in ``columns``, each amount multiplied by ``share`` (one each)."""
    share = np.broadcast_to(share, len(columns))
    limit = c.turnover and TurnoverLimit(share * c.turnover.held[columns], c.turnover.limit)
    return Constraints(
        tuple(f"{c.symbols[column]}.{place}" for place, column in enumerate(columns)),
        c.budget,
        share * c.lower[columns],
        share * c.upper[columns],
        tuple(replace(band, members=band.members[columns]) for band in c.bands),
        turnover=limit,
    )


class TestSameAnswer:
    @given(SEEDS)
    @EXAMPLES
    def test_order_of_assets(self, seed):
        R, c, rng = case(seed)
        order = rng.permutation(len(c.symbols))
        np.testing.assert_allclose(best(R[:, order], rearranged(c, order)), best(R, c)[order], atol=1e-9)

    @given(SEEDS)
    @EXAMPLES
    def test_order_of_days(self, seed):
        R, c, rng = case(seed)
        np.testing.assert_allclose(best(rng.permutation(R, axis=0), c), best(R, c), atol=1e-9)

    @given(SEEDS, st.floats(1e-6, 1e6))
    @EXAMPLES
    def test_unit_of_returns(self, seed, unit):
        R, c, _ = case(seed)
        assert least(unit * R, c, unit * 1e-3) == pytest.approx(unit**2 * least(R, c, 1e-3), rel=1e-10, abs=0)

    @given(SEEDS, st.floats(0.01, 1))
    @EXAMPLES
    def test_unit_of_weights(self, seed, unit):
        """Half of the equity, everything in half the amounts: half the weights."""
        R, c, _ = case(seed)
        scaled = Constraints(
            c.symbols,
            unit * c.budget,
            unit * c.lower,
            unit * c.upper,
            tuple(replace(band, low=unit * band.low, high=unit * band.high) for band in c.bands),
            turnover=c.turnover and TurnoverLimit(unit * c.turnover.held, unit * c.turnover.limit),
        )
        np.testing.assert_allclose(best(R, scaled, unit * 1e-3) / unit, best(R, c, 1e-3), atol=1e-8)

    @given(SEEDS)
    @EXAMPLES
    def test_every_day_twice(self, seed):
        R, c, _ = case(seed)
        assert least(np.vstack([R, R]), c) == pytest.approx(least(R, c), rel=1e-10, abs=0)

    @given(SEEDS)
    @EXAMPLES
    def test_days_on_which_everything_rises_only_dilute(self, seed):
        R, c, rng = case(seed)
        up = np.abs(rng.standard_normal((25, R.shape[1])))
        diluted = least(R, c) * len(R) / (len(R) + 25)
        assert least(np.vstack([R, up]), c) == pytest.approx(diluted, rel=1e-10, abs=0)

    @given(SEEDS, st.floats(-0.01, 0.01))
    @EXAMPLES
    def test_returns_and_hurdle_shifted_together(self, seed, shift):
        """With Σw = 1 every portfolio return shifts as well."""
        R, c, _ = case(seed)
        assert least(R + shift, c, shift) == pytest.approx(least(R, c), rel=1e-9, abs=0)

    @given(SEEDS)
    @EXAMPLES
    def test_an_asset_split_into_two_half_capped_copies(self, seed):
        R, c, _ = case(seed)
        N = len(c.symbols)
        columns, share = np.append(np.arange(N), 0), np.array([0.5, *np.ones(N - 1), 0.5])
        split = least(R[:, columns], rearranged(c, columns, share))
        assert split == pytest.approx(least(R, c), rel=1e-10, abs=0)

    @given(SEEDS)
    @EXAMPLES
    def test_every_asset_split_into_three_copies(self, seed):
        R, c, _ = case(seed)
        columns = np.tile(np.arange(len(c.symbols)), 3)
        split = least(R[:, columns], rearranged(c, columns, 1 / 3))
        assert split == pytest.approx(least(R, c), rel=1e-10, abs=0)

    @given(SEEDS)
    @EXAMPLES
    def test_a_floor_under_a_group_is_a_ceiling_on_the_rest(self, seed):
        R, c, _ = case(seed)
        rest = tuple(
            Band(f"not {band.name}", ~band.members, c.budget - band.high, c.budget - band.low)
            for band in c.bands
        )
        np.testing.assert_allclose(best(R, replace(c, bands=rest)), best(R, c), atol=1e-9)
        np.testing.assert_allclose(best(R, replace(c, bands=(*c.bands, *rest))), best(R, c), atol=1e-9)

    @given(SEEDS)
    @EXAMPLES
    def test_rows_that_say_nothing_new(self, seed):
        """A band over all assets beside the budget, one over none, one asset alone, and one band twice."""
        R, c, _ = case(seed)
        N = len(c.symbols)
        more = (
            Band("everything", np.ones(N, bool), 1.0, 1.0),
            Band("all", np.ones(N, bool), 0.0, 1.0),
            Band("nothing", np.zeros(N, bool), 0.0, 0.0),
            Band("first", np.arange(N) < 1, c.lower[0], c.upper[0]),
            replace(c.bands[0], name="the same"),
        )
        np.testing.assert_allclose(best(R, replace(c, bands=c.bands + more)), best(R, c), atol=1e-9)
        np.testing.assert_allclose(best(R, replace(c, bands=more + c.bands)), best(R, c), atol=1e-9)

    @given(SEEDS)
    @EXAMPLES
    def test_an_asset_that_may_not_be_held(self, seed):
        R, c, rng = case(seed)
        columns = np.append(np.arange(len(c.symbols)), 0)
        barred = rearranged(c, columns, np.array([*np.ones(len(c.symbols)), 0.0]))
        wild = np.column_stack([R, rng.standard_t(2, len(R))])
        np.testing.assert_allclose(best(wild, barred), [*best(R, c), 0.0], atol=1e-9)

    @given(SEEDS)
    @EXAMPLES
    def test_the_start(self, seed):
        R, c, rng = case(seed)
        cold, N = best(R, c), len(c.symbols)
        for start in (cold, np.zeros(N), np.eye(N)[0], c.upper, 1e3 * rng.standard_normal(N)):
            np.testing.assert_allclose(best(R, c, start=start), cold, atol=1e-9)

    @given(SEEDS)
    @EXAMPLES
    def test_memory_layout_and_read_only_inputs(self, seed):
        R, c, _ = case(seed)
        expected = best(R, c, 1e-4, c.upper)
        for same in (np.asfortranarray(R), np.repeat(R, 2, axis=1)[:, ::2], R[::-1][::-1], R.tolist()):
            np.testing.assert_array_equal(best(same, c, 1e-4, c.upper), expected)
        sealed, start, before = R.copy(), c.upper.copy(), R.tobytes()
        sealed.flags.writeable = start.flags.writeable = False
        np.testing.assert_array_equal(best(sealed, c, 1e-4, start), expected)
        assert sealed.tobytes() == R.tobytes() == before

    @given(SEEDS)
    @EXAMPLES
    def test_the_same_question_twice(self, seed):
        R, c, _ = case(seed)
        first = minimise_downside_variance(R, c)
        least(2 * R[:-1], c)  # nothing may be kept from the problem in between
        second = minimise_downside_variance(R, c)
        assert first.weights.tobytes() == second.weights.tobytes()
        assert first.certificate == second.certificate


class TestOneDirection:
    @given(SEEDS)
    @EXAMPLES
    def test_tightening_any_row_never_improves(self, seed):
        R, c, _ = case(seed)
        solution = minimise_downside_variance(R, c)
        w, f = solution.weights, solution.certificate.objective
        for tighter in tightenings(c, w):
            assert least(R, tighter) >= f * (1 - 1e-12)

    @given(SEEDS, st.floats(0, 0.01))
    @EXAMPLES
    def test_a_higher_hurdle_never_improves(self, seed, by):
        R, c, rng = case(seed)
        b = 0.01 * rng.standard_normal()
        assert least(R, c, b + by) >= least(R, c, b) * (1 - 1e-12) - 1e-30

    @given(SEEDS)
    @EXAMPLES
    def test_one_more_asset_to_choose_from_never_hurts(self, seed):
        R, c, rng = case(seed)
        N = len(c.symbols)
        columns = np.append(np.arange(N), 0)
        more = np.column_stack([R, 0.01 * rng.standard_t(4, len(R))])
        wider = rearranged(c, columns)
        held = c.turnover and TurnoverLimit(np.append(c.turnover.held, 0.0), c.turnover.limit)
        assert least(more, replace(wider, turnover=held)) <= least(R, c) * (1 + 1e-10)

    @given(SEEDS)
    @EXAMPLES
    def test_no_other_feasible_weights_do_better(self, seed):
        R, c, rng = case(seed)
        w, f = best(R, c), least(R, c)
        towards = best(rng.standard_normal(R.shape), c)
        for share in (1e-4, 1e-2, 1.0):
            other = w + share * (towards - w)
            assert np.mean(np.minimum(R @ other, 0) ** 2) >= f * (1 - 1e-12)


class TestContinuity:
    @given(SEEDS, st.sampled_from([1e-9, 1e-6, 1e-3]))
    @EXAMPLES
    def test_of_the_objective_in_the_data(self, seed, size):
        """√f is a norm of the shortfalls: returns that move by ε move it by no more than ε Σ|w|."""
        R, c, rng = case(seed)
        moved = R + size * rng.uniform(-1, 1, R.shape)
        assert abs(least(moved, c) ** 0.5 - least(R, c) ** 0.5) <= size * (1 + 1e-6) + 1e-13

    @given(SEEDS, st.sampled_from([1e-9, 1e-6, 1e-4]))
    @EXAMPLES
    def test_of_the_weights_in_the_data(self, seed, size):
        """μ|Δw| <= |∇f̃ - ∇f| at the new weights, μ the curvature of the days that fall short at both ends."""
        R, c, rng = case(seed)
        R = np.vstack([R, 0.01 * rng.standard_t(4, (400, R.shape[1]))])
        moved = R + size * rng.uniform(-1, 1, R.shape)
        w, v = best(R, c), best(moved, c)
        short = (R @ w < 0) & (R @ v < 0)
        curvature = 2 / len(R) * np.linalg.eigvalsh(R[short].T @ R[short])[0]
        difference = 2 / len(R) * (np.minimum(R @ v, 0) @ R - np.minimum(moved @ v, 0) @ moved)
        assert np.linalg.norm(w - v) <= np.linalg.norm(difference) / curvature * (1 + 1e-6) + 1e-9


def tightenings(c, w):
    """Each row moved so far that a point half way between ``w`` and the middle of the rows just satisfies it."""
    point = 0.5 * (w + c.upper / c.upper.sum())
    for one, at in zip(np.eye(len(w), dtype=bool), point, strict=True):
        yield replace(c, upper=np.where(one, at, c.upper))
        yield replace(c, lower=np.where(one, at, c.lower))
    for k, band in enumerate(c.bands):
        total = np.clip(point[band.members].sum(), band.low, band.high)
        for narrower in (replace(band, low=total), replace(band, high=total)):
            yield replace(c, bands=(*c.bands[:k], narrower, *c.bands[k + 1 :]))
    if c.turnover is not None:
        needed = 0.5 * np.abs(point - c.turnover.held).sum()
        yield replace(c, turnover=TurnoverLimit(c.turnover.held, needed + 1e-13))
