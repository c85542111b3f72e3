"""Unit errors: prices quoted in cents (or pence) on some sessions and in dollars on others."""

from __future__ import annotations

import numpy as np

from portfolio.cleaning.motion import Motion, motion
from portfolio.cleaning.panel import PRICES, Edit, Floats, Panel, alter
from schemas.parameters import CleaningParameters

UNIT = np.log(100.0)
SLACK = UNIT / 6
"""How far from a power of 100 an excursion may be: nothing else leaves by orders of magnitude and returns."""


def unit_errors(panel: Panel, params: CleaningParameters) -> list[Edit]:
    """Bring every price to the unit in which most sessions of its asset are quoted (ties: the newest one).

    A close has changed unit when its move is a whole power of 100 up to what the asset normally moves;
    the other prices of a bar are compared with its close, and share its unit when they are as far off.
    """
    moves = motion(panel)
    slack = np.minimum(params.spike_threshold * moves.sigma, SLACK)
    level = np.cumsum(_steps(moves, slack), axis=0)
    for i in range(level.shape[1]):
        level[:, i] -= _usual(level[~np.isnan(panel.close[:, i]), i])
    edits = _rescale(panel, "close", level)
    close = panel.close / 100.0**level
    for name in PRICES[:-1]:
        away = np.log(panel.field(name) / close)
        units = np.nan_to_num(np.round(away / UNIT))
        off = (np.abs(away - units * UNIT) <= slack) | (units == level)
        edits += _rescale(panel, name, np.where(off, units, 0))
    return edits


def _steps(moves: Motion, slack: Floats) -> Floats:
    """Changes of unit at each close, in powers of 100."""
    steps: Floats = np.nan_to_num(np.round(moves.log_return / UNIT))
    excursion = np.zeros(steps.shape, dtype=bool)
    there_and_back = (steps[:-1] != 0) & (steps[1:] == -steps[:-1])
    excursion[:-1] |= there_and_back
    excursion[1:] |= there_and_back
    off = np.abs(moves.log_return - steps * UNIT)
    steps[~(off <= np.where(excursion, SLACK, slack))] = 0
    return steps


def _rescale(panel: Panel, field: str, units: Floats) -> list[Edit]:
    return alter(
        panel,
        field,
        units != 0,
        panel.field(field) / 100.0**units,
        rule="unit_error",
        detail=lambda t, i: f"{100.0 ** units[t, i]:g} times too large",
    )


def _usual(levels: Floats) -> float:
    """The most frequent level; among equals the newest."""
    if not len(levels):
        return 0.0
    values, counts = np.unique(levels, return_counts=True)
    return float(levels[np.isin(levels, values[counts == counts.max()])][-1])
