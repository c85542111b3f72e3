"""How each close moved, how much the asset normally moves, and what the other assets did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portfolio.cleaning.panel import Floats, Panel

TRAILING = 63
"""Sessions of the past that say what is normal: a quarter."""
RECENT = 10
"""Sessions before a move in which a real one would have been heralded: two weeks."""
ALONE = 2.0
"""A move comes out of calm when it is this many times the largest of those two weeks."""
NO_MARKET_MOVE = math.log(5), math.log(20)
"""No fund multiplies by 5, or loses 95 %, between two closes: log moves up and down beyond which it is a fault."""
LEAST_SIGMA = 1e-3
"""No asset counts as calmer than this (a day): cents and monthly dividends of a T-bill fund are no faults."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Moves between available closes, all (T, N); what is normal at t is learnt from sessions before t.

    Attributes:
        previous: Last close before the session.
        following: First close after the session.
        following_open: Open of the session of ``following``.
        log_return: log(close / previous).
        sigma: Robust daily standard deviation, 1.4826 x the median absolute log return of the quarter
            before, times the root of ``span``.
        span: Sessions since ``previous``; NaN where there is none.
        z: log_return / sigma.
        recent: Largest absolute daily log return of the two weeks before (of the two weeks after the next
            session at the head of the window).
        bar_range: log(high / low) over its median of the quarter before.
        turnover: close x volume over its median of the quarter before.
    """

    previous: Floats
    following: Floats
    following_open: Floats
    log_return: Floats
    sigma: Floats
    span: Floats
    z: Floats
    recent: Floats
    bar_range: Floats
    turnover: Floats


def motion(panel: Panel) -> Motion:
    """Describe the moves of a panel whose prices are positive."""
    here = np.arange(len(panel.sessions), dtype=float)[:, None]
    rows = np.where(np.isnan(panel.close), np.nan, here)
    before, after = _before(rows), _before(rows[::-1])[::-1]
    previous, following = _take(panel.close, before), _take(panel.close, after)
    log_return = np.log(panel.close / previous)
    span = here - before
    root_span = np.sqrt(span)
    daily = np.abs(log_return) / root_span
    sigma = np.maximum(1.4826 * _normal(daily), LEAST_SIGMA) * np.nan_to_num(root_span, nan=1.0)
    bar_range = np.log(panel.high / panel.low)
    traded = np.where(panel.volume > 0, panel.close * panel.volume, np.nan)
    return Motion(
        previous=previous,
        following=following,
        following_open=_take(panel.open, after),
        log_return=log_return,
        sigma=sigma,
        span=span,
        z=log_return / sigma,
        recent=_recent(daily),
        bar_range=bar_range / np.maximum(_normal(bar_range), LEAST_SIGMA),
        turnover=traded / _normal(traded),
    )


def beyond_markets(log_move: Floats) -> NDArray[np.bool_]:
    """Moves that no fund makes from one close to the next."""
    up, down = NO_MARKET_MOVE
    return (log_move > up) | (log_move < -down)


def crowd_share(moves: Motion, t: int, i: int) -> float:
    """Share of the other assets that moved hard on session t: at least a third as many sigmas as asset i.

    Fewer than two others are no crowd: 0.
    """
    others = np.abs(np.delete(moves.z[t], i))
    others = others[~np.isnan(others)]
    if len(others) < 2:  # noqa: PLR2004 - a single other asset may be the faulty one
        return 0.0
    return float(np.mean(others >= abs(moves.z[t, i]) / 3))


def _before(rows: Floats) -> Floats:
    """The last known value above each cell."""
    return pd.DataFrame(rows).ffill().shift(1).to_numpy()


def _take(values: Floats, rows: Floats) -> Floats:
    """``values`` of each column at the given rows; NaN where the row is unknown."""
    taken = np.take_along_axis(values, np.nan_to_num(rows).astype(int), axis=0)
    return np.where(np.isnan(rows), np.nan, taken)


def _normal(values: Floats) -> Floats:
    """Median of the quarter before each session; the head of the window borrows the first one known."""
    frame = pd.DataFrame(values)
    median = frame.rolling(TRAILING, min_periods=RECENT).median().shift(1)
    return median.ffill().bfill().fillna(frame.median()).to_numpy()


def _recent(daily: Floats) -> Floats:
    before = pd.DataFrame(daily).rolling(RECENT, min_periods=RECENT // 2).max().shift(1)
    after = pd.DataFrame(daily[::-1]).rolling(RECENT, min_periods=1).max().shift(2)
    return np.where(before.isna(), after.to_numpy()[::-1], before)
