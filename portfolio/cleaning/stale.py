"""Stale prices: the same close day after day from an asset that normally moves, and history before listing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portfolio.cleaning.panel import Edit, Floats, Panel, alter
from schemas.parameters import CleaningParameters

CHANCE = 1e-6
"""A run is stale when fewer than this many of its length are expected. Real runs of T-bill funds cluster: at
a thousandth, 52 of 128,863 windows of real ETF closes held a false alarm; at this level none."""

YEAR = 252
"""Sessions before and after a run that say how often the asset repeats its close: rates come and go."""


def stale_runs(panel: Panel, params: CleaningParameters) -> list[Edit]:
    """Remove the repeats of a run of identical closes that is too long for the asset to be real.

    A T-bill fund repeats four closes in ten and is allowed longer runs than a stock fund. At the head of
    the window (frozen before listing, back-filled) the repeated price is removed but for its last session.
    """
    cells = np.zeros(panel.close.shape, dtype=bool)
    for i in range(panel.close.shape[1]):
        known = np.flatnonzero(~np.isnan(panel.close[:, i]))
        cells[known, i] = _stale(panel.close[known, i], params.stale_sessions)
    return alter(
        panel,
        "close",
        cells,
        np.nan,
        rule="stale",
        detail="repeated too long for an asset that normally moves",
    )


def stale_when_seen(panel: Panel, params: CleaningParameters) -> NDArray[np.bool_]:
    """Which closes (T, N) repeated for too long already when they were new: judged by the sessions before them alone.

    A run of ten is known to be one in its tenth session; a window that ends later removes it from its second.
    """
    seen = np.zeros(panel.close.shape, dtype=np.bool_)
    for i in range(panel.close.shape[1]):
        known = np.flatnonzero(~np.isnan(panel.close[:, i]))
        seen[known, i] = _stale_when_seen(panel.close[known, i], params.stale_sessions)
    return seen


def carried_forward(panel: Panel, _params: CleaningParameters) -> list[Edit]:
    """Remove closes that repeat the one before on a day without any trade, where volume is normally known."""
    traded = np.sum(panel.volume > 0, axis=0) > np.sum(panel.volume == 0, axis=0)
    return alter(
        panel,
        "close",
        _untraded(panel) & traded,
        np.nan,
        rule="carried_forward",
        detail="no trade: yesterday's close carried over",
    )


def carried_when_seen(panel: Panel) -> NDArray[np.bool_]:
    """Which closes (T, N) were carried forward when they were new: where volume was normally known until then."""
    traded = np.cumsum(panel.volume > 0, axis=0) > np.cumsum(panel.volume == 0, axis=0)
    return np.asarray(_untraded(panel) & traded)


def _untraded(panel: Panel) -> NDArray[np.bool_]:
    cells = np.zeros(panel.close.shape, dtype=np.bool_)
    cells[1:] = (panel.close[1:] == panel.close[:-1]) & (panel.volume[1:] == 0)
    return cells


def _stale(close: Floats, least: int) -> NDArray[np.bool_]:
    """Which of the closes of one asset are stale repeats."""
    repeats, runs = _runs(close, least)
    stale = np.zeros(len(close), dtype=bool)
    for start, end in runs:
        length = end - start
        around = repeats[max(0, start - YEAR) : end + YEAR]
        if _expected(np.sum(around) - (length - 1), len(around), np.array(length)) < CHANCE:
            stale[start : end - 1] = start == 0
            stale[start + 1 : end] |= start > 0
    return stale


def _stale_when_seen(close: Floats, least: int) -> NDArray[np.bool_]:
    repeats, runs = _runs(close, least)
    seen = np.zeros(len(close), dtype=np.bool_)
    for start, end in runs:
        before, length = repeats[max(0, start - YEAR) : start], np.arange(least, end - start + 1)
        expected = _expected(np.sum(before), len(before) + length, length)
        seen[start + least - 1 : end] = expected < CHANCE
    return seen


def _runs(close: Floats, least: int) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
    """Which closes repeat the one before, and the runs of at least ``least`` equal ones, first and behind the last."""
    repeats = np.concatenate([[False], close[1:] == close[:-1]])
    starts = np.flatnonzero(~repeats)
    ends = np.append(starts[1:], len(close))
    return repeats, [
        (start, end)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if end - start >= least
    ]


def _expected(others: np.int_, sessions: int | NDArray[np.int_], length: NDArray[np.int_]) -> Floats:
    """Runs of this length to be expected in so many sessions, when ``others`` outside of the run repeat."""
    share = (others + 1) / (sessions - length + 2)
    return np.asarray(sessions * share ** (length - 1), dtype=np.float64)
