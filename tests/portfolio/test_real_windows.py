"""Every week of twenty years of twelve ETFs: the weights are certified, each time."""

from __future__ import annotations

import numpy as np

from portfolio.constraints import Band, Constraints
from portfolio.feasibility import absorb
from portfolio.solver import minimise_downside_variance


def test_every_week_from_2005_to_2024_is_certified(etf_returns):
    R, symbols = etf_returns.to_numpy(), tuple(etf_returns.columns)
    weeks = etf_returns.index.map(lambda day: day.isocalendar()[:2])
    firsts = [i for i in range(252, len(R)) if weeks[i] != weeks[i - 1]]
    held, gaps = None, []
    for first in firsts:
        window = R[first - 252 : first]
        falling = window.mean(axis=0) < 0
        bands = (Band("negative sleeve", falling, 0.0, 0.3),) if falling.any() else ()
        upper = np.where(falling, 0.15, 0.35)
        constraints = absorb(Constraints(symbols, 0.99, np.zeros(12), upper, bands)).constraints
        solution = minimise_downside_variance(window, constraints, start=held)
        held = solution.weights
        gaps.append(solution.certificate.relative_gap)
        assert solution.certificate.violation <= 1e-12
    assert len(gaps) == 991
    assert max(gaps) <= 1e-11
