"""Weights of least downside variance for every decision of a history, at the pace a sweep needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, IntArray, checked_returns
from portfolio.certificate import MAX_VIOLATION
from portfolio.constraints import Constraints
from portfolio.polytope import Polytope
from portfolio.solver import DOUBTFUL, minimise_downside_variance
from portfolio.start import ROUNDING
from portfolio.windows import solve_windows
from schemas.errors import DataError


@dataclass(frozen=True, eq=False)
class WeightsHistory:
    """Certified weights of W decisions."""

    weights: FloatArray
    """(W, N), fractions of equity."""
    objective: FloatArray
    """f (W,), fraction² a day."""
    relative_gap: FloatArray
    """(W,)"""
    violation: FloatArray
    """(W,), fraction of equity."""


def minimise_over_history(
    returns: ArrayLike,
    ends: ArrayLike,
    lookback: int,
    constraints: Constraints | Sequence[Constraints],
    minimum_acceptable_return: float = 0.0,
) -> WeightsHistory:
    """``minimise_downside_variance`` on the ``lookback`` sessions before each of ``ends``, in one compiled pass.

    Each decision begins at the weights of the one before; where the pass leaves a doubt, the decision is made once more by
    itself.

    Args:
        returns: (T, N) simple returns of the whole history, fractions.
        ends: First session after each window (W,); rows of ``returns``.
        lookback: Sessions in a window.
        constraints: One for all decisions, or one for each with as many bands in each. A limit on turnover depends on what is held
            and has no place here.
        minimum_acceptable_return: b, fraction a day.

    Raises:
        DataError: Returns not finite, a window outside them, or constraints that do not fit together.
        InfeasibleError: A window has no feasible weights; names the conflicting rows.
        SolverError: An answer could not be certified.
    """
    rules = [constraints] if isinstance(constraints, Constraints) else list(constraints)
    R, b = checked_returns(returns, rules[0].symbols), float(minimum_acceptable_return)
    stops = np.asarray(ends, dtype=np.int64)
    _check(R, stops, lookback, rules)
    w, numbers = solve_windows(R, stops, lookback, b, _stacked(rules))
    objective, gap, violation, _, miss = numbers.T.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = gap / objective
    # written so that NaN, of which every comparison is false, is looked at again
    clear = (relative <= DOUBTFUL) & (violation <= MAX_VIOLATION) & (miss <= ROUNDING)
    for k in np.flatnonzero(~clear).tolist():
        rule = rules[min(k, len(rules) - 1)]
        single = minimise_downside_variance(R[stops[k] - lookback : stops[k]], rule, b)
        w[k], proof = single.weights, single.certificate
        objective[k], relative[k], violation[k] = proof.objective, proof.relative_gap, proof.violation
    return WeightsHistory(w, objective, relative, violation)


def _check(R: FloatArray, ends: IntArray, lookback: int, rules: Sequence[Constraints]) -> None:
    if len(ends) == 0 or lookback < 1 or ends.min() < lookback or ends.max() > len(R):
        raise DataError(
            "A window reaches outside the history",
            figures={"sessions": len(R), "lookback": lookback, "windows": len(ends)},
            remedy="Begin later, or shorten the lookback.",
        )
    shapes = {rule.polytope.A.shape for rule in rules}
    if len(rules) not in {1, len(ends)} or len(shapes) > 1 or any(rule.turnover for rule in rules):
        raise DataError(
            "Constraints do not fit the decisions",
            figures={"constraints": len(rules), "decisions": len(ends), "rows by assets": sorted(shapes)},
            remedy="Pass one for all or one for each, with as many bands and without a limit on turnover.",
        )


def _stacked(rules: Sequence[Constraints]) -> Polytope:
    return Polytope(*(np.stack(parts) for parts in zip(*(rule.polytope for rule in rules), strict=True)))
