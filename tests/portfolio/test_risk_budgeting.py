from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.constraints import Band, TurnoverLimit, box
from portfolio.downside import downside_variance, risk_contributions
from portfolio.risk_budgeting import budget_downside_risk, budget_variance
from schemas.errors import ConfigError, DataError, InfeasibleError

SEEDS = st.integers(0, 10_000)
EXAMPLES = settings(deadline=None, max_examples=60)


def symbols(N):
    return [f"A{i}" for i in range(N)]


def market(seed, T=120, N=6):
    """Returns with a common factor and heavy tails; every asset falls now and then."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, (T, 1)) * rng.uniform(0.2, 1.2, N)
    return 0.01 * (common + rng.standard_t(3, (T, N)) * rng.uniform(0.3, 1.5, N))


def shares(R, w, b=0.0):
    contributions = risk_contributions(R, w, b)
    return contributions / contributions.sum()


# --- without bounds that press -------------------------------------------------------------------------------


@EXAMPLES
@given(seed=SEEDS, budget=st.floats(0.1, 1.0))
def test_contributions_are_the_budgets_to_the_last_digits(seed, budget):
    rng = np.random.default_rng(seed)
    beta = rng.uniform(0.2, 3.0, 6)

    solution = budget_downside_risk(market(seed), box(symbols(6), budget), beta)

    np.testing.assert_allclose(shares(market(seed), solution.weights), beta / beta.sum(), rtol=1e-12)
    assert solution.weights.sum() == pytest.approx(budget, abs=1e-15)
    assert solution.certificate.relative_gap <= 1e-12
    assert solution.certificate.violation <= 1e-15


@EXAMPLES
@given(seed=SEEDS, b=st.floats(-0.002, 0.005))
def test_the_hurdle_is_carried_in_proportion_to_the_weights(seed, b):
    w = budget_downside_risk(market(seed), box(symbols(6), 0.9), minimum_acceptable_return=b).weights

    np.testing.assert_allclose(shares(market(seed), w, b), 1 / 6, rtol=1e-11)


def test_when_one_asset_falls_a_day_weights_are_known_in_closed_form():
    a, beta = np.array([0.01, 0.02, 0.05]), np.array([1.0, 4.0, 9.0])

    w = budget_downside_risk(-np.diag(a), box(symbols(3)), beta).weights

    np.testing.assert_allclose(w, np.sqrt(beta) / a / (np.sqrt(beta) / a).sum(), rtol=1e-14)


@EXAMPLES
@given(seed=SEEDS)
def test_order_and_unit_of_the_data_do_not_matter(seed):
    R, order = market(seed), np.random.default_rng(seed).permutation(6)
    beta = np.random.default_rng(seed).uniform(0.5, 2.0, 6)
    C = box(symbols(6), upper=0.3)
    w = budget_downside_risk(R, C, beta).weights

    np.testing.assert_allclose(
        budget_downside_risk(R[:, order], C, beta[order]).weights, w[order], rtol=1e-10
    )
    np.testing.assert_allclose(budget_downside_risk(R[::-1], C, beta).weights, w, rtol=1e-10)
    np.testing.assert_allclose(budget_downside_risk(1e-6 * R, C, beta).weights, w, rtol=1e-10)
    np.testing.assert_allclose(budget_downside_risk(100 * R, C, 7 * beta).weights, w, rtol=1e-10)


@EXAMPLES
@given(seed=SEEDS)
def test_a_start_changes_nothing_but_the_way(seed):
    R, C = market(seed), box(symbols(6), upper=0.25)
    last_week = budget_downside_risk(R[:-5], C)
    cold, warm = budget_downside_risk(R, C), budget_downside_risk(R, C, start=last_week.weights)

    np.testing.assert_allclose(warm.weights, cold.weights, rtol=1e-10)
    far = budget_downside_risk(R, C, start=[1.0, 0, 0, 0, 0, -0.5])
    np.testing.assert_allclose(far.weights, cold.weights, rtol=1e-10)


def test_few_iterations_do_on_real_windows(stock_returns):
    R, C = stock_returns.to_numpy(), box(list(stock_returns.columns), 0.99)
    cold, warm = [], []
    for end in range(252, len(R), 250):
        solution = budget_downside_risk(R[end - 252 : end], C)
        again = budget_downside_risk(R[end - 247 : end + 5], C, start=solution.weights)
        np.testing.assert_allclose(shares(R[end - 252 : end], solution.weights), 0.05, rtol=1e-13)
        cold.append(solution.certificate.iterations)
        warm.append(again.certificate.iterations)
    assert max(cold) <= 8
    assert sum(warm) < sum(cold)


@pytest.mark.parametrize(("T", "N"), [(900, 300), (60, 150)])
def test_many_assets_and_fewer_sessions_than_assets(T, N):
    R = market(1, T, N) - 0.02 * (np.arange(T) % 7 == 0)[:, None]

    solution = budget_downside_risk(R, box(symbols(N)))

    np.testing.assert_allclose(shares(R, solution.weights), 1 / N, rtol=1e-9)


# --- bounds --------------------------------------------------------------------------------------------------


def judge_bounded(R, C, beta, w, b=0.0):
    """The conditions of optimality, from the data alone: one λ for all free assets, the right side for the others."""
    spent = risk_contributions(R, w, b) / beta
    at_lower, at_upper = w <= C.lower + 1e-12, w >= C.upper - 1e-12
    free = spent[~at_lower & ~at_upper]
    np.testing.assert_allclose(free, free.mean(), rtol=1e-9)
    assert np.all(spent[at_lower & ~at_upper] >= free.mean() * (1 - 1e-9))
    assert np.all(spent[at_upper & ~at_lower] <= free.mean() * (1 + 1e-9))


@EXAMPLES
@given(seed=SEEDS)
def test_bounds_take_or_leave_risk_and_the_others_share_it_by_their_budgets(seed):
    rng = np.random.default_rng(seed)
    R, beta, b = market(seed, N=8), rng.uniform(0.3, 2.0, 8), rng.choice([0.0, 3e-4])
    inside = rng.dirichlet(np.full(8, 3.0)) * 0.95
    C = box(
        symbols(8), 0.95, lower=inside * rng.uniform(0.3, 0.99, 8), upper=inside * rng.uniform(1.01, 2, 8)
    )

    solution = budget_downside_risk(R, C, beta, b)

    judge_bounded(R, C, beta, solution.weights, b)
    assert solution.certificate.violation <= 1e-12
    assert solution.certificate.relative_gap <= 1e-12


def test_bounds_that_leave_no_choice_are_the_answer():
    R = market(0)
    full = budget_downside_risk(R, box(symbols(6), 0.9, upper=0.15))
    floor = budget_downside_risk(R, box(symbols(6), 0.9, lower=0.15))
    fixed = np.array([0.1, 0.2, 0.1, 0.2, 0.1, 0.2])
    given_weights = budget_downside_risk(R, box(symbols(6), 0.9, lower=fixed, upper=fixed))

    np.testing.assert_allclose(full.weights, 0.15)
    np.testing.assert_allclose(floor.weights, 0.15)
    np.testing.assert_allclose(given_weights.weights, fixed)


def test_an_asset_without_a_risk_budget_gets_its_least_weight():
    R = market(3)
    w = budget_downside_risk(R, box(symbols(6), lower=[0.04, 0, 0, 0, 0, 0]), [0, 0, 1, 1, 1, 1]).weights

    np.testing.assert_array_equal(w[:2], [0.04, 0.0])
    np.testing.assert_allclose(risk_contributions(R, w)[2:] / risk_contributions(R, w)[2], 1.0, rtol=1e-12)


def test_multipliers_are_derivatives_of_the_downside_variance(stock_returns):
    R, names, step = stock_returns.to_numpy()[-252:], list(stock_returns.columns), 1e-5
    lower, upper = np.where(np.arange(20) < 3, 0.06, 0.0), np.full(20, 0.075)

    def f(budget=0.95, low=lower, high=upper):
        return budget_downside_risk(R, box(names, budget, lower=low, upper=high)).certificate.objective

    at = budget_downside_risk(R, box(names, 0.95, lower=lower, upper=upper)).certificate.multipliers
    assert len(at) >= 5
    for row, multiplier in at.items():
        kind, _, symbol = row.partition(" ")
        one = step * (np.array(names) == symbol)
        gave_way = {
            "budget": lambda: f(0.95 + step) - f(0.95 - step),
            "min_weight": lambda one=one: f(low=lower + one) - f(low=lower - one),
            "max_weight": lambda one=one: f(high=upper - one) - f(high=upper + one),
        }[kind]()
        assert multiplier == pytest.approx(gave_way / (2 * step), rel=1e-4), row


def test_a_weight_that_only_touches_its_bound_costs_nothing():
    R = market(5)
    free = budget_downside_risk(R, box(symbols(6)))
    touching = budget_downside_risk(R, box(symbols(6), upper=np.where(np.arange(6) == 2, free.weights, 1.0)))

    assert touching.certificate.multipliers["max_weight A2"] == pytest.approx(0.0, abs=1e-12)


# --- variance ------------------------------------------------------------------------------------------------


@EXAMPLES
@given(seed=SEEDS)
def test_variance_contributions_are_the_budgets(seed):
    V, beta = np.cov(market(seed).T), np.random.default_rng(seed).uniform(0.2, 3.0, 6)
    solution = budget_variance(V, box(symbols(6), 0.9), beta)
    w = solution.weights

    np.testing.assert_allclose(w * (V @ w) / (w @ V @ w), beta / beta.sum(), rtol=1e-11)
    assert solution.certificate.objective == pytest.approx(w @ V @ w, rel=1e-12)


def test_a_singular_covariance_is_no_obstacle():
    V = np.cov(market(0, T=4, N=6).T ** 2)

    w = budget_variance(V, box(symbols(6))).weights

    np.testing.assert_allclose(w * (V @ w) / (w @ V @ w), 1 / 6, rtol=1e-9)


# --- refusals ------------------------------------------------------------------------------------------------


def test_an_asset_that_never_fell_is_named():
    R = market(0)
    R[:, [1, 4]] = np.abs(R[:, [1, 4]])

    with pytest.raises(DataError, match="A1, A4 never lost"):
        budget_downside_risk(R, box(symbols(6)))
    assert budget_downside_risk(R, box(symbols(6)), [1, 0, 1, 1, 0, 1]).weights[1] == 0.0


@pytest.mark.parametrize("cap", [1.0, 0.7])
def test_a_portfolio_that_never_fell_is_named_with_its_weights(cap):
    up_down = np.tile([0.01, -0.02, 0.03, -0.01], 10)
    R = np.column_stack([up_down, 0.001 - up_down, market(0, T=40, N=1)])

    with pytest.raises(DataError, match="never lost") as refused:
        budget_downside_risk(R, box(symbols(3), upper=cap))
    assert "A0" in refused.value.figures["portfolio"]
    assert "A1" in refused.value.figures["portfolio"]


def test_least_weights_that_force_hedges_beyond_the_budget():
    fall = market(0, T=50, N=1)
    R = np.column_stack([fall, -0.2 * fall - 0.0001])

    with pytest.raises(InfeasibleError, match="force hedges"):
        budget_downside_risk(R, box(symbols(2), lower=[0.3, 0.0], upper=[1.0, 5.0]))


@pytest.mark.parametrize(
    ("beta", "said"),
    [
        ([1, 1, -1], "none is negative"),
        ([0, 0, 0], "one at least"),
        ([1, np.nan, 1], "A1"),
        ([1, 1], "one number"),
    ],
)
def test_budgets_that_are_none(beta, said):
    with pytest.raises(DataError, match=said):
        budget_downside_risk(market(0, N=3), box(symbols(3)), beta)


def test_other_constraints_are_not_taken():
    members = np.array([True, False, False])
    grouped = box(symbols(3), bands=[Band("bonds", members, 0.1, 0.4)])
    with pytest.raises(ConfigError, match="no other constraints") as refused:
        budget_downside_risk(market(0, N=3), grouped)
    assert "bonds" in refused.value.figures["not taken"]

    limited = box(symbols(3)).__class__(
        tuple(symbols(3)), 1.0, np.zeros(3), np.ones(3), turnover=TurnoverLimit(np.zeros(3), 0.1)
    )
    with pytest.raises(ConfigError, match="no other constraints"):
        budget_variance(np.eye(3), limited)


def test_bounds_that_contradict_the_budget_are_named():
    R = market(0, N=3)
    with pytest.raises(InfeasibleError, match="No weights satisfy"):
        budget_downside_risk(R, box(symbols(3), upper=0.3))
    with pytest.raises(InfeasibleError, match="No weights satisfy"):
        budget_downside_risk(R, box(symbols(3), lower=0.4))
    with pytest.raises(InfeasibleError, match="without a risk budget"):
        budget_downside_risk(R, box(symbols(3), upper=0.5), [1, 0, 0])


def test_nothing_to_invest_and_a_hurdle_that_is_no_number():
    with pytest.raises(DataError, match="nothing to invest"):
        budget_downside_risk(market(0), box(symbols(6), 0.0))
    with pytest.raises(DataError, match="minimum acceptable return"):
        budget_downside_risk(market(0), box(symbols(6)), minimum_acceptable_return=np.nan)


def test_inputs_are_left_as_they_were():
    R, start, beta = market(0), np.full(6, 1 / 6), np.ones(6)
    copies = [x.copy() for x in (R, start, beta)]
    budget_downside_risk(np.asfortranarray(R), box(symbols(6), upper=0.2), beta, 1e-4, start)

    for given_array, copy in zip((R, start, beta), copies, strict=True):
        np.testing.assert_array_equal(given_array, copy)
    assert downside_variance(R, start) > 0
