"""Weights printed in papers, reproduced.

Left out of the collection they were found in: target-return and maximum-Sharpe portfolios (Roncalli 2010 with a target
return; Bailey and López de Prado 2013; Kwan and Yuan 1993; Kopman and Liu 2009), because nothing here maximises a
return; Richard and Roncalli's least-squares tables, which define bounded risk budgets otherwise; and their tables with
group and turnover constraints, which `budget_variance` refuses.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from portfolio.constraints import box
from portfolio.minimum_variance import minimise_variance
from portfolio.risk_budgeting import budget_variance

CASES = json.loads((Path(__file__).parent / "published" / "risk_budgets.json").read_text())["cases"]


def of(problem):
    return [pytest.param(case, id=case["id"]) for case in CASES if case["problem"] == problem]


def constraints_of(case):
    N = len(case["covariance"])
    return box([f"A{i}" for i in range(N)], lower=case.get("lower", 0.0), upper=case.get("upper", 1.0))


@pytest.mark.parametrize("case", of("risk budgets"))
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_risk_budgets(case, scale):
    V = scale * np.array(case["covariance"])
    w = budget_variance(V, constraints_of(case), case.get("budgets")).weights
    contributions = w * (V @ w) / (w @ V @ w)

    np.testing.assert_allclose(w, case["weights"], rtol=0, atol=case["tolerance"])
    if "contributions" in case:
        np.testing.assert_allclose(contributions, case["contributions"], rtol=0, atol=6e-5)
    if "volatility" in case:
        np.testing.assert_allclose(np.sqrt(w @ V @ w / scale), case["volatility"], rtol=0, atol=6e-5)


@pytest.mark.parametrize("case", of("minimum variance"))
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_minimum_variance(case, scale):
    printed = np.array(case["covariance"])  # TrendXplorer's in five digits above the diagonal, in six below
    w = minimise_variance(scale * (printed + printed.T) / 2, constraints_of(case)).weights

    np.testing.assert_allclose(w, case["weights"], rtol=0, atol=case["tolerance"])


@pytest.mark.parametrize("case", of("inverse volatility"))
def test_inverse_volatility_is_risk_parity_of_uncorrelated_assets(case):
    uncorrelated = np.diag(np.diag(case["covariance"]))

    w = budget_variance(uncorrelated, constraints_of(case)).weights

    np.testing.assert_allclose(w, case["weights"], rtol=0, atol=case["tolerance"])
