"""Proof that weights are optimal, evaluated from the data and not from what a solver says of itself.

``f`` is convex, so for every feasible v:  f(w) - f(v) <= ∇f(w)·(w - v).  The largest right-hand side is
the duality gap. By weak duality of the linear program min ∇f·v, any prices of the rows bound it from above
in closed form; poor prices can only make the gap look larger, never smaller.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled
from portfolio.constraints import Constraints
from portfolio.downside import downside_gradient
from portfolio.polytope import Polytope
from portfolio.start import largest_miss
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
        prices: Any; good ones make the gap small.
        minimum_acceptable_return: b, fraction a day.
        iterations: What the certificate says of the solver's steps.
    """
    held, limit = _turnover(constraints)
    b = minimum_acceptable_return
    objective, gap, violation = _evaluated(
        returns, b, weights, constraints.polytope, prices.rows, held, limit, prices.turnover
    )
    scale = objective
    if gap > _PERFECT * objective:
        scale = max(objective, NEGLIGIBLE * _gross_square(returns, weights, b), sys.float_info.min)
    return Certificate(
        objective=objective,
        gap=gap,
        relative_gap=gap / scale if gap > 0.0 else 0.0,
        violation=violation,
        multipliers=Multipliers(
            lambda: _multipliers(downside_gradient(returns, weights, b), weights, constraints, prices)
        ),
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
    held, limit = _turnover(constraints)
    return max(0.0, _gap(gradient, weights, constraints.polytope, prices.rows, held, limit, prices.turnover))


def bound_multipliers(
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
    dual = np.concatenate([bound_multipliers(gradient, weights, constraints, prices), prices.rows[1:]])
    values = constraints.row_values(weights)
    named = {"budget": float(prices.rows[0])}
    for names, sides, sign in (
        (constraints.low_names, constraints.low, 1.0),
        (constraints.high_names, constraints.high, -1.0),
    ):
        for row in np.flatnonzero(np.abs(values - sides) <= _AT_THE_ROW):
            named[names[row]] = max(0.0, sign * float(dual[row]))
    if abs(constraints.excess_turnover(weights)) <= _AT_THE_ROW:
        named["max_turnover"] = prices.turnover
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
    return objective / T, max(0.0, gap), _violation(w, P, held, limit)


@compiled
def _gross_square(R: FloatArray, w: FloatArray, b: float) -> float:
    """Mean square of what Rw - b would be if no position offset another, fraction²."""
    total = 0.0
    for t in range(len(R)):
        gross = abs(b)
        for i in range(len(w)):
            gross += abs(R[t, i] * w[i])
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
