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
    W, N = len(ends), R.shape[1]
    mean, deviation, moves = np.zeros((W, N)), np.zeros((W, N)), np.zeros((W, N), dtype=np.bool_)
    for k in range(W):
        begin = ends[k] - lookback
        for t in range(begin, ends[k]):
            for i in range(N):
                mean[k, i] += R[t, i]
                moves[k, i] |= R[t, i] != R[begin, i]
        for i in range(N):
            mean[k, i] /= lookback
        for t in range(begin, ends[k]):
            for i in range(N):
                gap = R[t, i] - mean[k, i]
                deviation[k, i] += gap * gap
        for i in range(N):
            deviation[k, i] = np.sqrt(deviation[k, i] / (lookback - 1))
    return Moments(mean, deviation, moves)
