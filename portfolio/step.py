"""Compiled: how far to go towards a target, live and simulated alike."""

from __future__ import annotations

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled

NOTHING = 1e-12
"""Weights below this are not held, changes below this are not traded (fraction of equity)."""


@compiled
def step_towards(held: FloatArray, wanted: FloatArray, drift_threshold: float, max_turnover: float) -> float:
    """The share of the way to the wanted weights that is traded.

    None of it when no weight is as far off as the drift threshold, all of it when nothing is held yet, and otherwise as
    much as the cap on turnover allows.
    """
    change, far, funded = 0.0, 0, 0  # counts, since greatest values would keep the loop from being vectorised
    for i in range(len(held)):
        gap = abs(wanted[i] - held[i])
        change += gap
        far += (gap >= drift_threshold) & (gap > NOTHING)
        funded += held[i] > NOTHING
    if far == 0:
        return 0.0
    return 1.0 if funded == 0 or 0.5 * change <= max_turnover else max_turnover / (0.5 * change)
