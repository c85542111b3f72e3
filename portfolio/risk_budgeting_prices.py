"""What bounds and budget cost a portfolio whose risk is budgeted.

f is not what risk budgeting minimises, but it is what a reader wants to know the price in. So the multiplier of a row
is the derivative of f along the solutions: by how much f falls for one unit of weight that the row gives way, all other
weights and λ following. It is negative where a bound keeps risk out that its asset's risk budget asks for.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.constraints import Constraints

_AT_THE_BOUND = 1e-9
"""Distance (fraction of equity) at which a weight stands on its bound."""


def row_prices(
    returns: FloatArray, constraints: Constraints, weights: FloatArray, barrier: FloatArray
) -> dict[str, float]:
    """Multipliers by the names of the rows on which the weights stand, fraction² per unit of weight.

    That of the budget is by how much f rises with one unit more to invest. A bound that is only touched, and
    every row when no weight is free to follow, has the multiplier zero.

    Args:
        returns: (T, N) the hurdle b taken off.
        constraints: Budget and bounds.
        weights: (N,) optimal ones.
        barrier: (N,) λβ.
    """
    w = weights
    at_lower, at_upper = w <= constraints.lower + _AT_THE_BOUND, w >= constraints.upper - _AT_THE_BOUND
    half_gradient = np.minimum(returns @ w, 0.0) @ returns / len(returns)
    # below zero: more weight would bring the contribution nearer to its budget
    pressure = w * half_gradient - barrier
    down, up = at_lower & ((pressure > 0) | (barrier == 0)), at_upper & (pressure < 0) & (barrier > 0)
    of_budget, of_weight = _derivatives(returns, w, barrier, half_gradient, down | up)
    prices = {"budget": of_budget}
    for i in np.flatnonzero(at_lower):
        prices[constraints.low_names[i]] = float(of_weight[i]) if down[i] else 0.0
    for i in np.flatnonzero(at_upper):
        prices[constraints.high_names[i]] = -float(of_weight[i]) if up[i] else 0.0
    return prices


def _derivatives(
    R: FloatArray, w: FloatArray, barrier: FloatArray, half_gradient: FloatArray, fixed: BoolArray
) -> tuple[float, FloatArray]:
    """Rise of f for one unit more of budget, and (N,) for one unit more of a fixed weight out of the same budget.

    The free weights keep w_i ∂_i(½f) = λβ_i and the total. With relative changes z and dlog λ:

        (W H W + diag λβ) z - λβ dlog λ = -w H dw_fixed        w·z = dΣw - dw_fixed
    """
    free = np.flatnonzero(~fixed)
    of_weight, n = np.zeros(len(w)), len(free)
    if n == 0:
        return 0.0, of_weight
    short = R[R @ w < 0]
    X = short[:, free] * w[free]
    K = np.zeros((n + 1, n + 1))
    K[:n, :n] = X.T @ X / len(R) + np.diag(barrier[free])
    K[:n, n] = -barrier[free]
    K[n, :n] = w[free]
    held = np.flatnonzero(fixed)
    right = np.zeros((n + 1, 1 + len(held)))
    right[n, 0], right[n, 1:] = 1.0, -1.0
    right[:n, 1:] = -X.T @ short[:, held] / len(R)
    z = np.linalg.solve(K, right)[:n]
    change = 2.0 * barrier[free] @ z
    of_weight[held] = change[1:] + 2.0 * half_gradient[held]
    return float(change[0]), of_weight
