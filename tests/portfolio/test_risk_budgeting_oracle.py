"""Risk budgets against solvers that share nothing with ours: skfolio, Riskfolio-Lib, cvxpy with Clarabel."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
import riskfolio
from skfolio import RiskMeasure
from skfolio.optimization import RiskBudgeting

from portfolio.constraints import box
from portfolio.risk_budgeting import budget_downside_risk, budget_variance

TIGHT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
# skfolio's own test of RiskBudgeting, tests/test_optimization/test_convex/test_risk_budgeting.py at c06db84 (BSD-3):
# equal budgets, sample covariance of load_sp500_dataset, returns of the sessions from 2018-01-03
SKFOLIO_PRINTS = [
    0.0420088,
    0.0321681,
    0.0368757,
    0.0397691,
    0.0397394,
    0.0382183,
    0.0464549,
    0.0676572,
    0.0406381,
]
SKFOLIO_PRINTS += [
    0.0639892,
    0.055542,
    0.0681354,
    0.0427415,
    0.0597638,
    0.0613296,
    0.067267,
    0.0314903,
    0.0468024,
]
SKFOLIO_PRINTS += [0.0749026, 0.0445065]


@pytest.fixture(scope="module")
def year(stock_returns):
    return stock_returns.iloc[-252:, :10]


@pytest.fixture
def beta():
    return np.arange(1.0, 11.0) / 55.0


@pytest.mark.parametrize("b", [0.0, 5e-4, -2e-3])
def test_downside_risk_budgets_as_skfolio_finds_them(year, beta, b):
    ours = budget_downside_risk(year, box(list(year.columns)), beta, b).weights
    theirs = RiskBudgeting(
        risk_measure=RiskMeasure.SEMI_VARIANCE, min_acceptable_return=b, risk_budget=beta, solver_params=TIGHT
    ).fit(year)

    np.testing.assert_allclose(ours, theirs.weights_, rtol=0, atol=1e-6)


def test_without_a_threshold_skfolio_measures_from_the_mean_of_each_asset(year, beta):
    about_mean = year - year.mean()

    ours = budget_downside_risk(about_mean, box(list(year.columns)), beta).weights
    theirs = RiskBudgeting(risk_measure=RiskMeasure.SEMI_VARIANCE, risk_budget=beta, solver_params=TIGHT).fit(
        year
    )

    np.testing.assert_allclose(ours, theirs.weights_, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("measure", "b"), [("SLPM", 0.0), ("SLPM", 5e-4), ("MV", 0.0)])
def test_risk_budgets_as_riskfolio_finds_them(year, beta, measure, b):
    portfolio = riskfolio.Portfolio(returns=year)
    portfolio.assets_stats(method_mu="hist", method_cov="hist")
    portfolio.solvers = ["CLARABEL"]
    theirs = portfolio.rp_optimization(model="Classic", rm=measure, rf=b, b=beta[:, None], hist=True)
    rows = box(list(year.columns))

    ours = (
        budget_variance(year.cov(), rows, beta)
        if measure == "MV"
        else budget_downside_risk(year, rows, beta, b)
    )

    np.testing.assert_allclose(ours.weights, theirs["weights"], rtol=0, atol=3e-5)


def test_variance_risk_parity_as_skfolio_prints_it(stock_returns):
    recent = stock_returns["2018-01-03":]

    ours = budget_variance(recent.cov(), box(list(recent.columns))).weights

    np.testing.assert_allclose(ours, SKFOLIO_PRINTS, rtol=0, atol=1e-5)


@pytest.mark.filterwarnings(
    "ignore:Solution may be inaccurate"
)  # Clarabel with logarithms: to 1e-8, enough here
@pytest.mark.parametrize("seed", range(8))
def test_bounded_risk_budgets_minimise_the_programme_they_are_defined_by(year, beta, seed):
    """At our λ, Clarabel finds the same weights over the bounds alone: so their sum is the budget by λ, not by force."""
    rng = np.random.default_rng(seed)
    inside = rng.dirichlet(np.full(10, 4.0)) * 0.95
    rows = box(list(year.columns), 0.95, lower=0.7 * inside, upper=1.4 * inside)
    w = budget_downside_risk(year, rows, beta).weights

    R = year.to_numpy()
    free = (w > rows.lower + 1e-9) & (w < rows.upper - 1e-9)
    contributions = w * (np.minimum(R @ w, 0) @ R) / len(R)
    R = R / np.sqrt(contributions[free].sum() / beta[free].sum())  # so that λ = 1
    v = cp.Variable(10)
    programme = cp.sum_squares(cp.neg(R @ v)) / (2 * len(R)) - beta @ cp.log(v)
    cp.Problem(cp.Minimize(programme), [v >= rows.lower, v <= rows.upper]).solve(solver=cp.CLARABEL)
    least = programme.value
    np.testing.assert_allclose(w, v.value, rtol=0, atol=1e-4)
    v.value = w
    assert programme.value <= least + 1e-8
