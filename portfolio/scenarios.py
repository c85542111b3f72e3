"""Shocks: to how assets move together, and to what they are worth tomorrow.

The first kind alters a window of returns (T, N), the second is one day's return of each asset (N,). All are fractions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.statistics import cvar, downside_deviation, volatility
from schemas.errors import DataError

_TOTAL_LOSS = -1.0


class Risk(NamedTuple):
    """What a portfolio goes through in a window, fractions."""

    volatility: float
    """A year."""
    downside_deviation: float
    """A year."""
    cvar: float
    """Mean of the worst 5% of days."""


def portfolio_risk(returns: FloatArray, weights: FloatArray) -> Risk:
    """The risk of weights (N,) held through a window (T, N), rebalanced every day."""
    path = returns @ weights
    return Risk(float(volatility(path)), float(downside_deviation(path)), float(cvar(path)))


def correlated(returns: FloatArray, toward: float) -> FloatArray:
    """Assets with the same means and volatilities, moving together: at ``toward`` = 1 every correlation is one.

    z' ∝ (1 - c) z + c s f with z the standardised returns, f their first principal component and s its sign towards the
    assets; so the days keep their order, and a fall of the market is a fall of everything. At c = 1 the volatility of a
    long-only portfolio is Σ w_i σ_i, the greatest there is for these volatilities.

    Raises:
        DataError: An asset does not move.

    >>> two = np.array([[0.01, -0.02], [-0.01, 0.01], [0.02, 0.01], [-0.02, 0.0]])
    >>> np.corrcoef(correlated(two, 1.0).T).round(12).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    mean, deviation = returns.mean(axis=0), returns.std(axis=0)
    if not deviation.all():
        raise DataError(
            "Of an asset that does not move there is no correlation",
            figures={"assets": int((deviation == 0).sum())},
            remedy="Leave it out of the universe.",
        )
    z = (returns - mean) / deviation
    left, _, right = np.linalg.svd(z, full_matrices=False)
    factor = left[:, 0] * np.sqrt(len(z)) * (1.0 if right[0].sum() >= 0 else -1.0)
    # standardised days of the first component have mean zero, as every combination of z has
    mixed = (1.0 - toward) * z + toward * factor[:, None]
    return np.asarray(mean + deviation * mixed / mixed.std(axis=0))


def more_volatile(returns: FloatArray, factor: float) -> FloatArray:
    """Deviations from the mean ``factor`` times as large; nothing loses more than everything.

    >>> more_volatile(np.array([[0.01], [-0.01]]), 2.0).tolist()
    [[0.02], [-0.02]]
    """
    mean = returns.mean(axis=0)
    return np.asarray(np.maximum(mean + factor * (returns - mean), _TOTAL_LOSS))


def falling(returns: FloatArray, standard_errors: float) -> FloatArray:
    """The same moves around a mean that lies so many standard errors below zero, for every asset."""
    error = returns.std(axis=0, ddof=1) / np.sqrt(len(returns))
    return np.asarray(returns - returns.mean(axis=0) - standard_errors * error)


def single_fall(assets: int, asset: int, size: float) -> FloatArray:
    """One asset loses ``size`` of its value, the others nothing.

    >>> single_fall(3, 1, 0.5).tolist()
    [0.0, -0.5, 0.0]
    """
    shock = np.zeros(assets)
    shock[asset] = -size
    return shock


def rates_up(durations: FloatArray, rise: float) -> FloatArray:
    """Every yield rises by ``rise`` in a day: -D Δy, to first order.

    Convexity, left out, would soften the loss: by ½ C Δy², about 1.5 percentage points for a 20-year bond and Δy = 1%.

    Args:
        durations: Modified durations D (N,), years; zero for what is no bond.
        rise: Δy, fraction.

    >>> rates_up(np.array([8.0, 0.0]), 0.01).tolist()
    [-0.08, 0.0]
    """
    return np.maximum(-durations * rise, _TOTAL_LOSS) + 0.0


def next_day(returns: FloatArray, shock: FloatArray) -> FloatArray:
    """The window a day later: its oldest day gone, the shock its newest."""
    return np.vstack([returns[1:], shock])


def drifted(weights: FloatArray, shock: FloatArray) -> FloatArray:
    """Weights after the shock: w_i (1 + s_i) / (1 + w·s); what is missing to one is cash, which does not move.

    Raises:
        DataError: Nothing is left.

    >>> drifted(np.array([0.5, 0.5]), np.array([-0.5, 0.0])).round(4).tolist()
    [0.3333, 0.6667]
    """
    left = 1.0 + float(weights @ shock)
    if left <= 0.0:
        raise DataError(
            "Nothing is left of the portfolio after this shock",
            figures={"equity after": f"{left:.2%}"},
            remedy="Take a smaller shock.",
        )
    return np.asarray(weights * (1.0 + shock) / left)


def worst_stretch(returns: FloatArray, weights: FloatArray, sessions: int) -> float:
    """The worst return of weights (N,) over so many sessions in a row, compounded; of a shorter window, over all of it.

    >>> worst_stretch(np.array([[-0.1], [-0.1], [0.2]]), np.array([1.0]), 2)
    -0.18999999999999995
    """
    wealth = np.cumprod(np.concatenate([[1.0], 1.0 + returns @ weights]))
    length = min(sessions, len(returns))
    return float((wealth[length:] / wealth[:-length]).min() - 1.0)
