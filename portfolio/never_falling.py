"""Whether some long-only portfolio never lost: then there is no downside risk to speak of."""

from __future__ import annotations

import numpy as np
import scipy

from portfolio.arrays import FloatArray

_ROUNDING = 1e-9
"""Share of the largest return below which a loss is rounding."""


def never_falling(returns: FloatArray) -> FloatArray | None:
    """Weights (N,) >= 0 with Σw = 1 and r_t·w >= 0 in every session, or none when there are no such weights.

    A linear program: the weights of the least total loss.

    Args:
        returns: (T, N) finite simple returns, fractions.

    >>> never_falling(np.array([[-0.01, 0.03], [0.02, -0.01]])).round(2).tolist()
    [0.5, 0.5]
    """
    T, N = returns.shape
    scale = float(np.abs(returns).max()) or 1.0
    result = scipy.optimize.linprog(
        c=np.concatenate([np.zeros(N), np.ones(T)]),
        A_ub=np.hstack([-returns / scale, -np.eye(T)]),
        b_ub=np.zeros(T),
        A_eq=np.concatenate([np.ones(N), np.zeros(T)])[None],
        b_eq=[1.0],
        method="highs",
    )
    return np.asarray(result.x[:N]) if result.fun <= _ROUNDING * T else None
