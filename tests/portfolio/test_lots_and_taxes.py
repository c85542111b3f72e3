"""Which lots are sold, what that gains, and what tax falls due, by hand."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from portfolio.lots import sold_lots
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import SimulatedAccount, simulate
from portfolio.taxes import Losses, tax_due
from schemas.simulation_parameters import Costs, Rules

ASSET = np.zeros(4, dtype=np.int64)
BOUGHT_TWICE = np.array([10.0, 10.0, -15.0, -5.0])
PRICES = np.array([100.0, 120.0, 130.0, 90.0])
YEARS = Rules(execution="same_close", drift_threshold=0.0, max_turnover=10.0)


def test_the_oldest_lots_are_sold_first():
    sale, purchase, shares, gains = sold_lots(ASSET, BOUGHT_TWICE, PRICES, highest_cost=False)
    assert sale.tolist() == [2, 2, 3]
    assert purchase.tolist() == [0, 1, 1]
    assert shares.tolist() == [10.0, 5.0, 5.0]
    assert gains.tolist() == [300.0, 50.0, -150.0]


def test_or_the_dearest():
    _, purchase, shares, gains = sold_lots(ASSET, BOUGHT_TWICE, PRICES, highest_cost=True)
    assert purchase.tolist() == [1, 0, 0]
    assert shares.tolist() == [10.0, 5.0, 5.0]
    assert gains.tolist() == [100.0, 150.0, -50.0]


def test_many_trades_of_many_assets_match_a_queue():
    rng = np.random.default_rng(4)
    assets, prices = rng.integers(0, 3, 500), rng.uniform(50, 150, 500)
    queues, shares, expected = [deque() for _ in range(3)], np.zeros(500), 0.0
    for k, asset in enumerate(assets):
        held = sum(amount for amount, _ in queues[asset])
        shares[k] = wanted = rng.uniform(1, 9) if rng.random() < 0.6 else -held * rng.choice([0.3, 1.0])
        if wanted > 0:
            queues[asset].append((wanted, prices[k]))
        while wanted < -1e-9:
            amount, price = queues[asset].popleft()
            taken = min(amount, -wanted)
            expected += taken * (prices[k] - price)
            wanted += taken
            if amount - taken > 1e-9:
                queues[asset].appendleft((amount - taken, price))
    *_, sold, gains = sold_lots(assets, shares, prices, highest_cost=False)
    assert gains.sum() == pytest.approx(expected)
    assert sold.sum() == pytest.approx(-shares[shares < 0].sum())


@pytest.mark.parametrize(
    ("short", "long", "carried", "tax", "left"),
    [
        (100.0, 200.0, Losses(), 30.0 + 40.0, Losses()),
        (100.0, -40.0, Losses(), 18.0, Losses()),
        (-300.0, 200.0, Losses(), 0.0, Losses(-100.0, 0.0)),
        (50.0, 50.0, Losses(-80.0, 0.0), 0.2 * 20.0, Losses()),
        (-10.0, -20.0, Losses(-1.0, -2.0), 0.0, Losses(-11.0, -22.0)),
    ],
)
def test_losses_set_off_gains_of_their_own_kind_first(short, long, carried, tax, left):
    costs = Costs(short_term_tax=0.3, long_term_tax=0.2)
    assert tax_due(np.array([short, long]), np.array([False, True]), costs, carried) == (
        pytest.approx(tax),
        left,
    )


def test_a_years_tax_is_paid_at_the_first_close_of_the_next_and_the_last_at_the_end():
    """All of 1,000 USD bought at 10 in 2020; half sold at 20 after a year and a day, the rest at 30 in 2022."""
    days = ["2020-03-02", "2021-03-03", "2021-12-31", "2022-01-03", "2022-06-01"]
    history = PriceHistory(
        ("A",), np.array(days, dtype="datetime64[D]"), np.array([[10.0], [20.0], [20.0], [20.0], [30.0]])
    )
    rows = np.array([0, 1, 4])
    costs = Costs(slippage_bps=0, short_term_tax=0.4, long_term_tax=0.1)
    account = simulate(history, Schedule(rows, rows), [[1.0], [0.5], [0.0]], YEARS, costs, capital=1000.0)
    assert account.realised.long_term.tolist() == [True, True]
    assert account.realised.gains.tolist() == [500.0, 1000.0]
    assert account.tax.tolist() == [0.0, 0.0, 0.0, 50.0, 100.0]
    assert account.equity.tolist() == [1000.0, 2000.0, 2000.0, 1950.0, 2450.0 - 100.0]


def test_a_lot_is_long_term_when_more_than_a_year_has_passed():
    days = np.array(["2020-02-29", "2021-02-28", "2021-03-01", "2021-03-02"], dtype="datetime64[D]")
    history = PriceHistory(("A",), days, np.full((4, 1), 10.0))
    rows = np.arange(4)
    account = simulate(history, Schedule(rows, rows), [[0.9], [0.6], [0.3], [0.0]], YEARS)
    assert account.realised.long_term.tolist() == [False, False, True]


@pytest.mark.parametrize("execution", ["same_close", "next_close"])
def test_who_looks_at_the_holdings_first_pays_the_same_tax(execution):
    days = np.array(["2021-03-01", "2021-06-01", "2021-09-01", "2021-12-01"], dtype="datetime64[D]")
    history = PriceHistory(("A",), days, np.array([[10.0], [20.0], [30.0], [40.0]]))
    delay = 0 if execution == "same_close" else 1
    schedule = Schedule(np.arange(4 - delay), np.arange(4 - delay) + delay)
    targets = np.array([[1.0], [0.5], [0.8], [0.0]])[: 4 - delay]
    rules, costs = YEARS.model_copy(update={"execution": execution}), Costs(short_term_tax=0.3)
    at_once = simulate(history, schedule, targets, rules, costs)

    account = SimulatedAccount(history, schedule, rules, costs)
    for k in range(len(targets)):
        account.held(targets[:k])
    looked = account.simulation(targets)

    assert at_once.tax.sum() > 0
    np.testing.assert_array_equal(looked.tax, at_once.tax)
    np.testing.assert_array_equal(looked.equity, at_once.equity)
