"""Downside variance belongs to the portfolio: no matrix of the assets' semicovariances gives it.

Estrada (2008), "Mean-Semivariance Optimization: A Heuristic Approach", Journal of Applied Finance 18(1), proposes
the matrix Σ_ij = (1/T) Σ_t min(r_ti - b, 0) min(r_tj - b, 0), so that wᵀΣw stands for the portfolio's
semivariance. It cannot: a day on which one asset falls and another makes up for it counts as a loss.
"""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import box
from portfolio.downside import downside_variance, shortfalls
from portfolio.solver import minimise_downside_variance

# Calendar-year price returns 1997-2006, rounded to 0.1 %: the pair of markets of the paper's example. The
# expected numbers are computed from the definitions of the paper (equations 4, 8 and 9), not its printed ones.
SP500 = [0.310, 0.267, 0.195, -0.101, -0.130, -0.234, 0.264, 0.090, 0.030, 0.136]
NIKKEI = [-0.212, -0.093, 0.368, -0.272, -0.235, -0.186, 0.245, 0.076, 0.402, 0.069]
R = np.column_stack([SP500, NIKKEI])
WEIGHTS = np.array([0.8, 0.2])


def test_the_downside_variance_of_the_portfolio():
    assert downside_variance(R, WEIGHTS) == pytest.approx(0.00914354, abs=1e-12)


def test_the_heuristic_overstates_it():
    """1997 and 1998: the Nikkei fell, the portfolio rose. Only the heuristic counts them."""
    heuristic = WEIGHTS @ semicovariance(R) @ WEIGHTS
    assert heuristic == pytest.approx(0.009357912, abs=1e-12)
    assert heuristic / downside_variance(R, WEIGHTS) == pytest.approx(1.02344, abs=1e-5)


def test_the_exact_matrix_knows_the_weights():
    """The matrix over the portfolio's own losing years is exact, for these weights alone (equation 4)."""
    losing = R[shortfalls(R, WEIGHTS) < 0]
    exact = losing.T @ losing / len(R)
    np.testing.assert_allclose(exact, [[0.0081857, 0.0101546], [0.0101546, 0.0163805]], atol=5e-8)
    np.testing.assert_allclose(semicovariance(R), [[0.0081857, 0.0101546], [0.0101546, 0.0217398]], atol=5e-8)
    assert WEIGHTS @ exact @ WEIGHTS == pytest.approx(downside_variance(R, WEIGHTS), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_its_optimum_is_not_the_optimum(seed):
    """Assets that hedge each other: the heuristic sees two risks where there is none."""
    rng = np.random.default_rng(seed)
    stock = 0.01 * rng.standard_t(4, 250)
    returns = np.column_stack([stock, -0.8 * stock + 0.002 * rng.standard_normal(250), 0.3 * stock])
    ours = minimise_downside_variance(returns, box(["stock", "hedge", "mix"])).weights
    inverse = np.linalg.solve(semicovariance(returns), np.ones(3))
    heuristic = np.clip(inverse, 0, None) / np.clip(inverse, 0, None).sum()
    assert downside_variance(returns, heuristic) > 1.1 * downside_variance(returns, ours)


def semicovariance(returns):
    d = np.minimum(returns, 0.0)
    return d.T @ d / len(d)
