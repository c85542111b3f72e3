"""The simulated account against a plain loop over days."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from schemas.simulation_parameters import Costs, Rules
from tests.price_histories import history_of, irregular, random_weights

EXACT = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)


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
    targets, bps = random_weights(seed, history, schedule), float(10 * seed)
    rules = EXACT.model_copy(update={"execution": execution})
    account = simulate(history, schedule, targets, rules, Costs(slippage_bps=bps))
    prices = history.open if execution == "next_open" else history.close
    expected = plain_loop(history, schedule, targets, 1e-4 * bps, prices)
    np.testing.assert_allclose(account.equity, expected, rtol=1e-12)
