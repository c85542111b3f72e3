"""How good weights are, judged from the returns and by this project's certificate, whoever found them."""

from __future__ import annotations

import numpy as np

from bench.windows import Shape
from portfolio.arrays import FloatArray
from portfolio.certificate import Prices, certify
from portfolio.constraints import Constraints, box
from portfolio.downside import downside_gradient, downside_variance


def constraints_of(shape: Shape) -> Constraints:
    """0 <= w <= cap, Σw = 1."""
    return box([f"A{i}" for i in range(shape.N)], upper=shape.cap)


def nearest_feasible(weights: FloatArray, cap: float) -> FloatArray:
    """Projection onto 0 <= w <= cap, Σw = 1: peers leave small violations, which would flatter their objective.

    The projection is ``clip(w - τ, 0, cap)`` with the one τ that spends the budget, found by bisection.
    """
    low, high = float(weights.min()) - cap, float(weights.max())
    for _ in range(200):
        tau = 0.5 * (low + high)
        if np.clip(weights - tau, 0.0, cap).sum() > 1.0:
            low = tau
        else:
            high = tau
    return np.clip(weights - 0.5 * (low + high), 0.0, cap)


def objective(returns: FloatArray, weights: FloatArray) -> float:
    """f(w), fraction² a day, threshold zero."""
    return downside_variance(returns, weights)


def relative_gap(returns: FloatArray, weights: FloatArray, constraints: Constraints) -> float:
    """Relative duality gap of any weights in the box, by the certificate of this project.

    The certificate takes any price of the budget and is tightest with the right one: the slope of the last asset
    that a portfolio bought in the order of ∇f would hold.
    """
    gradient = downside_gradient(returns, weights, 0.0)
    order = np.argsort(gradient)
    spent = np.cumsum(constraints.upper[order])
    marginal = order[np.searchsorted(spent, constraints.budget * (1.0 - 1e-12))]
    price = Prices(gradient[[marginal]])
    return certify(returns, weights, constraints, price).relative_gap


def parity_error(returns: FloatArray, weights: FloatArray) -> float:
    """Largest distance of an asset's share of the downside variance, w_i ∂_i f / Σ_j w_j ∂_j f, from 1/N."""
    contributions = weights * downside_gradient(returns, weights, 0.0)
    return float(np.abs(contributions / contributions.sum() - 1.0 / len(weights)).max())
