from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from portfolio.statistics import sharpe_ratio
from portfolio.track_record import risk_shares, track_records
from schemas.errors import DataError
from schemas.metrics import METRICS
from schemas.simulation_parameters import Costs, Rules

SESSIONS = pd.bdate_range("2018-06-01", "2020-06-30").to_numpy("datetime64[D]")
RULES = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)


@pytest.fixture(scope="module")
def accounts():
    """All in the first asset, and half in each, rebalanced every 20 sessions at 10 bp."""
    rng = np.random.default_rng(0)
    close = 100 * np.cumprod(1 + rng.normal(0.0003, 0.01, (len(SESSIONS), 2)), axis=0)
    history = PriceHistory(("A", "B"), SESSIONS, close)
    decided = np.arange(5, len(SESSIONS) - 1, 20)
    schedule = Schedule(decided, decided + 1)
    every = np.ones((len(decided), 1))
    return {
        name: simulate(history, schedule, every * weights, RULES, Costs(slippage_bps=10.0))
        for name, weights in {"halves": [0.5, 0.5], "A": [1.0, 0.0]}.items()
    }


@pytest.fixture(scope="module")
def records(accounts):
    return track_records(accounts, "A", draws=20)


def test_every_account_has_every_headline_figure(records):
    assert records.statistics.groupby("series")["metric"].apply(list).to_dict() == {
        "A": list(METRICS),
        "halves": list(METRICS),
    }
    of_halves = records.statistics.set_index(["series", "metric"])["estimate"]["halves"]
    returns = records.equity["halves"].pct_change().dropna().to_numpy()
    assert of_halves["sharpe"] == pytest.approx(float(sharpe_ratio(returns)))
    assert of_halves["cagr"] == pytest.approx(
        (records.equity["halves"].iloc[-1] / 1e5) ** (252 / len(returns)) - 1
    )


def test_what_was_traded_and_paid_after_the_first_funding_adds_up(accounts, records):
    account = accounts["halves"]
    years = records.years[records.years["series"] == "halves"]
    assert years["turnover"].sum() == pytest.approx(account.decisions.turnover[1:].sum())
    before, funded = account.equity[:-1], 1  # traded at the close after the first decision
    assert years["costs_bp"].sum() == pytest.approx(1e4 * (account.costs[1:] / before)[funded:].sum())
    a_year = records.statistics.set_index(["series", "metric"])["estimate"]["halves"]
    length = (len(account.equity) - 1) / 252
    assert a_year["turnover"] * length == pytest.approx(years["turnover"].sum())
    assert a_year["costs"] * length == pytest.approx(years["costs_bp"].sum())


@pytest.mark.parametrize("execution", ["next_close", "same_close"])
def test_an_account_that_is_funded_once_and_left_alone_has_no_turnover_and_no_costs(execution):
    """Its purchase is no yearly habit: neither the figures nor their intervals contain it."""
    close = np.linspace(100.0, 110.0, 40)[:, None]
    history = PriceHistory(("A",), SESSIONS[:40], close)
    decided = np.array([5, 10])
    account = simulate(
        history,
        Schedule(decided, decided + (execution == "next_close")),
        np.array([[np.nan], [1.0]]),  # nothing could be decided at first
        RULES.model_copy(update={"execution": execution}),
        Costs(slippage_bps=10.0),
    )
    assert account.decisions.turnover[1] == pytest.approx(0.5, rel=1e-2)
    figures = track_records({"A": account}, "A", draws=20).statistics.set_index("metric")
    assert (
        figures.loc[["turnover", "costs"], ["estimate", "low", "high"]].to_numpy().tolist() == [[0.0] * 3] * 2
    )


def test_months_and_years_compound_to_the_whole(records):
    for table in (records.months, records.years):
        growth = (1 + table["period_return"]).groupby(table["series"]).prod()
        for name in ("A", "halves"):
            assert growth[name] == pytest.approx(records.equity[name].iloc[-1] / records.equity[name].iloc[0])


def test_the_deepest_fall_is_the_maximum_drawdown(records):
    deepest = records.drawdowns.groupby("series")["depth"].min()
    figures = records.statistics.set_index(["metric", "series"])["estimate"]["max_drawdown"]
    for name in ("A", "halves"):
        assert deepest[name] == pytest.approx(figures[name])
        fall = records.drawdowns[records.drawdowns["series"] == name].iloc[0]
        equity = records.equity[name]
        assert equity[fall["trough"]] / equity[fall["peak"]] - 1 == pytest.approx(fall["depth"])


def test_crises_and_rolling_figures_are_there_where_the_history_reaches(records):
    assert records.crises["crisis"].unique().tolist() == ["Late 2018", "Covid"]
    assert records.rolling["session"].min() == pd.Timestamp(SESSIONS[5 + 252])


def test_cash_counts_in_the_ratios_alone(accounts, records):
    some = np.full(len(accounts["A"].equity), 1e-4)
    with_cash = track_records(accounts, "A", cash_yield=some, draws=5).statistics
    change = (with_cash["estimate"] - records.statistics["estimate"]).abs() > 1e-9
    assert set(with_cash.loc[change, "metric"]) <= {"sharpe", "sharpe_difference", "sortino", "alpha"}
    assert "sharpe" in set(with_cash.loc[change, "metric"])


def test_accounts_over_different_sessions_are_not_compared(accounts):
    history = PriceHistory(("A",), SESSIONS[:40], np.full((40, 1), 100.0))
    short = simulate(history, Schedule(np.array([5]), np.array([6])), np.ones((1, 1)), RULES, Costs())
    with pytest.raises(DataError, match="different sessions"):
        track_records(accounts | {"short": short}, "A", draws=5)


def test_risk_shares_by_hand():
    """Both fall by 1% on days of their own: shares go with the squares of the weights."""
    R = np.array([[0.5, 0.5], [-0.01, 0.0], [0.0, -0.01], [0.0, 0.0]])
    shares = risk_shares(R, [4, 4, 2], np.array([[0.75, 0.25], [0.0, 0.0], [0.5, 0.5]]), 3)
    assert shares[0] == pytest.approx([0.9, 0.1])
    assert np.isnan(shares[1:]).all()  # nothing held; too short a window


def test_an_asset_that_is_not_held_may_have_gaps():
    R = np.array([[-0.01, np.nan], [0.01, np.nan]])
    assert risk_shares(R, [2], np.array([[1.0, 0.0]]), 2).tolist() == [[1.0, 0.0]]
