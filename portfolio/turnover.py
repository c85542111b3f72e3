"""Limited turnover as a polytope: weights become what is held, plus purchases, minus sales.

w = held + p - m with p, m >= 0 and Σ(p + m) <= 2 limit turns the absolute values of ½ Σ|w - held| <= limit into rows
over 2N non-negative unknowns, and a hurdle b into b - r_t·held.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints, TurnoverLimit
from portfolio.polytope import Polytope


def trades_polytope(P: Polytope, turnover: TurnoverLimit) -> Polytope:
    """The polytope over (purchases, sales), (2N,): the rows of ``P``, then the turnover limit."""
    held, N = turnover.held, len(turnover.held)
    rows = P.A @ held
    return Polytope(
        np.concatenate([np.maximum(P.lower - held, 0.0), np.maximum(held - P.upper, 0.0)]),
        np.concatenate([np.maximum(P.upper - held, 0.0), np.maximum(held - P.lower, 0.0)]),
        np.ascontiguousarray(np.vstack([np.hstack([P.A, -P.A]), np.ones(2 * N)])),
        np.append(P.low - rows, -1.0),
        np.append(P.high - rows, 2.0 * turnover.limit),
    )


def as_trades(weights: FloatArray, turnover: TurnoverLimit) -> FloatArray:
    """(purchases, sales), (2N,), that lead to ``weights``."""
    change = weights - turnover.held
    return np.concatenate([np.maximum(change, 0.0), np.maximum(-change, 0.0)])


def after_trades(trades: FloatArray, constraints: Constraints, turnover: TurnoverLimit) -> FloatArray:
    """Weights (N,) after (purchases, sales); rounding does not leave the bounds."""
    N = len(turnover.held)
    weights = turnover.held + trades[:N] - trades[N:]
    return np.clip(weights, constraints.lower, constraints.upper)
