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
    wanted, due = (
        dict(zip(schedule.decided.tolist(), targets, strict=True)),
        dict(zip(*schedule, strict=True)),
    )
    shares, cash, equity, trades = np.zeros(len(history.symbols)), 100_000.0, [], {}
    for t in range(schedule.decided[0], len(history.sessions)):
        for trade in (False, True):
            values = shares * np.where(
                history.halted[t], last_closes(history, t), prices[t] if trade else history.close[t]
            )
            before = cash + values.sum()
            if not trade and t in wanted:
                trades[due[t]] = making_room(wanted[t], values / before, history.halted[t])
            if trade and t in trades:
                free = ~history.halted[t]
                weights = making_room(trades[t], values / before, ~free)[free]
                rest = after = before - values[~free].sum()  # what is halted pays no costs
                for _ in range(60):  # a contraction by the rate of costs
                    invested = weights * (before / rest) * after
                    after = rest - rate * np.abs(invested - values[free]).sum()
                shares[free], cash = invested / prices[t][free], after - invested.sum()
        equity.append(cash + shares @ np.where(history.halted[t], last_closes(history, t), history.close[t]))
    return np.array(equity)


def last_closes(history, t):
    """Of each asset (N,), up to and with session t."""
    return np.array([column[np.isfinite(column)][-1] for column in history.close[: t + 1].T])


def making_room(weights, held, halted):
    """What is halted stays; the others are cut so that no more is invested than was wanted."""
    left = max(0.0, weights.sum() - held[halted].sum())
    free = np.where(halted, 0.0, weights)
    return np.where(halted, held, free * (min(1.0, left / free.sum()) if free.sum() > 0 else 0.0))


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


@pytest.mark.parametrize("execution", ["next_open", "next_close"])
@pytest.mark.parametrize("seed", range(10))
def test_so_it_is_when_trading_in_an_asset_is_halted(seed, execution):
    listed = np.ones((300, 5), dtype=bool)
    for asset in (1, 3):
        begun = np.random.default_rng([seed, asset]).integers(20, 200)
        listed[begun : begun + 40, asset] = False
    history, schedule = history_of(seed, listed=listed), irregular(seed)
    targets = random_weights(seed, history, schedule)
    account = simulate(
        history, schedule, targets, EXACT.model_copy(update={"execution": execution}), Costs(slippage_bps=20)
    )
    prices = history.open if execution == "next_open" else history.close
    expected = plain_loop(history, schedule, targets, 2e-3, prices)
    np.testing.assert_allclose(account.equity, expected, rtol=1e-12)
    assert not np.isin(account.trades.decisions, [-1]).any()
