from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from portfolio.certificate import NEGLIGIBLE, Prices, certify, require
from portfolio.constraints import Band, box
from portfolio.downside import downside_gradient
from portfolio.solver import minimise_downside_variance
from schemas.errors import DataError, SolverError


def linear_program(gradient, weights, constraints):
    """max over feasible v of ∇f·(w - v), by HiGHS, and the prices of budget and bands."""
    N = len(weights)
    size, M = np.abs(gradient).max(), constraints.membership
    result = linprog(
        gradient / size,
        A_ub=np.vstack([M, -M]) if len(M) else None,
        b_ub=np.concatenate([constraints.high[N:], -constraints.low[N:]]) if len(M) else None,
        A_eq=np.ones((1, N)),
        b_eq=[constraints.budget],
        bounds=np.column_stack([constraints.lower, constraints.upper]),
        method="highs",
    )
    rows = result.ineqlin.marginals.reshape(2, -1) if len(M) else np.zeros((2, 0))
    prices = Prices(size * np.append(result.eqlin.marginals[0], rows[0] - rows[1]))
    return gradient @ weights - size * result.fun, prices


@pytest.mark.parametrize("kind", ["budget", "sleeve", "bands", "hurdle"])
def test_gap_of_any_weights_is_the_value_of_the_linear_program(problem, kind):
    """For weights that are far from optimal, priced by the linear program itself."""
    for seed in range(15):
        case = problem(kind, seed)
        rng = np.random.default_rng(seed)
        anywhere = minimise_downside_variance(
            rng.standard_normal(case.returns.shape), case.constraints
        ).weights
        gradient = downside_gradient(case.returns, anywhere, case.b)
        if not gradient.any():
            continue
        expected, prices = linear_program(gradient, anywhere, case.constraints)
        proof = certify(case.returns, anywhere, case.constraints, prices, minimum_acceptable_return=case.b)
        assert proof.gap == pytest.approx(expected, rel=1e-6, abs=1e-9 * np.abs(gradient).max())


@pytest.mark.parametrize("kind", ["budget", "sleeve", "bands", "hurdle"])
def test_the_linear_program_confirms_the_solver(problem, kind):
    for seed in range(15):
        case = problem(kind, seed)
        solution = minimise_downside_variance(case.returns, case.constraints, case.b)
        gradient = downside_gradient(case.returns, solution.weights, case.b)
        if not gradient.any():
            continue
        gap, _ = linear_program(gradient, solution.weights, case.constraints)
        assert gap <= 1e-8 * max(
            solution.certificate.objective, NEGLIGIBLE * (np.mean(case.returns**2, axis=0).max() + case.b**2)
        )


def test_wrong_prices_never_make_weights_look_better(problem):
    case = problem("bands", 3)
    solution = minimise_downside_variance(case.returns, case.constraints)
    worse = np.roll(solution.weights, 1)
    gradient = downside_gradient(case.returns, worse)
    true_gap, prices = linear_program(gradient, worse, case.constraints)
    rng = np.random.default_rng(0)
    size = np.abs(gradient).max()
    for _ in range(100):
        wrong = Prices(prices.rows + size * rng.standard_normal(4))
        assert certify(case.returns, worse, case.constraints, wrong).gap >= true_gap * (1 - 1e-9)


def test_the_gap_bounds_what_can_still_be_gained(problem):
    case = problem("sleeve", 5)
    best = minimise_downside_variance(case.returns, case.constraints).certificate.objective
    other = minimise_downside_variance(-case.returns, case.constraints).weights
    _, prices = linear_program(downside_gradient(case.returns, other), other, case.constraints)
    certificate = certify(case.returns, other, case.constraints, prices)
    assert certificate.objective - best <= certificate.gap * (1 + 1e-9)


def test_weights_short_of_the_optimum_are_refused():
    R = 0.01 * np.random.default_rng(1).standard_normal((100, 4))
    constraints = box("ABCD")
    best = minimise_downside_variance(R, constraints)
    prices = Prices(np.array([best.certificate.multipliers["budget"]]))
    assert require(certify(R, best.weights, constraints, prices)).relative_gap <= 1e-10
    nudged = best.weights + 1e-4 * np.array([1, -1, 0, 0])
    with pytest.raises(SolverError, match="not certified") as caught:
        require(certify(R, nudged, constraints, prices))
    assert "of at most 1e-08" in caught.value.figures["relative gap"]


def test_weights_that_break_a_row_are_refused():
    R = 0.01 * np.random.default_rng(2).standard_normal((100, 4))
    constraints = box("ABCD")
    best = minimise_downside_variance(R, constraints)
    prices = Prices(np.array([best.certificate.multipliers["budget"]]))
    with pytest.raises(SolverError, match="violation: 1e-08"):
        require(certify(R, best.weights * (1 + 1e-8), constraints, prices))


def test_active_rows_are_named_and_priced():
    rng = np.random.default_rng(3)
    R = 0.01 * rng.standard_normal((200, 4)) * [1, 1, 4, 4]
    band = Band("negative sleeve", np.array([False, False, True, True]), 0.3, 0.5)
    certificate = minimise_downside_variance(R, box("ABCD", 0.99, upper=0.45, bands=[band])).certificate
    assert {"budget", "negative sleeve min"} <= set(certificate.active)
    assert certificate.multipliers["negative sleeve min"] > 0
    assert "negative sleeve max" not in certificate.active


def test_a_wild_asset_does_not_blind_the_certificate():
    """The scale of what is negligible is that of what is held: an asset of enormous returns that is not held has no say."""
    rng = np.random.default_rng(0)
    R = 0.01 * rng.standard_t(4, (100, 6))
    constraints = box("ABCDEF", upper=0.4)
    calm = minimise_downside_variance(R[:, 1:], box("BCDEF", upper=0.4))
    R[:, 0] *= 1e12
    worse = np.array([0.0, 0.2, 0.2, 0.2, 0.2, 0.2])
    prices = Prices(np.array([calm.certificate.multipliers["budget"]]))
    assert certify(R, worse, constraints, prices).relative_gap > 1e-3
    assert minimise_downside_variance(R, constraints).weights[1:] == pytest.approx(calm.weights, abs=1e-9)
    R[:, 0] *= 1e4
    with pytest.raises(SolverError, match="extreme returns"):
        minimise_downside_variance(R, constraints)


def test_returns_too_large_to_be_squared_are_refused():
    R = np.full((10, 2), 1e160)
    with pytest.raises(DataError, match="too large to be squared"):
        minimise_downside_variance(R, box("AB"))
    with pytest.raises(DataError, match="too large to be squared"):
        minimise_downside_variance(0.01 * np.ones((10, 2)), box("AB"), 1e200)


@pytest.mark.parametrize(("weight", "price"), [(np.nan, 1e-5), (0.5, np.nan), (np.inf, 1e-5)])
def test_no_number_is_no_proof(weight, price):
    """Comparisons with NaN are false, so a careless check would find nothing wrong."""
    R, constraints = np.array([[-0.01, 0.0], [0.0, -0.02]]), box("AB")
    with pytest.raises(SolverError, match="not certified"):
        require(certify(R, np.array([weight, 0.5]), constraints, Prices(np.array([price]))))


def test_where_the_hurdle_is_just_met_nothing_has_a_price():
    """f is zero up to the rounding of Rw, here 7.5e-38; a price would be rounding over rounding."""
    R = 0.01 * np.random.default_rng(29).standard_t(4, (40, 4))
    certificate = minimise_downside_variance(R, box("ABCD", upper=0.3), -0.012).certificate
    assert certificate.objective == 0.0
    assert certificate.gap == 0.0
    assert set(certificate.multipliers.values()) == {0.0}


@pytest.mark.parametrize("gain", [1e2, 1e4, 1e6])
def test_a_day_of_enormous_gains_hides_nothing(gain):
    """Gains never enter f, so they have no say in what is negligible."""
    R = 0.01 * np.random.default_rng(0).standard_t(4, (252, 4))
    constraints = box("ABCD", upper=0.6)
    best = minimise_downside_variance(R, constraints)
    R[100] = gain
    spiked = minimise_downside_variance(R, constraints)
    without = np.delete(R, 100, axis=0)
    expected = minimise_downside_variance(without, constraints).certificate.objective * 251 / 252
    assert spiked.certificate.objective == pytest.approx(expected, rel=1e-9)
    worse = best.weights + 1e-3 * np.array([1, -1, 0, 0])
    prices = Prices(np.array([spiked.certificate.multipliers["budget"]]))
    assert certify(R, worse, constraints, prices).relative_gap > 1e-6
