"""What an account meets in a history, each by hand; and the same equity from skfolio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skfolio import Portfolio

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from schemas.errors import DataError
from schemas.simulation_parameters import Costs, Rules
from tests.price_histories import history_of

FREE = Costs(slippage_bps=0)
EXACT = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)
FIRST = Schedule(np.array([0]), np.array([1]))


def closes(*columns, **fields):
    days = np.arange("2026-06-01", "2026-07-01", dtype="datetime64[D]")[: len(columns[0])]
    return PriceHistory(tuple("ABC"[: len(columns)]), days, np.array(columns, dtype=float).T, **fields)


def test_what_vanishes_is_sold_at_its_last_close():
    history = closes([10, 10, 12, np.nan, np.nan], [10, 10, 10, 10, 11])
    account = simulate(history, FIRST, [[0.5, 0.5]], EXACT, FREE)
    assert account.equity.tolist() == [100_000, 100_000, 110_000, 110_000, 115_000]
    assert account.cash.tolist() == [100_000, 0, 0, 60_000, 60_000]
    assert account.trades.decisions.tolist() == [0, 0, -1]
    assert account.trades.prices.tolist() == [10, 10, 12]


def test_a_halted_asset_is_kept_at_its_last_close_and_takes_its_loss_when_it_trades_again():
    history = closes([10, 10, np.nan, np.nan, 2], [10, 10, 10, 20, 20])
    account = simulate(history, FIRST, [[0.5, 0.5]], EXACT, FREE)
    assert account.equity.tolist() == [100_000, 100_000, 100_000, 150_000, 110_000]
    assert account.trades.decisions.tolist() == [0, 0]


def test_what_is_halted_is_not_traded_and_the_others_make_room():
    history = closes([10, 10, np.nan, np.nan, 5, 5], [10, 10, 10, 10, 10, 10])
    schedule = Schedule(np.array([0, 2, 4]), np.array([1, 3, 5]))
    account = simulate(history, schedule, [[0.5, 0.25], [0.0, 0.9], [0.0, 0.9]], EXACT, FREE)
    np.testing.assert_allclose(account.weights[3], [0.5, 0.4])
    np.testing.assert_allclose(account.weights[5], [0.0, 0.9])
    assert account.equity[5] == pytest.approx(75_000)


def test_what_vanishes_overnight_is_not_bought():
    account = simulate(closes([10, np.nan, np.nan], [10, 10, 20]), FIRST, [[0.5, 0.5]], EXACT, FREE)
    assert account.equity.tolist() == [100_000, 100_000, 150_000]


def test_dividends_are_paid_to_who_held_at_the_close_before():
    paid = np.array([[0.0], [1.0], [2.0]])
    account = simulate(closes([10, 10, 10], dividends=paid), FIRST, [[1.0]], EXACT, FREE)
    assert account.dividends.tolist() == [0, 0, 20_000]
    assert account.equity.tolist() == [100_000, 100_000, 120_000]


def test_cash_earns_its_yield_and_debts_cost_the_margin_rate_by_calendar_days():
    history = closes([10, 10, 10], cash_yield=np.full(3, 0.001))
    saved = simulate(history, FIRST, [[0.0]], EXACT, FREE)
    assert saved.equity.tolist() == pytest.approx([100_000, 100_100, 100_200.1])
    costs = Costs(slippage_bps=0, margin_rate=0.36)
    owed = simulate(history, FIRST, [[1.0]], EXACT.model_copy(update={"leverage": 2.0}), costs)
    assert owed.cash.tolist() == pytest.approx([100_000, -100_100, -100_100 * 1.001])
    assert owed.interest[2] == pytest.approx(-100.1)


def test_leverage_beyond_what_a_fall_leaves_ends_the_account():
    rules = EXACT.model_copy(update={"leverage": 3.0})
    twice = Schedule(np.array([0, 2]), np.array([1, 3]))
    account = simulate(
        closes([10, 10, 6, 60]), twice, [[1.0], [1.0]], rules, Costs(slippage_bps=0, margin_rate=0)
    )
    assert account.equity.tolist() == pytest.approx([100_000, 100_000, -20_000, -20_000])
    assert account.decisions.marks == ("done", "skipped")
    assert account.shares[2:].tolist() == [[0.0], [0.0]]


def test_drift_below_the_threshold_is_held_and_turnover_is_capped():
    thrice = Schedule(np.array([0, 1, 2]), np.array([1, 2, 3]))
    rules = Rules(execution="next_close", drift_threshold=0.05, max_turnover=0.2)
    targets = [[0.5, 0.5], [0.48, 0.52], [0.0, 1.0]]
    decisions = simulate(closes([10] * 5, [10] * 5), thrice, targets, rules, FREE).decisions
    assert decisions.marks == ("done", "held", "done")
    assert decisions.step.tolist() == pytest.approx([1.0, 0.0, 0.4])
    assert decisions.traded[2].tolist() == pytest.approx([0.3, 0.7])
    assert decisions.turnover.tolist() == pytest.approx([0.5, 0.0, 0.2])


def test_a_decision_without_weights_is_skipped_and_holdings_drift_on():
    twice = Schedule(np.array([0, 1]), np.array([1, 2]))
    account = simulate(closes([10, 10, 20], [10, 10, 10]), twice, [[0.5, 0.5], [np.nan, np.nan]], EXACT, FREE)
    assert account.decisions.marks == ("done", "skipped")
    assert account.weights[-1].tolist() == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("weights", [[-0.1, 0.5], [0.6, 0.5], [np.nan, 0.5], [0.0, 0.5]])
def test_weights_that_cannot_be_held_are_refused(weights):
    history = closes([10, 10, 10], [np.nan, 10, 10])
    with pytest.raises(DataError, match="decided on 2026-06-01 cannot be held"):
        simulate(history, FIRST, [weights], EXACT)


def test_trades_at_the_open_need_opens():
    with pytest.raises(DataError, match="need opens"):
        simulate(closes([10, 10]), FIRST, [[1.0]])


def test_prices_must_be_prices():
    with pytest.raises(DataError, match="close of B on 2026-06-02 is no price"):
        closes([10, 10], [10, 0])


def test_skfolio_with_drifting_weights_owns_the_same():
    history = history_of(8, 400, 6)
    weights = np.random.default_rng(8).dirichlet(np.ones(6))
    account = simulate(history, Schedule(np.array([0]), np.array([1])), [weights], EXACT, FREE)
    X = pd.DataFrame(history.returns[2:], columns=list(history.symbols))
    theirs = Portfolio(X, weights, weight_drift=True).returns
    np.testing.assert_allclose(
        account.equity[1:] / account.equity[1], np.cumprod([1.0, *(1.0 + theirs)]), rtol=1e-12
    )
