"""Whether picking the best of many trials picked skill: cross-validation over every way to halve the history.

Combinatorially symmetric cross-validation of Bailey, Borwein, López de Prado & Zhu (2017), "The probability of backtest
overfitting", Journal of Computational Finance 20(4), 39-69. The history is cut into blocks of consecutive rows. For each way
to take half of the blocks the trial with the best Sharpe ratio in them is looked at in the other half. Skill stays
above the median there; luck comes out on either side of it.

A Sharpe ratio needs the sums of returns and of their squares only, so both are summed block by block once, and the 12,870 halves
of 16 blocks are one matrix product.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from schemas.errors import DataError

BLOCKS = 16
"""The paper's choice: 12,870 ways to halve."""
_AT_ONCE = 2_000_000
"""Sharpe ratios computed at once, so that thousands of trials fit into memory."""
_ROUNDING = 1e-12
"""A variance below this share of the mean square is that of a constant, """
_NO_SPREAD = 1e-28
"""and so is one below this."""


class Overfitting(NamedTuple):
    """What became of the trial that was best in one half, in the other half; K ways to halve, Sharpe ratios of one row."""

    probability: float
    """PBO: how often it was no better than the median there; 0.5 is pure luck."""
    logits: FloatArray
    """(K,) ln(ω / (1 - ω)) of its relative rank ω there; zero is the median."""
    slope: float
    """Of its Sharpe ratio there on that in the half where it was best; below zero, better is worse. NaN without spread."""
    loss: float
    """How often it lost there."""
    inside: FloatArray
    """(K,) its Sharpe ratio where it was best."""
    outside: FloatArray
    """(K,) its Sharpe ratio in the other half."""


def probability_of_overfitting(returns: FloatArray, blocks: int = BLOCKS) -> Overfitting:
    """Cross-validate the choice of the trial with the best Sharpe ratio.

    Trials that tie where they are best are one choice: the first is taken. Outside, ties share their mean rank. A trial without
    spread has a Sharpe ratio of zero.

    Args:
        returns: (T, S) returns less cash of S trials over the same T periods, in order of time; the oldest T mod ``blocks``
            rows are left out.
        blocks: Even; K is the number of ways to choose half of them.

    Raises:
        DataError: Fewer than two trials, fewer than two rows a block, an odd number of blocks, or a value that is not finite.

    >>> noise = np.random.default_rng(1).normal(size=(800, 20))
    >>> skill = noise + 0.5 * (np.arange(20) == 7)
    >>> probability_of_overfitting(skill).probability
    0.0
    """
    _require(returns, blocks)
    sums = _sums(returns, blocks)
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    halves = np.zeros((len(chosen), blocks))
    np.put_along_axis(halves, chosen, 1.0, axis=1)
    parts = -(-len(halves) * returns.shape[1] // _AT_ONCE)
    judged = [_judge(half, sums) for half in np.array_split(halves, parts)]
    rank, inside, outside = (np.concatenate(column) for column in zip(*judged, strict=True))
    relative = rank / (returns.shape[1] + 1.0)
    logits = np.log(relative / (1.0 - relative))
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        logits=logits,
        slope=_slope(inside, outside),
        loss=float(np.mean(outside < 0.0)),
        inside=inside,
        outside=outside,
    )


class _Sums(NamedTuple):
    """Block by block, (blocks, S); returns less the trial's mean, which is what keeps squares exact."""

    rows: int
    mean: FloatArray
    moved: FloatArray
    squares: FloatArray


def _sums(returns: FloatArray, blocks: int) -> _Sums:
    rows = len(returns) // blocks
    kept = returns[-rows * blocks :]
    mean = kept.mean(axis=0)
    moved = (kept - mean).reshape(blocks, rows, -1)
    return _Sums(rows, mean, moved.sum(axis=1), np.square(moved).sum(axis=1))


def _judge(half: FloatArray, sums: _Sums) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rank outside, Sharpe ratio inside and outside of the trial that is best inside, one a row of ``half``."""
    inside, outside = _sharpe(half, sums), _sharpe(1.0 - half, sums)
    best = inside.argmax(axis=1)[:, None]
    found = np.take_along_axis(outside, best, axis=1)
    below, level = (outside < found).sum(axis=1), (outside == found).sum(axis=1)
    return below + (level + 1) / 2, np.take_along_axis(inside, best, axis=1)[:, 0], found[:, 0]


def _sharpe(half: FloatArray, sums: _Sums) -> FloatArray:
    """(k, S) Sharpe ratios over the blocks that each row of ``half`` names."""
    n = half[0].sum() * sums.rows
    moved = half @ sums.moved / n
    square = half @ sums.squares / n
    mean, variance = sums.mean + moved, (square - moved**2) * n / (n - 1)
    flat = variance <= _ROUNDING * square + _NO_SPREAD
    return np.asarray(np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance))))


def _slope(inside: FloatArray, outside: FloatArray) -> float:
    moved = inside - inside.mean()
    spread = float(moved @ moved)
    return float(moved @ outside) / spread if spread > 0.0 else np.nan


def _require(returns: FloatArray, blocks: int) -> None:
    shape = np.shape(returns)
    if len(shape) != 2 or shape[1] < 2 or blocks % 2 or blocks < 2 or shape[0] < 2 * blocks:  # noqa: PLR2004
        raise DataError(
            "Overfitting cannot be judged from so little",
            figures={"shape of the returns": shape, "blocks": blocks},
            remedy="Give two trials or more, an even number of blocks, and two rows a block or more.",
        )
    bad = ~np.isfinite(returns)
    if bad.any():
        row, trial = np.argwhere(bad)[0]
        raise DataError(
            "A return of a trial is not a number",
            figures={"row": row, "trial": trial, "such values": bad.sum()},
            remedy="Judge the trials over periods that all of them have; leave out those that failed.",
        )
