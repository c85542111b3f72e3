"""Proof that weights are optimal, evaluated from the data and not from what a solver says of itself.

``f`` is convex, so for every feasible v:  f(w) - f(v) <= ∇f(w)·(w - v).  The largest right-hand side is
the duality gap. By weak duality of the linear program min ∇f·v, any prices of the rows bound it from above
in closed form; poor prices can only make the gap look larger, never smaller.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.constraints import Constraints
from portfolio.downside import downside_gradient
from portfolio.evaluation import evaluated, gross_square
from portfolio.windows import NEGLIGIBLE
from schemas.errors import SolverError

MAX_RELATIVE_GAP = 1e-8
"""Weights with a greater relative duality gap are refused."""
MAX_VIOLATION = 1e-9
"""Weights that break a row by more (fraction of equity) are refused."""
_PERFECT = 1e-12
"""Gap, as a share of f, that is reported as such without a look at how large returns are."""
_ROUNDING_OF_RW = 1e-30
"""f below this share of the mean squared gross return is the rounding of Rw."""
_AT_THE_ROW = 1e-9
"""Distance (fraction of equity) at which weights stand on a row."""


class Prices(NamedTuple):
    """Multipliers of the rows, fraction² per unit of weight; those of the bounds follow from the gradient."""

    rows: FloatArray
    """(1+K,) budget and bands; a band's is positive at its minimum, negative at its maximum."""
    turnover: float = 0.0
    """By how much f falls for one unit more of turnover, never negative."""


class Multipliers(Mapping[str, float]):
    """Multipliers by the names of the rows, worked out when first looked at: a backtest never looks."""

    def __init__(self, find: Callable[[], Mapping[str, float]]) -> None:
        self._find = find

    @cached_property
    def _found(self) -> Mapping[str, float]:
        return self._find()

    def __getitem__(self, name: str) -> float:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Certificate(NamedTuple):
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
    multipliers: Mapping[str, float]
    """By name of the rows on which the weights stand, the budget included."""
    iterations: int
    """Steps of the solver."""

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the rows on which the weights stand."""
        return tuple(self.multipliers)


def certify(
    returns: FloatArray,
    weights: FloatArray,
    constraints: Constraints,
    prices: Prices,
    *,
    minimum_acceptable_return: float = 0.0,
    iterations: int = 0,
) -> Certificate:
    """Gap, violation and multipliers of any weights, good or bad.

    Args:
        returns: (T, N) simple returns, fractions.
        weights: (N,).
        constraints: The rows, the turnover limit among them.
        prices: Any of the rows, and at least zero for turnover; good ones make the gap small.
        minimum_acceptable_return: b, fraction a day.
        iterations: What the certificate says of the solver's steps.
    """
    held, limit = _turnover(constraints)
    numbers = evaluated(
        returns,
        minimum_acceptable_return,
        weights,
        constraints.polytope,
        prices.rows,
        held,
        limit,
        prices.turnover,
    )
    return certificate_of(
        numbers,
        returns,
        weights,
        constraints,
        prices,
        minimum_acceptable_return=minimum_acceptable_return,
        iterations=iterations,
    )


def certificate_of(
    numbers: tuple[float, float, float],
    returns: FloatArray,
    weights: FloatArray,
    constraints: Constraints,
    prices: Prices,
    *,
    minimum_acceptable_return: float,
    iterations: int,
) -> Certificate:
    """The certificate from the objective, gap and violation that ``evaluated`` found; otherwise as ``certify``."""
    objective, gap, violation = numbers
    b, scale, zero = minimum_acceptable_return, objective, False
    if not gap <= _PERFECT * objective:
        gross = gross_square(returns, weights, b)
        zero = objective <= _ROUNDING_OF_RW * gross
        scale = max(objective, NEGLIGIBLE * gross, sys.float_info.min)
    if zero:
        # what is left is the rounding of Rw - b: f is zero, its least, and no row has a price
        objective, gap, prices = 0.0, 0.0, Prices(np.zeros_like(prices.rows))
    return Certificate(
        objective=objective,
        gap=gap,
        relative_gap=0.0 if gap == 0.0 else gap / scale,
        violation=violation,
        multipliers=Multipliers(
            lambda: _multipliers(
                downside_gradient(returns, weights, b) * (not zero), weights, constraints, prices
            )
        ),
        iterations=iterations,
    )


def require(certificate: Certificate) -> Certificate:
    """The certificate itself when it is good enough to trade on.

    Raises:
        SolverError: Relative gap above 1e-8 or a row broken by more than 1e-9.
    """
    # written so that NaN, of which every comparison is false, is refused
    good = (
        certificate.relative_gap <= MAX_RELATIVE_GAP
        and certificate.violation <= MAX_VIOLATION
        and math.isfinite(certificate.objective)
        and math.isfinite(certificate.gap)
    )
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


def _bound_multipliers(
    gradient: FloatArray, weights: FloatArray, constraints: Constraints, prices: Prices
) -> FloatArray:
    """What is left of ∇f (N,) for the bounds to carry: at an optimum positive on a lower, negative on an upper."""
    rest = gradient - prices.rows @ constraints.polytope.A
    if constraints.turnover is None:
        return np.asarray(rest)
    change, half = weights - constraints.turnover.held, 0.5 * prices.turnover
    kept = np.sign(rest) * np.maximum(np.abs(rest) - half, 0.0)
    return np.where(np.abs(change) > _AT_THE_ROW, rest + half * np.sign(change), kept)


def _multipliers(
    gradient: FloatArray, weights: FloatArray, constraints: Constraints, prices: Prices
) -> dict[str, float]:
    dual = np.concatenate([_bound_multipliers(gradient, weights, constraints, prices), prices.rows[1:]])
    values = constraints.row_values(weights)
    named = {"budget": float(prices.rows[0])}
    for names, sides, sign in (
        (constraints.low_names, constraints.low, 1.0),
        (constraints.high_names, constraints.high, -1.0),
    ):
        for row in np.flatnonzero(np.abs(values - sides) <= _AT_THE_ROW):
            named[names[row]] = max(0.0, sign * float(dual[row]))
    if abs(constraints.excess_turnover(weights)) <= _AT_THE_ROW:
        named["turnover_limit"] = prices.turnover
    return named


_ANYTHING = np.zeros(0)


def _turnover(constraints: Constraints) -> tuple[FloatArray, float]:
    """Held weights and limit for the compiled code; no held weights mean no limit."""
    limit = constraints.turnover
    return (_ANYTHING, 0.0) if limit is None else (limit.held.copy(), limit.limit)
