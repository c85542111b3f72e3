"""Proof that weights are optimal, evaluated from the data and not from what a solver says of itself.

``f`` is convex, so for every feasible v:  f(w) - f(v) <= ∇f(w)·(w - v).  The largest right-hand side is
the duality gap. By weak duality of the linear program min ∇f·v, any prices λ of the budget and ν of the bands
bound it from above in closed form; poor prices can only make the gap look larger, never smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints
from portfolio.downside import downside_gradient, downside_variance
from portfolio.quadratic import Prices
from schemas.errors import SolverError

MAX_RELATIVE_GAP = 1e-8
"""Weights with a greater relative duality gap are refused."""
MAX_VIOLATION = 1e-9
"""Weights that break a row by more (fraction of equity) are refused."""
_NEGLIGIBLE = 1e-5
"""f below this share of the mean squared return counts as this share. Where hedges cancel, f tends to zero but the
rounding of Rw does not; what is accepted there is 1e-13 of a squared return, 3e-7 of a return in deviation."""
_AT_THE_ROW = 1e-9
"""Distance (fraction of equity) at which weights stand on a row."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is known of a set of weights.

    ``multipliers`` say by how much f falls for one unit of weight that the row gives way (fraction² per
    unit); that of the budget by how much f rises with one unit more to invest.
    """

    objective: float
    """f, fraction² a day."""
    gap: float
    """f exceeds its minimum by no more than this, fraction² a day."""
    relative_gap: float
    violation: float
    """Largest amount by which a row is broken, fraction of equity."""
    active: tuple[str, ...]
    """Names of the rows on which the weights stand, the budget included."""
    multipliers: Mapping[str, float]
    """By name of the active rows."""
    iterations: int
    """Outer iterations of the solver."""


def certify(
    returns: FloatArray,
    weights: FloatArray,
    constraints: Constraints,
    prices: Prices,
    *,
    minimum_acceptable_return: float = 0.0,
    iterations: int = 0,
) -> Certificate:
    """Gap, violation and multipliers of any weights, good or bad."""
    objective = downside_variance(returns, weights, minimum_acceptable_return)
    gradient = downside_gradient(returns, weights, minimum_acceptable_return)
    gap = duality_gap(gradient, weights, constraints, prices)
    multipliers = _multipliers(gradient, weights, constraints, prices)
    return Certificate(
        objective=objective,
        gap=gap,
        relative_gap=gap / max(objective, negligible(returns, minimum_acceptable_return)),
        violation=constraints.violation(weights),
        active=tuple(multipliers),
        multipliers=multipliers,
        iterations=iterations,
    )


def require(certificate: Certificate) -> Certificate:
    """The certificate itself when it is good enough to trade on.

    Raises:
        SolverError: Relative gap above 1e-8 or a row broken by more than 1e-9.
    """
    good = certificate.relative_gap <= MAX_RELATIVE_GAP and certificate.violation <= MAX_VIOLATION
    if not good:
        raise SolverError(
            "The weights found are not certified optimal",
            figures={
                "relative gap": f"{certificate.relative_gap:.3g} of at most {MAX_RELATIVE_GAP:g}",
                "violation": f"{certificate.violation:.3g} of at most {MAX_VIOLATION:g}",
                "iterations": certificate.iterations,
            },
            remedy="Nothing was decided. Look for near-copies among the assets or extreme returns.",
        )
    return certificate


def duality_gap(gradient: FloatArray, weights: FloatArray, constraints: Constraints, prices: Prices) -> float:
    """Upper bound of max over feasible v of ∇f·(w - v), never negative."""
    dual = prices.by_row(gradient, constraints)
    # each multiplier meets the side of its row that it presses on
    least = prices.budget * constraints.budget + dual @ np.where(dual > 0, constraints.low, constraints.high)
    return max(0.0, float(gradient @ weights - least))


def negligible(returns: FloatArray, minimum_acceptable_return: float = 0.0) -> float:
    """The f, fraction², below which relative statements are about rounding."""
    scale = np.mean(returns * returns, axis=0).max() + minimum_acceptable_return**2
    return float(max(_NEGLIGIBLE * scale, np.finfo(np.float64).tiny))


def _multipliers(
    gradient: FloatArray, weights: FloatArray, constraints: Constraints, prices: Prices
) -> dict[str, float]:
    dual = prices.by_row(gradient, constraints)
    values = constraints.row_values(weights)
    named = {"budget": prices.budget}
    for names, sides, sign in (
        (constraints.low_names, constraints.low, 1.0),
        (constraints.high_names, constraints.high, -1.0),
    ):
        for row in np.flatnonzero(np.abs(values - sides) <= _AT_THE_ROW):
            named[names[row]] = max(0.0, sign * float(dual[row]))
    return named
