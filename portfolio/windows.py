"""Compiled: from the returns of a window, or of many, to weights and the numbers of their proof."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.evaluation import evaluated
from portfolio.polytope import Polytope
from portfolio.start import minimised, squared_losses

NEGLIGIBLE = 1e-5
"""f below this share of the mean squared gross return Σ|w_i r_ti| counts as this share. Where hedges cancel, f tends to
zero but the rounding of Rw does not; what is accepted there is 1e-13 of a squared return, 3e-7 of a return in deviation."""
TINY, HUGE = 1e-200, 1e200
"""Sums of squares within which nothing is lost: doubles end at 1e±308."""


NUMBERS = 5
"""How many an answer has: objective, gap, violation, steps and miss."""


@compiled
def solve_into(R: FloatArray, b: float, P: Polytope, near: FloatArray, found: FloatArray) -> bool:
    """Weights of least downside variance over bounds and rows, from ``near`` or, when that is empty, from nowhere.

    Args:
        R: Returns (T, N), C-ordered, writeable.
        b: Minimum acceptable return, fraction a day.
        P: Bounds and rows.
        near: Weights (N,) to begin with; need not be feasible.
        found: Takes the answer (N + K + 5,): weights (N,), multipliers of the rows in units of f (K,), what ``evaluated`` says of
            them (3,), the steps, and by how much the start misses the rows; when that is more than rounding, no step was taken.

    Returns:
        False when returns are no numbers, or too large or too small to be squared: then nothing is found.
    """
    T, N = R.shape
    losses, squares = squared_losses(R)
    most = max(losses.max(), T * b * b)
    if not (np.isfinite(squares) and most > TINY and squares < HUGE and most < HUGE):
        return False
    floor = 0.5 * NEGLIGIBLE * most
    w, prices, steps, miss = minimised(R, np.full(T, b), P, near, losses, floor)
    prices *= 2.0 / T
    numbers = found[len(found) - NUMBERS :]
    found[:N], found[N : len(found) - NUMBERS] = w, prices
    numbers[0], numbers[1], numbers[2] = evaluated(R, b, w, P, prices, np.zeros(0), 0.0, 0.0)
    numbers[3], numbers[4] = steps, miss
    return True


@compiled
def solve_windows(
    R: FloatArray, ends: IntArray, lookback: int, b: float, Ps: Polytope
) -> tuple[FloatArray, FloatArray]:
    """``solve_into`` for one window after the other, each begun at the weights before.

    Args:
        R: Returns (T, N) of the whole history.
        ends: First session after each window (W,).
        lookback: Sessions in a window.
        b: Minimum acceptable return, fraction a day.
        Ps: Bounds and rows with a leading axis: one for all windows, or one for each.

    Returns:
        Weights (W, N), and for each window objective, gap, violation, steps and miss (W, 5), NaN where a window's numbers
        cannot be squared.
    """
    W, N, K = len(ends), R.shape[1], Ps.low.shape[1]
    weights, numbers = np.empty((W, N)), np.full((W, NUMBERS), np.nan)
    near, found = np.zeros(0), np.empty(N + K + NUMBERS)
    for k in range(W):
        i = min(k, len(Ps.lower) - 1)
        P = Polytope(Ps.lower[i], Ps.upper[i], Ps.A[i], Ps.low[i], Ps.high[i])
        if solve_into(R[ends[k] - lookback : ends[k]], b, P, near, found):
            near = weights[k]
            weights[k], numbers[k] = found[:N], found[N + K :]
    return weights, numbers
