"""The tables of simulated accounts say what the accounts say."""

import numpy as np
import pytest

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from portfolio.simulation_tables import simulation_tables
from schemas.simulation_parameters import Rules

HISTORY = PriceHistory(
    ("SPY", "TLT"),
    np.arange("2020-01-06", "2020-01-11", dtype="datetime64[D]"),
    np.array([[100.0, 50.0], [110.0, 50.0], [110.0, 55.0], [121.0, 55.0], [121.0, np.nan]]),
)


@pytest.fixture
def account():
    """Half TLT, then all SPY; TLT vanishes on the last day, when nothing of it is held any more."""
    schedule = Schedule(np.array([0, 2]), np.array([1, 3]))
    rules = Rules(execution="next_close", max_turnover=2.0)
    return simulate(HISTORY, schedule, [[0.5, 0.5], [1.0, 0.0]], rules)


def test_every_row_names_its_account_and_amounts_agree(account):
    tables = simulation_tables({"a": account, "b": account}, {"a": np.array([[0.7, 0.3], [1.0, 0.0]])})

    ours = tables.trades[tables.trades["series"] == "a"]
    assert ours["costs"].sum() == pytest.approx(account.costs.sum())
    assert tables.equity.groupby("series")["equity"].last().tolist() == [account.equity[-1]] * 2
    assert tables.decisions["mark"].tolist() == ["done", "done"] * 2
    assert tables.gains["gain"].sum() == pytest.approx(2 * account.realised.gains.sum())


def test_weights_have_a_row_for_what_is_held_or_wanted_and_risk_where_it_is_known(account):
    weights = simulation_tables(
        {"a": account, "b": account}, {"a": np.array([[0.7, 0.3], [1.0, 0.0]])}
    ).weights

    second = weights[(weights["series"] == "a") & (weights["decided"] == "2020-01-08")]
    assert second["symbol"].tolist() == ["SPY", "TLT"]
    assert second["target"].tolist() == [1.0, 0.0]
    assert second["risk_share"].tolist() == [1.0, 0.0]
    assert weights[weights["series"] == "b"]["risk_share"].isna().all()
