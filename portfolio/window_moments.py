"""Compiled: mean, deviation and movement of every window of a history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.compiled import compiled


class Moments(NamedTuple):
    """Of W windows of N assets, (W, N) each."""

    mean: FloatArray
    deviation: FloatArray
    """Of a sample: the sum of squares over one less than the sessions."""
    moves: BoolArray
    """Whether returns differ at all."""


@compiled
def window_moments(R: FloatArray, ends: IntArray, lookback: int) -> Moments:
    """Two passes over each window: nothing cancels.

    Args:
        R: Returns (T, N).
        ends: First session after each window (W,).
        lookback: Sessions in a window, two or more.
    """
    X, W = np.ascontiguousarray(R.T), len(ends)  # sums over sessions then run along the memory
    N, T = X.shape
    mean, deviation, moves = np.empty((W, N)), np.empty((W, N)), np.empty((W, N), dtype=np.bool_)
    for i in range(N):
        # up to each session, the last one at which the return was another than before
        changed = np.zeros(T, dtype=np.int64)
        for t in range(1, T):
            changed[t] = t if X[i, t] != X[i, t - 1] else changed[t - 1]
        for k in range(W):
            window, total, squares = X[i, ends[k] - lookback : ends[k]], 0.0, 0.0
            for t in range(lookback):
                total += window[t]
            average = total / lookback
            for t in range(lookback):
                squares += (window[t] - average) ** 2
            mean[k, i], deviation[k, i] = average, np.sqrt(squares / (lookback - 1))
            moves[k, i] = changed[ends[k] - 1] > ends[k] - lookback
    return Moments(mean, deviation, moves)
