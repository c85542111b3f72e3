"""The simulated account against a plain loop over days."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from schemas.simulation_parameters import Costs, Rules

EXACT = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)


def history_of(seed, T=300, N=5, **fields):
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(0.02 * rng.standard_t(4, (T, N)), axis=0))
    days = np.arange("2019-12-02", "2030-01-01", dtype="datetime64[D]")
    sessions = days[np.is_busday(days)][:T]
    fields = {"open": close * np.exp(0.005 * rng.standard_normal((T, N)))} | fields
    return PriceHistory(tuple("ABCDEFGHIJ"[:N]), sessions, close, **fields)


def irregular(seed, T=300):
    """Decisions from one to twenty sessions apart, traded in the session after."""
    rows = np.cumsum(np.random.default_rng(seed).integers(1, 20, T))
    decided = rows[rows < T - 1]
    return Schedule(decided, decided + 1)


def random_weights(seed, schedule, N=5):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(N), len(schedule.decided)) * rng.uniform(
        0.3, 1.0, (len(schedule.decided), 1)
    )
    return np.where(weights < 0.1, 0.0, weights)


def plain_loop(history, schedule, targets, rate, prices):
    """Equity (T,) from the first decision on: cash-exact, so that costs are paid out of what is rebalanced."""
    first, trades = schedule.decided[0], dict(zip(schedule.executed.tolist(), targets, strict=True))
    shares, cash, equity = np.zeros(len(history.symbols)), 100_000.0, []
    for t in range(first, len(history.sessions)):
        if t in trades:
            weights, values = trades[t], shares * prices[t]
            before = after = cash + values.sum()
            for _ in range(60):  # a contraction by the rate of costs
                after = before - rate * np.abs(weights * after - values).sum()
            shares, cash = weights * after / prices[t], after * (1.0 - weights.sum())
        equity.append(cash + shares @ history.close[t])
    return np.array(equity)


@pytest.mark.parametrize("execution", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize("seed", range(10))
def test_equity_is_that_of_a_plain_loop_over_days(seed, execution):
    history, schedule = history_of(seed), irregular(seed)
    if execution == "same_close":
        schedule = Schedule(schedule.decided, schedule.decided)
    targets, bps = random_weights(seed, schedule), float(10 * seed)
    rules = EXACT.model_copy(update={"execution": execution})
    account = simulate(history, schedule, targets, rules, Costs(slippage_bps=bps))
    prices = history.open if execution == "next_open" else history.close
    expected = plain_loop(history, schedule, targets, 1e-4 * bps, prices)
    np.testing.assert_allclose(account.equity, expected, rtol=1e-12)
