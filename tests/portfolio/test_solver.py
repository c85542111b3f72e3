"""Analytic answers, degenerate data, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from portfolio.certificate import MAX_RELATIVE_GAP
from portfolio.constraints import Band, box
from portfolio.downside import downside_gradient, downside_variance
from portfolio.feasibility import absorb
from portfolio.solver import minimise_downside_variance
from schemas.errors import DataError, InfeasibleError


def names(n):
    return [f"A{i}" for i in range(n)]


def daily(seed, T=252, N=8):
    """Daily returns with a common factor and heavy tails, about 1 % a day."""
    rng = np.random.default_rng(seed)
    return 0.006 * rng.standard_t(4, (T, 1)) + 0.008 * rng.standard_t(4, (T, N)) * rng.uniform(0.3, 1.5, N)


class TestAnalytic:
    def test_one_asset_falls_each_day(self):
        """R = -diag(a): f = Σ (a_i w_i)² / T, so w is proportional to 1/a²."""
        a = np.array([0.01, 0.02, 0.03, 0.05])
        solution = minimise_downside_variance(-np.diag(a), box(names(4)))
        np.testing.assert_allclose(solution.weights, a**-2 / np.sum(a**-2), rtol=1e-12)

    def test_everything_falls(self):
        """All returns negative: the least second moment, w = M⁻¹1 / 1ᵀM⁻¹1."""
        rng = np.random.default_rng(0)
        R = -0.01 * rng.uniform(0.5, 1.5, (60, 4)) - 0.02 * np.eye(4)[rng.integers(0, 4, 60)]
        M = R.T @ R / 60
        expected = np.linalg.solve(M, np.ones(4))
        expected /= expected.sum()
        assert np.all(expected > 0)
        solution = minimise_downside_variance(R, box(names(4)))
        np.testing.assert_allclose(solution.weights, expected, rtol=1e-10)

    def test_an_asset_that_never_falls(self):
        R = daily(1)
        R[:, 2] = 1e-4
        solution = minimise_downside_variance(R, box(names(8)))
        assert solution.certificate.objective == pytest.approx(0.0, abs=1e-20)
        assert solution.certificate.relative_gap <= MAX_RELATIVE_GAP

    def test_a_hurdle_above_all_returns_makes_a_plain_quadratic_program(self):
        """Every day falls short: f = (1/T)|Rw - b|², whose optimum satisfies the linear KKT system."""
        R, b = daily(2, N=4), 1.0
        far = 1e3
        solution = minimise_downside_variance(R, box(names(4), lower=-far, upper=far), b)
        K = np.block([[2 * R.T @ R / 252, -np.ones((4, 1))], [np.ones((1, 4)), np.zeros((1, 1))]])
        expected = np.linalg.solve(K, np.concatenate([2 * b * R.mean(axis=0), [1.0]]))[:4]
        np.testing.assert_allclose(solution.weights, expected, rtol=1e-8)
        assert solution.certificate.relative_gap <= 1e-12

    def test_two_assets_that_hedge_each_other(self):
        """r and -r/2 cancel at one third to two thirds: no shortfall is left."""
        r = daily(3, N=1)
        solution = minimise_downside_variance(np.hstack([r, -0.5 * r]), box(names(2)))
        np.testing.assert_allclose(solution.weights, [1 / 3, 2 / 3], atol=1e-6)

    def test_a_cap_that_binds_has_the_price_of_its_derivative(self):
        R = daily(4)
        free = minimise_downside_variance(R, box(names(8))).weights
        largest = int(np.argmax(free))
        upper = np.ones(8)
        upper[largest] = 0.5 * free[largest]

        def solved(change):
            bent = upper.copy()
            bent[largest] += change
            return minimise_downside_variance(R, box(names(8), upper=bent)).certificate

        slope = (solved(-1e-6).objective - solved(1e-6).objective) / 2e-6
        assert solved(0).multipliers[f"max_weight A{largest}"] == pytest.approx(slope, rel=1e-5, abs=0)

    def test_the_price_of_the_budget_and_of_the_sleeve(self):
        R = daily(5)
        members = np.arange(8) < 3

        def solved(budget=0.99, floor=0.6):
            band = Band("negative sleeve", members, floor, 0.7)
            return minimise_downside_variance(R, box(names(8), budget, bands=[band])).certificate

        assert "negative sleeve min" in solved().active
        floor = (solved(floor=0.6 + 1e-6).objective - solved(floor=0.6 - 1e-6).objective) / 2e-6
        assert solved().multipliers["negative sleeve min"] == pytest.approx(floor, rel=1e-5, abs=0)
        budget = (solved(budget=0.99 + 1e-6).objective - solved(budget=0.99 - 1e-6).objective) / 2e-6
        assert solved().multipliers["budget"] == pytest.approx(budget, rel=1e-5, abs=0)


class TestDegenerate:
    """Weights need not be unique here: the objective and its certificate are what is tested."""

    @pytest.mark.parametrize("T", [1, 2, 5, 19])
    def test_fewer_sessions_than_assets(self, T):
        assert certified(daily(6, T=T, N=20), upper=0.2) <= 1e-9

    @pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-13])
    def test_copies_and_near_copies(self, noise):
        R = daily(7)
        copies = R + noise * np.random.default_rng(0).standard_normal(R.shape)
        once = minimise_downside_variance(R, box(names(8), upper=0.4))
        twice = minimise_downside_variance(np.hstack([R, copies]), box(names(16), upper=0.2))
        assert twice.certificate.objective == pytest.approx(once.certificate.objective, rel=1e-6, abs=0)

    def test_suspended_and_constant_assets(self):
        R = daily(8)
        R[:, 3], R[:, 5] = 0.0, -1e-4
        assert certified(R, upper=0.25) <= 1e-12

    def test_nothing_moves_at_all(self):
        assert certified(np.zeros((50, 4)), upper=0.5) == 0.0
        solution = minimise_downside_variance(np.zeros((50, 4)), box(names(4)), 0.001)
        assert solution.certificate.objective == pytest.approx(1e-6)

    def test_one_asset(self):
        np.testing.assert_allclose(
            minimise_downside_variance(daily(9, N=1), box(["SPY"], 0.99)).weights, [0.99]
        )

    def test_every_weight_fixed(self):
        fixed = [0.5, 0.3, 0.2]
        solution = minimise_downside_variance(daily(10, N=3), box(names(3), lower=fixed, upper=fixed))
        np.testing.assert_array_equal(solution.weights, fixed)
        assert solution.certificate.relative_gap <= 1e-12

    def test_a_fixed_band(self):
        band = Band("negative sleeve", np.arange(8) < 2, 0.25, 0.25)
        solution = minimise_downside_variance(daily(11), box(names(8), bands=[band]))
        assert solution.weights[:2].sum() == pytest.approx(0.25, abs=1e-14)
        assert solution.certificate.relative_gap <= 1e-12

    def test_caps_that_just_sum_to_the_budget(self):
        """Ten caps of 0.1 sum to 1 - 1e-16; a projection would divide zero by zero here."""
        solution = minimise_downside_variance(daily(12, N=10), box(names(10), upper=0.1))
        np.testing.assert_allclose(solution.weights, 0.1, rtol=1e-14)
        assert solution.certificate.relative_gap <= 1e-12

    def test_caps_that_take_less_than_the_budget_leave_cash(self):
        absorbed = absorb(box(names(8), 0.99, upper=0.1))
        solution = minimise_downside_variance(daily(13), absorbed.constraints)
        assert solution.weights.sum() == pytest.approx(0.8)

    def test_assets_of_very_different_size(self):
        R = daily(14) * 10.0 ** -np.arange(8)
        assert certified(R, upper=0.3) <= 1e-12

    @pytest.mark.parametrize("unit", [100.0, 1e-6, 1e-100])
    def test_per_cent_or_millionths_give_the_same_weights(self, unit):
        R, constraints = daily(15), box(names(8), upper=0.3)
        plain = minimise_downside_variance(R, constraints, 1e-4)
        scaled = minimise_downside_variance(unit * R, constraints, unit * 1e-4)
        np.testing.assert_allclose(scaled.weights, plain.weights, atol=1e-12)

    @pytest.mark.parametrize("layout", [np.asfortranarray, lambda R: np.repeat(R, 2, axis=1)[:, ::2]])
    def test_memory_layout_does_not_matter(self, layout):
        R, constraints = daily(16), box(names(8), upper=0.3)
        plain = minimise_downside_variance(R, constraints)
        np.testing.assert_array_equal(
            minimise_downside_variance(layout(R), constraints).weights, plain.weights
        )

    def test_inputs_are_left_untouched(self):
        R = daily(17)
        before, start = R.copy(), np.full(8, 0.125)
        minimise_downside_variance(R, box(names(8), upper=0.3), start=start)
        np.testing.assert_array_equal(R, before)
        np.testing.assert_array_equal(start, np.full(8, 0.125))


class TestStart:
    def test_the_start_does_not_move_a_unique_answer(self):
        R, constraints = daily(18), box(names(8), upper=0.3)
        cold = minimise_downside_variance(R, constraints)
        for start in (np.eye(8)[0], np.zeros(8), cold.weights, np.full(8, 7.0)):
            warm = minimise_downside_variance(R, constraints, start=start)
            np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-10)

    def test_the_answer_as_start_takes_one_iteration(self):
        R, constraints = daily(19), box(names(8), upper=0.3)
        cold = minimise_downside_variance(R, constraints)
        warm = minimise_downside_variance(R, constraints, start=cold.weights)
        assert warm.certificate.iterations == 1


class TestRefusals:
    def test_a_return_that_is_no_number(self):
        R = daily(20)
        R[17, 3] = np.nan
        with pytest.raises(DataError, match="A3 in row 17"):
            minimise_downside_variance(R, box(names(8)))

    def test_a_hurdle_that_is_no_number(self):
        with pytest.raises(DataError, match="minimum acceptable return"):
            minimise_downside_variance(daily(21), box(names(8)), np.nan)

    def test_a_start_that_is_no_number(self):
        with pytest.raises(DataError, match="Start weight of A0"):
            minimise_downside_variance(daily(22), box(names(8)), start=[np.nan] * 8)

    def test_columns_that_do_not_fit_the_constraints(self):
        with pytest.raises(DataError, match="matrix"):
            minimise_downside_variance(daily(23), box(names(7)))

    def test_constraints_that_contradict_each_other(self):
        with pytest.raises(InfeasibleError, match="budget"):
            minimise_downside_variance(daily(24), box(names(8), 0.99, upper=0.1))


def test_slsqp_calls_its_start_a_success():
    """Why nothing here trusts a solver's status: SciPy's SLSQP, unscaled, gives back equal weights.

    The objective is about 1e-5, below its absolute tolerance of 1e-6 on changes: it stops after one
    iteration and reports success, far above the optimum.
    """
    for seed in range(50):
        R = daily(100 + seed)
        answer = minimize(
            lambda w, R=R: downside_variance(R, w),
            np.full(8, 1 / 8),
            jac=lambda w, R=R: downside_gradient(R, w),
            method="SLSQP",
            bounds=[(0, 0.35)] * 8,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(8)},
        )
        best = minimise_downside_variance(R, box(names(8), upper=0.35)).certificate.objective
        assert answer.success
        assert answer.nit == 1
        np.testing.assert_allclose(answer.x, 1 / 8, atol=1e-3)
        assert answer.fun > 1.03 * best


def certified(R, **bounds):
    certificate = minimise_downside_variance(R, box(names(R.shape[1]), **bounds)).certificate
    assert certificate.violation <= 1e-12
    return certificate.relative_gap
