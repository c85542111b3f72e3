"""Sharpe ratios of many accounts with their noise: all resampled in the same weeks, so that differences are of like with like."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.bootstrap import stationary_blocks
from portfolio.statistics import sharpe_ratio

WEEKS_A_YEAR = 52
MEAN_BLOCK = 4
"""Weeks; a month, as the bootstrap of sessions has it."""
_NO_SPREAD = 1e-14


class Scores(NamedTuple):
    """A figure of S points, and what it would have been in B resampled histories; more is better."""

    values: FloatArray
    """(S,)"""
    draws: FloatArray
    """(B, S)"""


def sharpe_scores(
    excess: FloatArray, *, draws: int = 1000, mean_block: float = MEAN_BLOCK, seed: int = 0
) -> Scores:
    """Annual Sharpe ratios of S accounts and their paired resamples (stationary bootstrap of Politis & Romano 1994).

    A resample says how often each week is drawn, and a Sharpe ratio needs no more than the means of r and r²: one matrix product
    takes the place of draws times points series.

    Args:
        excess: Weekly returns in excess of cash (T, S), fractions.
        draws: Number of resamples B.
        mean_block: Mean length of a block, weeks.
        seed: Same seed, same draws.

    Returns:
        NaN where an account never moves.
    """
    T = len(excess)
    counts = np.hstack(
        [
            np.apply_along_axis(np.bincount, 0, rows, minlength=T)
            for rows in stationary_blocks(T, draws=draws, mean_block=mean_block, seed=seed)
        ]
    )
    mean, square = (counts.T @ moment / T for moment in (excess, excess * excess))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0) * T / max(T - 1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(deviation > _NO_SPREAD, np.sqrt(WEEKS_A_YEAR) * mean / deviation, np.nan)
    return Scores(sharpe_ratio(excess, WEEKS_A_YEAR), ratios)
