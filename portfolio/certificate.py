"""Proof that weights are optimal, evaluated from the data and not from what a solver says of itself.

``f`` is convex, so for every feasible v:  f(w) - f(v) <= ∇f(w)·(w - v).  The largest right-hand side is
the duality gap. By weak duality of the linear program min ∇f·v, any prices of the rows bound it from above
in closed form; poor prices can only make the gap look larger, never smaller.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.constraints import Constraints
from portfolio.downside import downside_gradient
from portfolio.polytope import Polytope, largest_miss
from schemas.errors import SolverError

MAX_RELATIVE_GAP = 1e-8
"""Weights with a greater relative duality gap are refused."""
MAX_VIOLATION = 1e-9
"""Weights that break a row by more (fraction of equity) are refused."""
NEGLIGIBLE = 1e-5
"""f below this share of the mean squared gross return Σ|w_i r_ti| counts as this share. Where hedges cancel, f tends to
zero but the rounding of Rw does not; what is accepted there is 1e-13 of a squared return, 3e-7 of a return in deviation."""
_PERFECT = 1e-12
"""Gap, as a share of f, that is reported as such without a look at how large returns are."""
_CLEAR_GAIN = 1e-6
"""Share of the gross return from which a gain cannot have been a shortfall before rounding."""
_ROUNDING_OF_RW = 1e-30
"""f below this share of the mean squared gross return is the rounding of Rw."""
_AT_THE_ROW = 1e-9
"""Distance (fraction of equity) at which weights stand on a row."""


@dataclass(frozen=True, eq=False)
class Prices:
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
    b = minimum_acceptable_return
    objective, gap, violation = _evaluated(
        returns, b, weights, constraints.polytope, prices.rows, held, limit, prices.turnover
    )
    # compiled code turns a choice into a maximum, which drops NaN: prices that are no numbers prove nothing
    gap = max(gap, 0.0) if math.isfinite(float(prices.rows.sum()) + prices.turnover) else math.nan
    scale, zero = objective, False
    if not gap <= _PERFECT * objective:
        gross = _gross_square(returns, weights, b)
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
        and np.isfinite([certificate.objective, certificate.gap]).all()
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


@compiled
def _evaluated(
    R: FloatArray,
    b: float,
    w: FloatArray,
    P: Polytope,
    rows: FloatArray,
    held: FloatArray,
    limit: float,
    turnover: float,
) -> tuple[float, float, float]:
    """f, duality gap, and the largest violation."""
    T, N = R.shape
    gradient, objective = np.zeros(N), 0.0
    for t in range(T):
        value = -b
        for i in range(N):
            value += R[t, i] * w[i]
        if value < 0.0:
            objective += value * value
            for i in range(N):
                gradient[i] += value * R[t, i]
    gap = _gap(gradient * (2.0 / T), w, P, rows, held, limit, turnover)
    if not np.isfinite(w).all():
        return np.nan, np.nan, np.nan
    return objective / T, max(0.0, gap), _violation(w, P, held, limit)


@compiled
def _gross_square(R: FloatArray, w: FloatArray, b: float) -> float:
    """Mean square of what Rw - b would be if no position offset another, fraction².

    Sessions of clear gains do not enter f, nor does their rounding: they do not count.
    """
    total = 0.0
    for t in range(len(R)):
        gross, net = abs(b), -b
        for i in range(len(w)):
            part = R[t, i] * w[i]
            gross += abs(part)
            net += part
        if net < _CLEAR_GAIN * gross:
            total += gross * gross
    return total / len(R)


@compiled
def _gap(
    gradient: FloatArray,
    w: FloatArray,
    P: Polytope,
    rows: FloatArray,
    held: FloatArray,
    limit: float,
    turnover: float,
) -> float:
    """∇f·w less the least of the Lagrangian over the box: for each asset at a bound, or at what is held."""
    gap = turnover * limit
    for k in range(len(rows)):
        # each price meets the side of its row that it presses on
        gap -= rows[k] * (P.low[k] if rows[k] > 0.0 else P.high[k])
    for i in range(len(w)):
        rest = gradient[i]
        for k in range(len(rows)):
            rest -= rows[k] * P.A[k, i]
        least = min(rest * P.lower[i], rest * P.upper[i])
        if len(held) > 0:
            half = 0.5 * turnover
            least = np.inf
            for v in (P.lower[i], P.upper[i], min(max(held[i], P.lower[i]), P.upper[i])):
                least = min(least, rest * v + half * abs(v - held[i]))
        gap += gradient[i] * w[i] - least
    return gap


@compiled
def _violation(w: FloatArray, P: Polytope, held: FloatArray, limit: float) -> float:
    worst = largest_miss(P, w)
    for i in range(len(w)):
        worst = max(worst, P.lower[i] - w[i], w[i] - P.upper[i])
    if len(held) > 0:
        worst = max(worst, 0.5 * np.abs(w - held).sum() - limit)
    return worst
