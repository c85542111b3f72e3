"""How much of a figure is luck: intervals from the stationary block bootstrap of Politis & Romano (1994).

Blocks of sessions of random length are drawn with replacement and laid end to end. So returns keep the bunching of
volatility within a block, and columns drawn together keep their correlation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.statistics import Sample, headline

MEAN_BLOCK = 21
"""Sessions; a month, so that calm and turbulent spells stay together."""
_AT_ONCE = 50  # draws; what is computed at once then fits the processor's cache


class Interval(NamedTuple):
    """A figure, and between which values it lies in most of the resamples."""

    estimate: float
    """Of the series itself."""
    low: float
    high: float


def headline_intervals(
    samples: Mapping[str, Sample],
    *,
    draws: int = 1000,
    confidence: float = 0.95,
    mean_block: float = MEAN_BLOCK,
    seed: int = 0,
) -> dict[str, dict[str, Interval]]:
    """Every headline figure of each account with its percentile interval.

    All accounts are resampled at the same sessions, so that differences between them are of like with like.
    NaN where a figure does not exist in the series; draws where it does not exist are left out.

    Args:
        samples: Accounts over the same T sessions, by name.
        draws: Number of resamples.
        confidence: Share of the resamples between the limits.
        mean_block: Mean length of a block, sessions; geometrically distributed.
        seed: Same seed, same intervals.

    Returns:
        By account and key of ``schemas.metrics``.
    """
    sessions = len(next(iter(samples.values())).returns)
    drawn: dict[str, list[FloatArray]] = {name: [] for name in samples}
    for rows in stationary_blocks(sessions, draws=draws, mean_block=mean_block, seed=seed):
        for name, sample in samples.items():
            resample = Sample(*(column.take(rows) for column in sample))
            drawn[name].append(np.array(list(headline(resample).values())))
    tails = (0.5 - confidence / 2, 0.5 + confidence / 2)
    return {
        name: {
            key: _interval(estimate, values, tails)
            for (key, estimate), values in zip(headline(sample).items(), np.hstack(drawn[name]), strict=True)
        }
        for name, sample in samples.items()
    }


def stationary_blocks(sessions: int, *, draws: int, mean_block: float, seed: int) -> Iterator[IntArray]:
    """Row numbers of resamples, (sessions, up to 50 draws) at a time; the end of the series is followed by its beginning.

    >>> blocks = next(stationary_blocks(6, draws=1, mean_block=3, seed=2))[:, 0]
    >>> blocks.tolist()
    [5, 1, 2, 0, 1, 2]
    """
    rng = np.random.default_rng(seed)
    row = np.arange(sessions, dtype=np.int64)[:, None]
    for first in range(0, draws, _AT_ONCE):
        shape = (sessions, min(_AT_ONCE, draws - first))
        begins = rng.random(shape) < 1.0 / mean_block
        begins[0] = True
        begun = np.maximum.accumulate(np.where(begins, row, 0), axis=0)
        origin = rng.integers(sessions, size=shape)
        yield (np.take_along_axis(origin, begun, axis=0) + row - begun) % sessions


def _interval(estimate: FloatArray, values: FloatArray, tails: tuple[float, float]) -> Interval:
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, tails) if np.isfinite(estimate) and len(known) else (np.nan, np.nan)
    return Interval(float(estimate), float(low), float(high))
