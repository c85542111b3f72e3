"""Weights of least downside variance, exactly: checked input, a feasible start, the active set, and a proof."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portfolio.active_set import least_shortfall
from portfolio.arrays import FloatArray, as_matrix, checked_returns, checked_vector
from portfolio.certificate import MAX_VIOLATION, Certificate, Prices, certificate_of, certify, require
from portfolio.constraints import Constraints, TurnoverLimit
from portfolio.downside import downside_gradient
from portfolio.feasibility import cheapest_vertex, feasible_start
from portfolio.pieces import exact_length
from portfolio.start import ROUNDING, minimised, squared_losses
from portfolio.turnover import after_trades, as_trades, trades_polytope
from portfolio.windows import HUGE, NEGLIGIBLE, NUMBERS, TINY, solve_into
from schemas.errors import DataError

DOUBTFUL = 1e-9
"""Relative gap from which a linear program is asked."""
_OPINIONS = 5
_ANYWHERE = np.zeros(0)


class Solution(NamedTuple):
    """Certified weights (N,), fractions of equity, in the order of the constraints' symbols."""

    weights: FloatArray
    certificate: Certificate


def minimise_downside_variance(
    returns: ArrayLike,
    constraints: Constraints,
    minimum_acceptable_return: float = 0.0,
    start: ArrayLike | None = None,
) -> Solution:
    """Minimise f(w) = (1/T) Σ_t min(r_t·w - b, 0)² over the constraints.

    With fewer sessions than assets, or assets that repeat each other, the minimum is attained by many
    weights; then those reached from ``start`` are returned.

    Args:
        returns: (T, N) simple returns, fractions.
        constraints: Budget, bounds, bands and turnover limit over the N assets.
        minimum_acceptable_return: b, fraction a day.
        start: Weights (N,) to begin with, e.g. those held; need not be feasible.

    Raises:
        DataError: Returns or start not finite, empty or misaligned; names asset and row.
        InfeasibleError: No weights satisfy the constraints; names the conflicting rows.
        SolverError: The answer could not be certified.
    """
    R, b = as_matrix(returns), float(minimum_acceptable_return)
    near = None if start is None else checked_vector(start, constraints.symbols, "Start weight").copy()
    if math.isfinite(b) and R.ndim == 2 and R.shape[1] == len(constraints.symbols) and len(R) > 0:  # noqa: PLR2004
        solution = _at_once(R, b, constraints, near)
        if solution is not None:
            return solution
    return _thoroughly(checked_returns(R, constraints.symbols), b, constraints, near)


def _at_once(R: FloatArray, b: float, constraints: Constraints, near: FloatArray | None) -> Solution | None:
    """The whole way in compiled code; none when that leaves a doubt, or the limit on turnover binds."""
    P, N = constraints.polytope, R.shape[1]
    # one array for all answers: each that compiled code hands back costs a microsecond
    found = np.empty(N + len(P.low) + NUMBERS)
    if not solve_into(R, b, P, _ANYWHERE if near is None else near, found):
        return None
    w, prices = found[:N], found[N:-NUMBERS]
    objective, gap, violation, steps, miss = found[-NUMBERS:].tolist()
    if miss > ROUNDING or (constraints.turnover is not None and constraints.excess_turnover(w) > 0.0):
        return None
    proof = certificate_of(
        (objective, gap, violation),
        R,
        w,
        constraints,
        Prices(prices),
        minimum_acceptable_return=b,
        iterations=int(steps),
    )
    return Solution(w, proof) if _is_clear(proof) else None


def _is_clear(proof: Certificate) -> bool:
    return proof.relative_gap <= DOUBTFUL and proof.violation <= MAX_VIOLATION


def _thoroughly(R: FloatArray, b: float, constraints: Constraints, near: FloatArray | None) -> Solution:
    """Step by step, with every doubt followed up."""
    if not math.isfinite(b):
        raise DataError(
            "The minimum acceptable return is not a finite number",
            figures={"minimum_acceptable_return": b},
            remedy="Pass a daily return as a fraction, e.g. 0.",
        )
    programme = _programme(R, b)
    answer = _minimum(programme, constraints, near)
    proof = _proof(R, b, constraints, answer)
    for _ in range(_OPINIONS):
        if _is_clear(proof):
            break
        answer, proof = _second_opinion(R, b, programme, constraints, answer)
    return Solution(answer.weights, require(proof))


class _Programme(NamedTuple):
    """The returns as the compiled code takes them, in a unit in which their squares are doubles."""

    R: FloatArray
    """(T, N)"""
    h: FloatArray
    """(T,)"""
    losses: FloatArray
    """Σ_t min(R_ti, 0)² of each asset, (N,)."""
    floor: float
    in_f: float
    """One unit of Φ in units of f."""


class _Answer(NamedTuple):
    weights: FloatArray
    prices: Prices
    steps: int


def _programme(R: FloatArray, b: float) -> _Programme:
    (losses, squares), T, unit = squared_losses(R), len(R), 1.0
    if not (squares < HUGE and b * b < HUGE):
        raise DataError(
            "Returns or the minimum acceptable return are too large to be squared",
            figures={"largest return": np.abs(R).max(), "minimum acceptable return": b},
            remedy="Pass daily simple returns as fractions.",
        )
    if losses.max() < TINY and np.any(R):
        unit = max(float(np.abs(R).max()), abs(b))
        R = R / unit
        losses, _ = squared_losses(R)
    floor = 0.5 * NEGLIGIBLE * max(losses.max(), T * (b / unit) ** 2, sys.float_info.min)
    return _Programme(R, np.full(T, b / unit), losses, floor, 2.0 * unit**2 / T)


def _minimum(programme: _Programme, constraints: Constraints, near: FloatArray | None) -> _Answer:
    """Without the turnover limit first: most often it does not bind."""
    R, h, P, floor = programme.R, programme.h, constraints.polytope, programme.floor
    w, rows, steps, miss = minimised(R, h, P, _ANYWHERE if near is None else near, programme.losses, floor)
    if miss > ROUNDING:
        start = feasible_start(replace(constraints, turnover=None))
        w, rows, _, steps = least_shortfall(R, h, P, start, floor)
    turnover = constraints.turnover
    if turnover is None or constraints.excess_turnover(w) <= 0.0:
        return _Answer(w, Prices(programme.in_f * rows), steps)
    # from no trades at all: on the way to ``w`` every asset would be traded, and few are in the end
    return _minimum_by_trades(programme, constraints, turnover, turnover.held, steps)


def _minimum_by_trades(
    programme: _Programme, constraints: Constraints, turnover: TurnoverLimit, near: FloatArray, steps: int
) -> _Answer:
    """The same over purchases and sales."""
    P = trades_polytope(constraints.polytope, turnover)
    R = np.hstack([programme.R, -programme.R])
    h = programme.h - programme.R @ turnover.held
    trades, rows, more, miss = minimised(R, h, P, as_trades(near, turnover), _ANYWHERE, programme.floor)
    if miss > ROUNDING:
        start = as_trades(feasible_start(constraints), turnover)
        trades, rows, _, more = least_shortfall(R, h, P, start, programme.floor)
    rows *= programme.in_f
    prices = Prices(rows[:-1], max(0.0, -2.0 * rows[-1]))
    return _Answer(after_trades(trades, constraints, turnover), prices, steps + more)


def _second_opinion(
    R: FloatArray, b: float, programme: _Programme, constraints: Constraints, answer: _Answer
) -> tuple[_Answer, Certificate]:
    """Where more rows meet than are needed the active set may go round in circles: a linear program leads out.

    Either its prices prove the weights, or its vertex shows a way down, from which the active set goes on.
    """
    w = answer.weights
    vertex, prices = cheapest_vertex(downside_gradient(R, w, b), constraints)
    priced = answer._replace(prices=prices)
    proof = _proof(R, b, constraints, priced)
    if proof.violation > MAX_VIOLATION:
        near = vertex
    elif proof.relative_gap <= DOUBTFUL:
        return priced, proof
    else:
        s, q = programme.R @ w - programme.h, programme.R @ (vertex - w)
        near = w + exact_length(s, q, 1.0) * (vertex - w)
    onward = (
        _minimum(programme, constraints, near)
        if constraints.turnover is None
        else _minimum_by_trades(programme, constraints, constraints.turnover, near, answer.steps)
    )
    return onward, _proof(R, b, constraints, onward)


def _proof(R: FloatArray, b: float, constraints: Constraints, answer: _Answer) -> Certificate:
    return certify(
        R,
        answer.weights,
        constraints,
        answer.prices,
        minimum_acceptable_return=b,
        iterations=answer.steps,
    )
