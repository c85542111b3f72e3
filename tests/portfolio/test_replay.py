"""Each cause of a difference is what an account differs by that differs in nothing else."""

import numpy as np
import pytest

from portfolio.price_history import PriceHistory
from portfolio.replay import CAUSES, Lived, explain_difference, unexplained_bp
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from schemas.simulation_parameters import Costs, Rules

RULES, COSTS = Rules(execution="next_close"), Costs(slippage_bps=10)
HISTORY = PriceHistory(
    ("SPY", "TLT"),
    np.arange("2020-01-06", "2020-01-10", dtype="datetime64[D]"),
    np.array([[100.0, 50.0], [110.0, 50.0], [110.0, 55.0], [121.0, 55.0]]),
)
ROW = np.array([1])
TARGET = np.array([[0.5, 0.0]])


def simulated():
    return simulate(HISTORY, Schedule(ROW - 1, ROW), TARGET, RULES, COSTS, capital=1000.0)


def lived(middle=110.0, shares=4.5, price=None, target=0.5, fee=0.0):
    """One purchase of SPY from 1,000 USD, and a fee that no fill tells of."""
    paid = price or middle
    return Lived(
        executed=ROW,
        targets=np.array([[target, 0.0]]),
        traded=np.array([[target, 0.0]]),
        acted=np.array([True]),
        middles=np.array([[middle, 50.0]]),
        shares=np.array([[shares, 0.0]]),
        cash=np.array([1000.0 - shares * paid - fee]),
        slippage=np.array([shares * (paid - middle)]),
        capital=1000.0,
    )


def causes_of(what):
    table = explain_difference(simulated(), what, HISTORY, RULES, COSTS)
    total = table["engine"] + table[list(CAUSES)].sum(axis=1)
    assert total.to_numpy() == pytest.approx(table["lived"].to_numpy(), abs=1e-9)
    return table.iloc[-1]


def test_a_purchase_before_the_rise_of_the_day_shows_as_the_price_path():
    last = causes_of(lived(middle=100.0, shares=5.0))

    assert last["lived"] == pytest.approx(500 + 5 * 121)
    assert last["price path"] == pytest.approx(500 * (1.21 - 1.1), rel=2e-3)
    assert last["targets"] == 0.0


def test_what_was_paid_above_the_middle_is_the_spread():
    last = causes_of(lived(price=111.0))

    assert last["spread"] == pytest.approx(-4.5)
    assert last["unexplained"] == pytest.approx(0.0, abs=1e-9)


def test_cash_that_went_without_a_fill_is_unexplained():
    assert causes_of(lived(price=111.0, fee=3.0))["unexplained"] == pytest.approx(-3.0)


def test_fills_and_rounding_explain_all_but_other_targets_and_cash_without_a_fill():
    """A fee of 2 USD is 20 bp of 1,000 USD; a tenth of equity less in SPY, from 110 to 121, misses about 100 bp."""

    def left(what):
        return unexplained_bp(explain_difference(simulated(), what, HISTORY, RULES, COSTS))

    assert left(lived(middle=100.0, price=111.0, shares=3.0)) == pytest.approx(0.0, abs=1e-6)
    assert left(lived(fee=2.0)) == pytest.approx(20.0)
    assert left(lived(target=0.4, shares=400 / 110)) == pytest.approx(100.0, rel=0.02)


def test_shares_that_rounding_left_out_are_sizing():
    exact = 500 / 110
    assert causes_of(lived(shares=exact - 1))["sizing"] == pytest.approx(-(121 - 110))


def test_another_target_is_the_first_cause():
    last = causes_of(lived(target=0.4, shares=400 / 110))

    assert last["targets"] == pytest.approx(-100 * 0.1, abs=0.2)
    assert last["sizing"] == pytest.approx(0.0, abs=1e-9)
