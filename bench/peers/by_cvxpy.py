"""cvxpy as its manual says to use it for many alike problems: the returns are a parameter (DPP), compiled once."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from bench.timing import Answer, Solve
from bench.windows import Shape, Window


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance."""
    R, w, d = _parts(shape)
    rows = [R @ w + d >= 0, cp.sum(w) == 1, w >= 0, w <= shape.cap]
    return _solver(cp.Problem(cp.Minimize(cp.sum_squares(d) / shape.T), rows), R, w)


def parity(shape: Shape) -> Solve:
    """Downside risk parity by its logarithmic barrier, ½ f(w) - Σ log w / N, rescaled to the budget."""
    R, w, d = _parts(shape)
    barrier = cp.sum_squares(d) / (2 * shape.T) - cp.sum(cp.log(w)) / shape.N
    return _solver(cp.Problem(cp.Minimize(barrier), [R @ w + d >= 0]), R, w, rescale=True)


def _parts(shape: Shape) -> tuple[cp.Parameter, cp.Variable, cp.Variable]:
    return cp.Parameter((shape.T, shape.N)), cp.Variable(shape.N), cp.Variable(shape.T, nonneg=True)


def _solver(problem: cp.Problem, R: cp.Parameter, w: cp.Variable, *, rescale: bool = False) -> Solve:
    R.value = np.ones(R.shape)
    problem.get_problem_data(cp.CLARABEL)  # compiles; later solves only fill in the returns

    def solve(window: Window) -> Answer:
        R.value = window.returns / window.returns.std()
        problem.solve(solver=cp.CLARABEL)
        weights = w.value
        return Answer(weights / weights.sum() if rescale else weights, problem.status)

    return solve
