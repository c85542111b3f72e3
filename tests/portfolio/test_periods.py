from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from portfolio.periods import CRISES, crisis_returns, monthly_returns, rolling_sharpe, rolling_volatility
from portfolio.statistics import sharpe_ratio, volatility
from schemas.errors import DataError


def _days(first, last):
    return pd.bdate_range(first, last).to_numpy("datetime64[D]")


def test_months_run_from_close_to_close_and_compound_to_their_year():
    sessions = _days("2019-11-15", "2021-02-10")
    equity = 100 * np.cumprod(1 + np.random.default_rng(0).normal(0, 0.01, len(sessions)))
    table = monthly_returns(sessions, equity)
    at = pd.Series(equity, pd.DatetimeIndex(sessions))
    assert table.loc[2020, 3] == pytest.approx(at[:"2020-03"].iloc[-1] / at[:"2020-02"].iloc[-1] - 1)
    assert table.loc[2019, 11] == pytest.approx(at[:"2019-11"].iloc[-1] / at.iloc[0] - 1)
    assert table.loc[2021, 2] == pytest.approx(at.iloc[-1] / at[:"2021-01"].iloc[-1] - 1)
    assert table.loc[2020, "year"] == pytest.approx(at[:"2020"].iloc[-1] / at[:"2019"].iloc[-1] - 1)
    assert np.prod(1 + table["year"]) == pytest.approx(equity[-1] / equity[0])
    assert table.loc[2019, 10:10].isna().all()
    assert list(table.columns) == [*range(1, 13), "year"]


def test_a_month_with_a_single_first_close_has_no_return():
    table = monthly_returns(np.array(["2020-01-31", "2020-02-28"], dtype="datetime64[D]"), [100.0, 90.0])
    assert np.isnan(table.loc[2020, 1])
    assert table.loc[2020, [2, "year"]].tolist() == pytest.approx([-0.1, -0.1])


def test_rolling_figures_are_those_of_each_window():
    r = np.random.default_rng(1).normal(0, 0.01, 30)
    for rolling, figure in ((rolling_volatility, volatility), (rolling_sharpe, sharpe_ratio)):
        rolled = rolling(r, 10)
        assert np.isnan(rolled[:9]).all()
        assert rolled[9:] == pytest.approx([float(figure(r[end - 10 : end])) for end in range(10, 31)])
        assert np.isnan(rolling(r[:9], 10)).all()


def test_a_window_of_one_session_is_refused():
    with pytest.raises(DataError, match="two sessions"):
        rolling_volatility(np.zeros(5), 1)


def test_a_crisis_is_measured_between_its_closes():
    sessions = _days("2019-12-02", "2020-06-30")
    equity = np.full(len(sessions), 100.0)
    equity[sessions >= np.datetime64("2020-03-12")] = 70.0
    equity[sessions >= np.datetime64("2020-03-20")] = 80.0
    (covid,) = crisis_returns(sessions, equity)
    assert covid.crisis.name == "Covid"
    assert covid.total == pytest.approx(-0.2)
    assert covid.max_drawdown == pytest.approx(-0.3)


def test_a_crisis_that_the_history_does_not_cover_is_left_out():
    inside = _days("2020-02-20", "2020-06-30")  # one session late
    assert crisis_returns(inside, np.ones(len(inside))) == []
    assert [crisis.first for crisis in CRISES] == sorted(crisis.first for crisis in CRISES)
    assert all(crisis.first < crisis.last for crisis in CRISES)
