"""What a sweep says of one parameter: a plateau, a spike, a slope, a grid that ends too early, or uneven ground.

S points were tried, each a value of each of P parameters; one of them was chosen. A *curve* is the score along the values of one
parameter: through the chosen point, all else as chosen, or averaged over whatever else was tried. Every difference on it comes
with its standard error from resamples of the same weeks, because two points that hold nearly the same differ far less by luck
than each of them by itself.

A difference *counts* when it is at least ``SURE`` of its own standard errors, and its size at least ``MATERIAL`` standard
errors of the chosen point's score: not luck between the two, and not lost in the luck of both.
Values nearer than that are *level*.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.resampled_scores import Scores

SURE = 2.0
"""Standard errors of a paired difference from which it is not called luck."""
MATERIAL = 0.5
"""Standard errors of the chosen point's own score from which a difference matters."""
_FEWEST = 3
"""Values that a curve needs before it has a middle and two edges."""

Verdict = Literal["plateau", "uneven", "spike", "edge", "slope", "too few values"]
"""spike: the chosen value is better than each beside it by a difference that counts. edge: the best value is the first or last
tried, and the score still rises there. slope: another value, within the grid, is better by a difference that counts.
plateau: none of these, and every value beside the chosen one is level with it. uneven: none of these, yet one beside it is
not, by luck or not."""


class Difference(NamedTuple):
    """Of two scores, with its standard error; NaN where there is nothing to compare."""

    size: float
    error: float

    @property
    def sure(self) -> bool:
        """Whether it is more than luck between the two."""
        return bool(self.size >= SURE * self.error and self.size > 0.0)


class Curve(NamedTuple):
    """The score along L values of one parameter, in their order."""

    levels: IntArray
    """(L,) codes of the values."""
    scores: FloatArray
    """(L,)"""
    draws: FloatArray
    """(B, L)"""
    counts: IntArray
    """(L,) points behind each score."""
    at: int
    """Position of the chosen value."""
    rows: IntArray
    """(L,) the point behind each score of a slice; -1 on averages."""


class Judgement(NamedTuple):
    """What a curve says."""

    verdict: Verdict
    best: int
    """Position of the best value."""
    noise: float
    """Standard error of the chosen value's own score."""
    above_neighbours: Difference
    """Chosen value less the best of those beside it; of all others where they have no order."""
    below_best: Difference
    """Best value less the chosen one."""
    beyond_edge: Difference
    """Best value less the best that is not at an end of the grid; NaN unless it is the first or the last."""
    slope: Difference
    """Least squares, score for one unit of the parameter; NaN where values have no order."""
    beside: int
    """Position of the value beside the chosen one (of all others, where they have no order) that is furthest from its score."""
    from_beside: Difference
    """That value less the chosen one."""
    level_with: float
    """Share of the values that are level with the chosen one, itself included: nearer than what ``MATERIAL`` makes of luck."""


def slice_through(codes: IntArray, chosen: int, parameter: int, scores: Scores) -> Curve:
    """The curve through the chosen point: points that differ from it in nothing but this parameter.

    Args:
        codes: Which value of each parameter a point has (S, P), from 0; values that have an order are numbered in it. -1 where
            the point has no such parameter, as another strategy may not: it is then as chosen, and on no curve of that one.
        chosen: Row of the chosen point.
        parameter: Column.
        scores: Of the S points, all finite.
    """
    others = np.delete(codes, parameter, axis=1)
    alike = ((others == others[chosen]) | (others < 0)).all(axis=1)
    rows = np.flatnonzero(alike & (codes[:, parameter] >= 0))
    rows = rows[np.argsort(rows != chosen, kind="stable")]  # of a point tried twice, the chosen one
    levels, first = np.unique(codes[rows, parameter], return_index=True)
    picked = rows[first]
    at = int(np.flatnonzero(picked == chosen)[0])
    ones = np.ones(len(levels), np.int64)
    return Curve(levels, scores.values[picked], scores.draws[:, picked], ones, at, picked)


def average_over_others(codes: IntArray, chosen: int, parameter: int, scores: Scores) -> Curve:
    """The curve of averages: for each value the mean score of all points that have it. Arguments as for ``slice_through``."""
    having = codes[:, parameter] >= 0
    levels, position = np.unique(codes[having, parameter], return_inverse=True)
    counts = np.bincount(position)
    means = np.eye(len(levels))[position] / counts  # (points that have it, L)
    at = int(np.searchsorted(levels, codes[chosen, parameter]))
    values, draws = scores.values[having] @ means, scores.draws[:, having] @ means
    return Curve(levels, values, draws, counts.astype(np.int64), at, np.full(len(levels), -1))


def judge(curve: Curve, values: FloatArray | None) -> Judgement:
    """The verdict on a curve, and the figures behind it.

    Args:
        curve: From ``slice_through`` or ``average_over_others``.
        values: The L values as numbers, ascending, in the parameter's unit; none where they have no order, such as universes.
    """
    scores, at, ordered = curve.scores, curve.at, values is not None
    best = int(scores.argmax())
    inner = np.arange(1, len(scores) - 1) if ordered else np.arange(len(scores))
    beside = _beside(len(scores), at, ordered=ordered)
    away = np.abs(scores - scores[at])
    furthest = int(beside[away[beside].argmax()]) if len(beside) else at
    noise = float(np.std(curve.draws[:, at]))
    figures = Judgement(
        verdict="uneven",
        best=best,
        noise=noise,
        above_neighbours=_above_best_of(curve, at, beside),
        below_best=_less(curve, best, at),
        beyond_edge=_nothing() if best in inner else _above_best_of(curve, best, inner),
        slope=_nothing() if values is None else _slope(curve, values),
        beside=furthest,
        from_beside=_less(curve, furthest, at),
        level_with=float(np.mean(away < MATERIAL * noise)),
    )
    return figures._replace(verdict=_verdict(figures, curve, ordered=ordered))


def peak_among_neighbours(codes: IntArray, chosen: int, ordered: BoolArray, scores: Scores) -> Difference:
    """The chosen point less the mean of all points one step away from it: one ordered parameter, one value up or down.

    NaN when none of them was tried.
    """
    moved = np.abs(codes - codes[chosen])
    beside = (moved.sum(axis=1) == 1) & (moved[:, ordered].sum(axis=1) == 1)
    if not beside.any():
        return _nothing()
    draws = scores.draws[:, chosen] - scores.draws[:, beside].mean(axis=1)
    return Difference(float(scores.values[chosen] - scores.values[beside].mean()), float(np.std(draws)))


def share_explained(curve: Curve, scores: Scores) -> float:
    """Share of the variance of all scores that the values of one parameter explain by themselves: its main effect.

    Args:
        curve: Of averages over the others.
        scores: Of all points.
    """
    total = float(np.sum((scores.values - np.mean(scores.values)) ** 2))
    between = float(np.sum(curve.counts * (curve.scores - np.mean(scores.values)) ** 2))
    return between / total if total > 0.0 else 0.0


def weight_distance(weights: FloatArray, chosen: FloatArray) -> FloatArray:
    """Half the sum of |w_i - v_i|: the share of the portfolio that is held otherwise, 0 to 1 for fully invested ones.

    Args:
        weights: (..., N); further axes, such as points and weeks, are kept.
        chosen: Weights compared with, of a shape that fits.

    >>> weight_distance(np.array([0.6, 0.4]), np.array([0.5, 0.5])).round(6).item()
    0.1
    """
    return np.asarray(0.5 * np.abs(weights - chosen).sum(axis=-1))


def _verdict(figures: Judgement, curve: Curve, *, ordered: bool) -> Verdict:
    least = MATERIAL * figures.noise
    if len(curve.scores) < (_FEWEST if ordered else 2):
        return "too few values"
    at_end = ordered and curve.at in (0, len(curve.scores) - 1)
    if figures.beyond_edge.sure and float(np.ptp(curve.scores)) >= least:
        return "edge"
    if not at_end and figures.above_neighbours.sure and figures.above_neighbours.size >= least:
        return "spike"
    if figures.below_best.sure and figures.below_best.size >= least:
        return "slope"
    return "plateau" if abs(figures.from_beside.size) < least else "uneven"


def _less(curve: Curve, one: int, other: int) -> Difference:
    """The score at one position less that at another."""
    draws = curve.draws[:, one] - curve.draws[:, other]
    return Difference(float(curve.scores[one] - curve.scores[other]), float(np.std(draws)))


def _above_best_of(curve: Curve, at: int, others: IntArray) -> Difference:
    return _less(curve, at, int(others[curve.scores[others].argmax()])) if len(others) else _nothing()


def _slope(curve: Curve, values: FloatArray) -> Difference:
    """Least squares: a weighted sum of the scores."""
    moved = values - values.mean()
    if not moved.any():
        return _nothing()
    weights = moved / (moved @ moved)
    return Difference(float(curve.scores @ weights), float(np.std(curve.draws @ weights)))


def _beside(L: int, at: int, *, ordered: bool) -> IntArray:
    """Positions of the values beside, or of all others."""
    apart = np.abs(np.arange(L) - at)
    return np.flatnonzero(apart == 1 if ordered else apart > 0)


def _nothing() -> Difference:
    return Difference(np.nan, np.nan)
