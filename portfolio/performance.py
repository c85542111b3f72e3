"""Returns and drawdown of an account from its equity at successive dates.

Equity includes cash. Deposits and withdrawals are not taken out: an equity series across one of them
must be cut there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray
from schemas.errors import DataError


def period_returns(equity: ArrayLike) -> FloatArray:
    """E_k / E_{k-1} - 1 of each period, (n-1,), fractions; empty for a single value.

    >>> period_returns([100.0, 110.0, 99.0]).round(6).tolist()
    [0.1, -0.1]
    """
    E = _checked_equity(equity)
    return np.asarray(E[1:] / E[:-1] - 1.0)


def cumulative_returns(equity: ArrayLike) -> FloatArray:
    """E_k / E_0 - 1 at each date, (n,), fractions; the first is zero.

    >>> cumulative_returns([100.0, 110.0, 99.0]).round(6).tolist()
    [0.0, 0.1, -0.01]
    """
    E = _checked_equity(equity)
    return np.asarray(E / E[0] - 1.0)


def drawdowns(equity: ArrayLike) -> FloatArray:
    """E_k / max(E_0..E_k) - 1 at each date, (n,), fractions, never positive.

    >>> drawdowns([100.0, 110.0, 99.0]).round(6).tolist()
    [0.0, 0.0, -0.1]
    """
    E = _checked_equity(equity)
    return np.asarray(E / np.maximum.accumulate(E) - 1.0)


def _checked_equity(equity: ArrayLike) -> FloatArray:
    E = np.asarray(equity, dtype=np.float64)
    if E.ndim != 1 or len(E) == 0 or not np.all(np.isfinite(E) & (E > 0)):
        raise DataError(
            "Equity is not a series of positive amounts",
            figures={"values": E.tolist()},
            remedy="Check the account's equity in the performance table.",
        )
    return E
