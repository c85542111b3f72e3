"""What cash earns from one session to the next."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.price_history import Sessions

_YEAR = 365


def cash_yields(sessions: Sessions, days: Sessions, rates: FloatArray) -> FloatArray:
    """(T,) earned since the session before: the annual rate known at its close, over 365 days a year, by calendar days.

    Args:
        sessions: (T,)
        days: (K,) from which each rate holds, ascending.
        rates: (K,) fractions a year; before the first of them cash earns nothing.

    >>> days = np.array(["2020-01-03", "2020-01-06"], dtype="datetime64[D]")
    >>> (365 * cash_yields(days, days[:1], np.array([0.01]))).round(6).tolist()
    [0.0, 0.03]
    """
    known = np.searchsorted(days.astype("datetime64[D]"), sessions[:-1].astype("datetime64[D]"), "right")
    rate = np.concatenate([[0.0], rates])[known]
    apart = np.diff(sessions.astype("datetime64[D]")).astype(np.float64)
    return np.concatenate([[0.0], rate * apart / _YEAR])
