"""Downside variance of a portfolio: the objective, its gradient and who contributes to it.

With r_t the returns of session t (a row of R), w the weights and b the minimum acceptable return,

    d_t(w) = min(r_t·w - b, 0)        f(w) = (1/T) Σ_t d_t(w)²

The sum runs over all T sessions, also those without a shortfall. ``f`` is a property of the portfolio:
Estrada's (2008) semicovariance matrix of the assets only approximates it.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray


def shortfalls(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> FloatArray:
    """d_t(w) of each session, (T,), fractions, never positive.

    >>> shortfalls(np.array([[-0.02, 0.0], [0.01, 0.01]]), np.array([0.5, 0.5])).tolist()
    [-0.01, 0.0]
    """
    return np.minimum(returns @ weights - minimum_acceptable_return, 0.0)


def downside_variance(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> float:
    """f(w): mean squared shortfall a day, fraction².

    >>> f"{downside_variance(np.array([[-0.02], [0.01]]), np.array([1.0])):.4f}"
    '0.0002'
    """
    d = shortfalls(returns, weights, minimum_acceptable_return)
    return float(d @ d) / len(d)


def downside_deviation(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> float:
    """√f(w): a day, fraction.

    >>> f"{downside_deviation(np.array([[-0.02], [0.01]]), np.array([1.0])):.5f}"
    '0.01414'
    """
    return float(np.sqrt(downside_variance(returns, weights, minimum_acceptable_return)))


def asset_downside_deviations(returns: FloatArray, minimum_acceptable_return: float = 0.0) -> FloatArray:
    """Downside deviation of each asset held alone, (N,), a day, fractions.

    >>> asset_downside_deviations(np.array([[-0.02, 0.01], [0.02, 0.01]])).round(5).tolist()
    [0.01414, 0.0]
    """
    d = np.minimum(returns - minimum_acceptable_return, 0.0)
    return np.asarray(np.sqrt(np.mean(d * d, axis=0)))


def downside_gradient(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> FloatArray:
    """∇f(w) = (2/T) Rᵀd, (N,). Exists everywhere: ``f`` has kinks only in its second derivative.

    >>> downside_gradient(np.array([[-0.02], [0.01]]), np.array([1.0])).round(6).tolist()
    [0.0004]
    """
    d = shortfalls(returns, weights, minimum_acceptable_return)
    return (2.0 / len(d)) * (d @ returns)


def risk_contributions(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> FloatArray:
    """Contribution of each asset to portfolio downside variance, (N,); they sum to 2 f.

    With b = 0 this is w_i ∂_i f, Euler's decomposition of a function of degree two. Otherwise the hurdle b
    is carried in proportion to the weights, r_t·w - b = (r_t - b/Σw)·w, which restores degree two.
    All zeros when nothing is held.

    >>> R = np.array([[-0.02, 0.0], [0.0, -0.01]])
    >>> risk_contributions(R, np.array([0.5, 0.5])).tolist()
    [0.0001, 2.5e-05]
    """
    invested = float(weights.sum())
    if invested == 0.0:
        return np.zeros_like(weights)
    d = shortfalls(returns, weights, minimum_acceptable_return)
    hurdle = minimum_acceptable_return / invested
    return np.asarray(weights * (2.0 / len(d)) * (d @ returns - d.sum() * hurdle))
