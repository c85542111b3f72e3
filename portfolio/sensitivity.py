"""What a sweep says of one parameter: a plateau, a spike, a slope, or a grid that ends too early, with the figures behind it.

S points were tried, each a value of each of P parameters; one of them was chosen. A *curve* is the score along the values of one
parameter: through the chosen point, all else as chosen, or averaged over whatever else was tried. Every difference on it comes
with its standard error from resamples of the same weeks, because two points that hold nearly the same differ far less by luck
than each of them by itself.

A difference *counts* when it is at least ``SURE`` of its own standard errors, and its size at least ``MATERIAL`` standard
errors of the chosen point's score: not luck between the two, and not lost in the luck of both.
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

Verdict = Literal["plateau", "spike", "edge", "slope", "too few values"]
"""plateau: nothing else tried is better by more than luck, nor is the chosen value alone in being good. spike: it is better than
the values beside it by a difference that counts. edge: the best value is the first or last tried, and the score still rises
there. slope: another value, within the grid, is better by a difference that counts."""


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
    """Chosen value less the mean of the values beside it; of all others where they have no order."""
    below_best: Difference
    """Best value less the chosen one."""
    beyond_edge: Difference
    """Best value less the best that is not at an end of the grid; NaN unless it is the first or the last."""
    slope: Difference
    """Least squares, score for one unit of the parameter; NaN where values have no order."""
    level_with: float
    """Share of the values that are not worse than the chosen one by a difference that counts."""


def slice_through(codes: IntArray, chosen: int, parameter: int, scores: Scores) -> Curve:
    """The curve through the chosen point: points that differ from it in nothing but this parameter.

    Args:
        codes: Which value of each parameter a point has (S, P), from 0; values that have an order are numbered in it. -1 where
            the point has no such parameter, as another strategy may not: it is then as chosen, and on no curve of that one.
        chosen: Row of the chosen point.
        parameter: Column.
        scores: Of the S points.
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
    scores, at, L = curve.scores, curve.at, len(curve.scores)
    best = int(np.nanargmax(scores))
    ordered = values is not None
    inner = np.arange(1, L - 1) if ordered else np.arange(L)
    figures = Judgement(
        verdict="plateau",
        best=best,
        noise=float(np.nanstd(curve.draws[:, at])),
        above_neighbours=_difference(curve, _unit(L, at) - _beside(L, at, ordered=ordered)),
        below_best=_difference(curve, _unit(L, best) - _unit(L, at)),
        beyond_edge=_nothing()
        if best in inner or not len(inner)
        else _difference(curve, _unit(L, best) - _unit(L, int(inner[np.nanargmax(scores[inner])]))),
        slope=_nothing() if values is None or L == 1 else _difference(curve, _least_squares(values)),
        level_with=1.0 - float(np.mean([_worse(curve, other) for other in range(L)])),
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
    return Difference(float(scores.values[chosen] - scores.values[beside].mean()), float(np.nanstd(draws)))


def share_explained(curve: Curve, scores: Scores) -> float:
    """Share of the variance of all scores that the values of one parameter explain by themselves: its main effect.

    Args:
        curve: Of averages over the others.
        scores: Of all points.
    """
    total = float(np.nansum((scores.values - np.nanmean(scores.values)) ** 2))
    between = float(np.sum(curve.counts * (curve.scores - np.nanmean(scores.values)) ** 2))
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
    return "plateau"


def _worse(curve: Curve, other: int) -> bool:
    less = _difference(curve, _unit(len(curve.scores), curve.at) - _unit(len(curve.scores), other))
    return less.sure and less.size >= MATERIAL * float(np.nanstd(curve.draws[:, curve.at]))


def _difference(curve: Curve, weights: FloatArray) -> Difference:
    """A weighted sum of the scores, such as one less another."""
    return Difference(float(curve.scores @ weights), float(np.nanstd(curve.draws @ weights)))


def _nothing() -> Difference:
    return Difference(np.nan, np.nan)


def _unit(L: int, at: int) -> FloatArray:
    return np.asarray(np.eye(L)[at])


def _beside(L: int, at: int, *, ordered: bool) -> FloatArray:
    """Equal shares of the values beside, or of all others."""
    others = np.abs(np.arange(L) - at) == 1 if ordered else np.arange(L) != at
    return np.asarray(others / max(int(others.sum()), 1))


def _least_squares(values: FloatArray) -> FloatArray:
    moved = values - values.mean()
    return np.asarray(moved / (moved @ moved))
