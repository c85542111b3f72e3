"""Against the two libraries that solve the same problem, on the twenty stocks that ship with skfolio.

Both divide by T - 1 where f divides by T; that moves no weights. skfolio's default and Riskfolio's MSV measure
from the portfolio's own mean, min(r·w - mean·w, 0): that is f of centred returns. Riskfolio's SLPM
and skfolio's min_acceptable_return measure from b.
"""

from __future__ import annotations

import numpy as np
import pytest
import riskfolio
from skfolio import RiskMeasure
from skfolio.measures import semi_variance
from skfolio.optimization import MeanRisk

from portfolio.constraints import Band, Constraints
from portfolio.downside import downside_variance
from portfolio.solver import minimise_downside_variance

CAP = 0.2
WINDOWS = [0, 1000, 3000, 4600, 7500]
"""First days; the one at 4600 is the autumn of 2008."""


@pytest.mark.parametrize("first", WINDOWS)
@pytest.mark.parametrize("b", [0.0, 2e-4, None])
def test_skfolio_mean_risk_semi_variance(stock_returns, first, b):
    window = stock_returns.iloc[first : first + 252]
    R = window.to_numpy()
    cheap = np.arange(20) < 6
    groups = {symbol: ["cheap" if inside else "dear"] for symbol, inside in zip(window, cheap, strict=True)}
    # at its own tolerances skfolio ends up to 6e-7 above the optimum
    tight = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}
    theirs = MeanRisk(
        risk_measure=RiskMeasure.SEMI_VARIANCE,
        min_acceptable_return=b,
        max_weights=CAP,
        groups=groups,
        linear_constraints=["cheap >= 0.35", "cheap <= 0.5"],
        solver_params=tight,
        scale_objective=1e4,
    ).fit(window)
    ours = minimise_downside_variance(
        R - R.mean(axis=0) if b is None else R, rows(window, Band("cheap", cheap, 0.35, 0.5)), b or 0.0
    )
    np.testing.assert_allclose(ours.weights, theirs.weights_, atol=1e-8)
    same = semi_variance(R @ ours.weights, min_acceptable_return=b, biased=True)
    assert same == pytest.approx(ours.certificate.objective, rel=1e-12)


@pytest.mark.parametrize("first", WINDOWS[::2])
@pytest.mark.parametrize(("measure", "b"), [("SLPM", 0.0), ("SLPM", 2e-4), ("MSV", 0.0)])
def test_riskfolio_lower_partial_moments(stock_returns, first, measure, b):
    window = stock_returns.iloc[first : first + 252]
    R = window.to_numpy() - (window.to_numpy().mean(axis=0) if measure == "MSV" else 0.0)
    theirs = riskfolio.Portfolio(returns=window, upperlng=CAP)
    theirs.solvers = ["CLARABEL"]
    theirs.assets_stats(method_mu="hist", method_cov="hist")
    weights = theirs.optimization(model="Classic", rm=measure, obj="MinRisk", rf=b, hist=True)
    ours = minimise_downside_variance(R, rows(window), b)
    reached = downside_variance(R, weights["weights"].to_numpy(), b)
    assert reached == pytest.approx(ours.certificate.objective, rel=1e-7, abs=0)
    np.testing.assert_allclose(ours.weights, weights["weights"], atol=1e-4)


def rows(window, *bands):
    return Constraints(tuple(window.columns), 1.0, np.zeros(20), np.full(20, CAP), bands)
