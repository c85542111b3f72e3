"""How lopsided and how heavy-tailed a return series is: what a Sharpe ratio is judged by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray


class HigherMoments(NamedTuple):
    """Both NaN for a constant."""

    skewness: float
    kurtosis: float
    """Not in excess: a normal distribution has 3."""


def higher_moments(returns: FloatArray) -> HigherMoments:
    """Mean of z³ and of z⁴, where z = (r - mean) / sd with divisor T.

    >>> [round(figure, 6) for figure in higher_moments(np.array([0.0, 0.0, 0.0, 0.04]))]
    [1.154701, 2.333333]
    """
    moved = returns - returns.mean()
    spread = np.sqrt(np.mean(moved * moved))
    if spread == 0.0:
        return HigherMoments(np.nan, np.nan)
    z = moved / spread
    square = z * z  # a power of an array takes ten times as long as a product
    return HigherMoments(float(np.mean(square * z)), float(np.mean(square * square)))
