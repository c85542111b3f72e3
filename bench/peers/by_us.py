"""This project's own solvers, through their public functions."""

from __future__ import annotations

import numpy as np

from bench.quality import constraints_of
from bench.timing import Answer, Solve
from bench.windows import Shape, Window
from portfolio.risk_budgeting import budget_downside_risk
from portfolio.solver import Solution, minimise_downside_variance


def cold(shape: Shape) -> Solve:
    """Minimum downside variance, without a start."""
    constraints = constraints_of(shape)
    return lambda window: _answer(minimise_downside_variance(window.returns, constraints))


def warm(shape: Shape) -> Solve:
    """Minimum downside variance, beginning at last week's weights."""
    constraints = constraints_of(shape)
    return lambda window: _answer(minimise_downside_variance(window.returns, constraints, start=window.held))


def parity_cold(shape: Shape) -> Solve:
    """Downside risk parity, without a start."""
    constraints = constraints_of(shape)
    return lambda window: _answer(budget_downside_risk(window.returns, constraints))


def parity_warm(shape: Shape) -> Solve:
    """Downside risk parity, beginning at last week's weights."""
    constraints = constraints_of(shape)
    return lambda window: _answer(budget_downside_risk(window.returns, constraints, start=window.held))


def gram(_shape: Shape) -> Solve:
    """The floor: one Gram matrix RᵀR of the window by BLAS, which knows that the result is symmetric."""

    def multiply(window: Window) -> Answer:
        _ = window.returns.T @ window.returns
        return Answer(np.empty(0), "")

    return multiply


def _answer(solution: Solution) -> Answer:
    return Answer(solution.weights, "certified")
