"""Machine code made once, before the workers begin: each would else make all of it for itself, and run into its time-outs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portfolio.constraints import Band, TurnoverLimit, box
from portfolio.history import minimise_over_history
from portfolio.risk_budgeting import budget_downside_risk
from portfolio.simulated_account import simulate
from portfolio.solver import minimise_downside_variance
from tests.price_histories import history_of, irregular


def compile_numerics() -> None:
    """Call what takes long to compile; what is compiled already costs nothing."""
    R = np.random.default_rng(1).normal(0.0, 0.01, (60, 4))
    symbols, held = ("SPY", "TLT", "GLD", "EEM"), np.array([0.7, 0.1, 0.1, 0.1])
    bonds = Band("bonds", np.array([False, True, False, False]), 0.2, 0.6)
    plain = box(symbols, upper=0.7)
    limited = replace(box(symbols, upper=0.7, bands=[bonds]), turnover=TurnoverLimit(held, 0.15))
    minimise_downside_variance(R, plain, start=held)
    minimise_downside_variance(R, limited, start=held)
    budget_downside_risk(R, plain)
    budget_downside_risk(R, box(symbols, upper=0.3))
    minimise_over_history(R, [40, 50, 60], 40, plain)
    history = history_of(1)
    schedule = irregular(1)
    simulate(history, schedule, np.full((len(schedule.decided), 5), 0.2))
