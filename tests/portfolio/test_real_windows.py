"""Real weeks: twelve ETFs 2005-2024 and twenty stocks 1990-2022. The weights are certified, each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from portfolio.constraints import Band, Constraints, TurnoverLimit
from portfolio.downside import downside_gradient, downside_variance
from portfolio.feasibility import absorb
from portfolio.solver import minimise_downside_variance

GROUPS = {"equities": ("SPY", "QQQ", "IWM", "EFA", "EEM"), "bonds": ("TLT", "IEF", "LQD")}


def weeks(returns):
    """The 252 sessions before each week's first session, and that session's return row."""
    numbers = returns.index.map(lambda day: day.isocalendar()[:2])
    R = returns.to_numpy()
    for first in range(252, len(R)):
        if numbers[first] != numbers[first - 1]:
            yield R[first - 252 : first]


def with_sleeve(symbols, window, groups=()):
    falling = window.mean(axis=0) < 0
    sleeve = (Band("negative sleeve", falling, 0.0, 0.3),) if falling.any() else ()
    upper = np.where(falling, 0.15, 0.35)
    rows = Constraints(symbols, 0.99, np.zeros(len(symbols)), upper, (*sleeve, *groups))
    return absorb(rows).constraints


def test_every_week_from_2005_to_2024_is_certified(etf_returns):
    symbols = tuple(etf_returns.columns)
    held, gaps = None, []
    for window in weeks(etf_returns):
        solution = minimise_downside_variance(window, with_sleeve(symbols, window), start=held)
        held = solution.weights
        gaps.append(solution.certificate.relative_gap)
        assert solution.certificate.violation <= 1e-12
    assert len(gaps) == 991
    assert max(gaps) <= 1e-11


def test_every_week_with_groups_sleeve_and_turnover_together(etf_returns, judge, proven):
    """Holdings drift with the week, the next weights start from them, and 5 % may be traded.

    Where caps fell further than that, as much as they require and 1 % more: a point is reached at
    which the turnover limit, the bands and the caps bind together.
    """
    symbols = tuple(etf_returns.columns)
    groups = tuple(Band(name, np.isin(symbols, some), 0.15, 0.6) for name, some in GROUPS.items())
    held, binding = None, 0
    for week, window in enumerate(weeks(etf_returns)):
        rows = with_sleeve(symbols, window, groups)
        if held is not None:
            growth = np.prod(1 + window[-5:], axis=0)
            drifted = held * growth / (1 + held @ (growth - 1))
            limit = max(0.05, judge.least_turnover(rows, drifted) + 0.01)
            rows = replace(rows, turnover=TurnoverLimit(drifted, limit))
        solution = proven(window, rows, start=held, gap=1e-10, note=week)
        binding += "turnover_limit" in solution.certificate.active
        held = solution.weights
    assert binding > 50


def test_a_cold_start_ends_where_the_path_of_warm_ones_does(stock_returns):
    symbols, R, held = tuple(stock_returns.columns), stock_returns.to_numpy(), None
    for last in range(252, 4000, 20):
        rows = Constraints(symbols, 1.0, np.zeros(20), np.full(20, 0.35))
        warm = minimise_downside_variance(R[last - 252 : last], rows, start=held)
        cold = minimise_downside_variance(R[last - 252 : last], rows)
        np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-10)
        held = warm.weights


def test_slsqp_calls_50_of_50_windows_a_success_far_above_the_optimum(stock_returns):
    """Unscaled, with the exact gradient: f is about 1e-4, and SciPy's tolerance is 1e-6 of anything.

    It stops at equal weights, where it started, or near, and reports success; ours is certified.
    """
    symbols, R = tuple(stock_returns.columns), stock_returns.to_numpy()
    for window in (R[first : first + 252] for first in range(0, 50 * 160, 160)):
        theirs = minimize(
            lambda w, window=window: downside_variance(window, w),
            np.full(20, 1 / 20),
            jac=lambda w, window=window: downside_gradient(window, w),
            method="SLSQP",
            bounds=[(0, 0.35)] * 20,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(20)},
        )
        rows = Constraints(symbols, 1.0, np.zeros(20), np.full(20, 0.35))
        ours = minimise_downside_variance(window, rows).certificate
        assert theirs.success
        assert theirs.fun > 1.3 * ours.objective
        assert ours.relative_gap <= 1e-12
