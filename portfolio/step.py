"""Compiled: how far to go towards a target, live and simulated alike."""

from __future__ import annotations

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled

NOTHING = 1e-12
"""Weights below this are not held, changes below this are not traded (fraction of equity)."""


@compiled
def step_towards(
    held: FloatArray, wanted: FloatArray, drift_threshold: float, max_turnover: float
) -> tuple[float, float]:
    """Drift, the largest |wanted - held|, and the share of the way that is traded.

    That is zero below the drift threshold, all of it when nothing is held yet, and otherwise as much as the cap on
    turnover allows.
    """
    drift, change, most = 0.0, 0.0, 0.0
    for i in range(len(held)):
        gap = abs(wanted[i] - held[i])
        drift, change, most = max(drift, gap), change + gap, max(most, held[i])
    if drift < drift_threshold or drift <= NOTHING:
        return drift, 0.0
    if most <= NOTHING or 0.5 * change <= max_turnover:
        return drift, 1.0
    return drift, max_turnover / (0.5 * change)
