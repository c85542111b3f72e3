"""What a sweep says, as the tables that a report shows and a warehouse keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray, IntArray
from portfolio.independent_trials import effective_trials
from portfolio.luck import luck
from portfolio.overfitting import BLOCKS, probability_of_overfitting
from portfolio.rank_stability import RankStability, rank_stability
from portfolio.resampled_scores import WEEKS_A_YEAR, Scores, sharpe_scores
from portfolio.sensitivity import (
    Curve,
    Difference,
    average_over_others,
    judge,
    peak_among_neighbours,
    share_explained,
    slice_through,
)

_PAIRS = 4
"""Maps of two parameters, of those that explain most."""
_WIDEST = 14
"""Values beyond which a parameter is too wide for a map."""
_PERIODS = 4


@dataclass(frozen=True, eq=False)
class Parameter:
    """One that was varied."""

    name: str
    values: tuple[str, ...]
    """As a reader writes them, in their order."""
    numbers: FloatArray | None
    """The same as numbers, ascending; none where they have no order, such as universes."""
    condition: bool = False
    """Nobody chooses it, such as what a trade costs: it has a slope, and no verdict."""


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """Tables by the names of their columns; scores are annual Sharpe ratios of weekly returns in excess of cash."""

    scores: FloatArray
    """(S,)"""
    verdicts: pd.DataFrame
    """One row a parameter, what explains most first: its verdict, and the figures of ``sensitivity.Judgement``."""
    curves: pd.DataFrame
    """One row a parameter, kind of curve (slice, average) and value; point is the row behind a slice's score."""
    summary: pd.DataFrame
    """One row: the chosen point among all, and how much of picking one is luck."""
    pairs: pd.DataFrame
    """first, second, first_value, second_value, score: the mean over all else."""
    ranks: pd.DataFrame
    """period, point (its row), score, rank."""
    agreement: pd.DataFrame
    """first, second, spearman, kendall: each pair of sub-periods once."""
    best_elsewhere: pd.DataFrame
    """period, point (its row), score, elsewhere (mean percentile in the other sub-periods)."""


def sweep_record(
    parameters: Sequence[Parameter],
    codes: IntArray,
    excess: FloatArray,
    chosen: int,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> SweepRecord:
    """Everything that a report says of S points over the same T weeks.

    Args:
        parameters: The P that were varied, one at least.
        codes: (S, P) which value of each a point has; -1 where it has no such parameter.
        excess: (T, S) weekly returns in excess of cash, fractions; of two points at least, all of which move.
        chosen: Row of the point that everything is compared with.
        draws: Resamples behind the standard errors.
        seed: Of the resamples.
    """
    scores = sharpe_scores(excess, draws=draws, seed=seed)
    curves = {
        (p, kind): of(codes, chosen, p, scores)
        for p in range(len(parameters))
        for kind, of in (("slice", slice_through), ("average", average_over_others))
    }
    stability = rank_stability(excess, _PERIODS)
    verdicts = pd.DataFrame(
        [
            _verdict(parameter, curves[p, "slice"], curves[p, "average"], scores)
            for p, parameter in enumerate(parameters)
        ]
    )
    ordered = np.array([parameter.numbers is not None for parameter in parameters], dtype=bool)
    peak = peak_among_neighbours(codes, chosen, ordered, scores)
    return SweepRecord(
        scores=scores.values,
        verdicts=verdicts.sort_values("explained", ascending=False, kind="stable", ignore_index=True),
        curves=pd.concat(
            [_curve(parameters[p], kind, curve) for (p, kind), curve in curves.items()], ignore_index=True
        ),
        summary=pd.DataFrame([_summary(excess, chosen, scores, peak, stability)]),
        pairs=_pairs(parameters, codes, scores, verdicts["explained"].to_numpy(dtype=float)),
        **_stability_tables(stability),
    )


def _verdict(parameter: Parameter, through: Curve, average: Curve, scores: Scores) -> dict[str, object]:
    """Judged on the slice when that has a middle and two ends, else on the averages, as after a random design."""
    enough = 2 if parameter.numbers is None else 3
    kind, curve = ("slice", through) if len(through.scores) >= enough else ("average", average)
    said = judge(curve, None if parameter.numbers is None else parameter.numbers[curve.levels])
    differences = {
        f"{name}{suffix}": figure
        for name in ("above_neighbours", "below_best", "beyond_edge", "slope", "from_beside")
        for suffix, figure in zip(("", "_error"), getattr(said, name), strict=True)
    }
    return {
        "parameter": parameter.name,
        "kind": kind,
        "verdict": "condition" if parameter.condition else said.verdict,
        "ordered": parameter.numbers is not None,
        "levels": len(curve.scores),
        "chosen": parameter.values[curve.levels[curve.at]],
        "best": parameter.values[curve.levels[said.best]],
        "beside": parameter.values[curve.levels[said.beside]],
        "lowest": parameter.values[curve.levels[0]],
        "highest": parameter.values[curve.levels[-1]],
        "score": float(curve.scores[curve.at]),
        "best_score": float(curve.scores[said.best]),
        "noise": said.noise,
        **differences,
        "level_with": said.level_with,
        "explained": share_explained(average, scores),
    }


def _curve(parameter: Parameter, kind: str, curve: Curve) -> pd.DataFrame:
    difference = curve.draws - curve.draws[:, [curve.at]]
    known = parameter.numbers
    return pd.DataFrame(
        {
            "parameter": parameter.name,
            "kind": kind,
            "position": np.arange(len(curve.scores)),
            "value": [parameter.values[level] for level in curve.levels],
            "number": np.full(len(curve.scores), np.nan) if known is None else known[curve.levels],
            "chosen": np.arange(len(curve.scores)) == curve.at,
            "point": curve.rows,
            "points": curve.counts,
            "score": curve.scores,
            "error": np.std(curve.draws, axis=0),
            "difference": curve.scores - curve.scores[curve.at],
            "difference_error": np.std(difference, axis=0),
        }
    )


def _summary(
    excess: FloatArray, chosen: int, scores: Scores, peak: Difference, stability: RankStability
) -> dict[str, object]:
    weeks, points = excess.shape
    a_year = np.sqrt(WEEKS_A_YEAR)
    judged = luck(excess[:, chosen], scores.values / a_year)
    overfit = probability_of_overfitting(excess) if weeks >= 2 * BLOCKS else None
    return {
        "points": points,
        "weeks": weeks,
        "score": float(scores.values[chosen]),
        "noise": float(np.std(scores.draws[:, chosen])),
        "rank": int((scores.values > scores.values[chosen]).sum()) + 1,
        "above_neighbours": peak.size,
        "above_neighbours_error": peak.error,
        "independent_trials": effective_trials(excess),
        "expected_maximum": judged.expected_maximum * a_year,
        "probabilistic": judged.probabilistic,
        "deflated": judged.deflated,
        "overfit": overfit.probability if overfit else np.nan,
        "splits": len(overfit.logits) if overfit else 0,
        "degradation": overfit.slope if overfit else np.nan,
        "loss": overfit.loss if overfit else np.nan,
        "spearman": stability.mean_spearman,
        "kendall": stability.mean_kendall,
    }


def _pairs(
    parameters: Sequence[Parameter], codes: IntArray, scores: Scores, explained: FloatArray
) -> pd.DataFrame:
    """Mean scores over pairs of the parameters that explain most."""
    wide = [p for p, parameter in enumerate(parameters) if 1 < len(parameter.values) <= _WIDEST]
    together = sorted(combinations(wide, 2), key=lambda pair: -explained[list(pair)].sum())[:_PAIRS]
    rows = []
    for p, q in together:
        first, second = parameters[p], parameters[q]
        for i, j in product(range(len(first.values)), range(len(second.values))):
            having = (codes[:, p] == i) & (codes[:, q] == j)
            if having.any():
                score = float(scores.values[having].mean())
                rows.append((first.name, second.name, first.values[i], second.values[j], score))
    return pd.DataFrame(rows, columns=["first", "second", "first_value", "second_value", "score"])


def _stability_tables(stability: RankStability) -> dict[str, pd.DataFrame]:
    K, S = stability.scores.shape
    pairs = list(combinations(range(K), 2))
    best = stability.scores.argmax(axis=1)
    return {
        "ranks": pd.DataFrame(
            {
                "period": np.repeat(np.arange(K), S),
                "first": np.repeat(stability.firsts, S),
                "point": np.tile(np.arange(S), K),
                "score": stability.scores.ravel(),
                "rank": stability.ranks.ravel(),
            }
        ),
        "agreement": pd.DataFrame(
            {
                "first": [i for i, _ in pairs],
                "second": [j for _, j in pairs],
                "spearman": [stability.spearman[pair] for pair in pairs],
                "kendall": [stability.kendall[pair] for pair in pairs],
            }
        ),
        "best_elsewhere": pd.DataFrame(
            {
                "period": np.arange(K),
                "point": best,
                "score": stability.scores[np.arange(K), best],
                "elsewhere": stability.best_elsewhere,
            }
        ),
    }
