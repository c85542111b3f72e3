"""A point of a sweep is the backtest of its parameters, whatever its neighbours have left behind."""

import datetime as dt

import numpy as np
import pytest

from portfolio.statistics import cagr, sharpe_ratio
from schemas.backtest_parameters import BacktestParameters
from schemas.errors import DataError
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Rules
from schemas.sweep_parameters import SweepParameters
from strategies.registry import create
from strategies.risk_parity import RiskParity
from strategies.sweep_design import Design
from strategies.sweep_points import Evaluator
from strategies.walk_forward import walk_forward
from tests.price_histories import come_and_go, history_of

START = dt.date(2020, 3, 2)
WEEKS_FROM = dt.date(2020, 3, 6)
HISTORY = history_of(5, listed=come_and_go(5), cash_yield=np.full(300, 1e-4))


def points(axes, **strategy):
    shared = BacktestParameters(
        strategy=RiskParityParameters(**{"lookback": 40, **strategy}),
        start=START,
        rules=Rules(max_turnover=2.0),
    )
    return list(Design(SweepParameters(backtest=shared, axes=axes), HISTORY.symbols).points())


def evaluator():
    return Evaluator({5.0: HISTORY}, WEEKS_FROM)


def alone(point):
    p = point.parameters
    return walk_forward(create(p.strategy), HISTORY.of(point.symbols), p.rules, p.costs, start=p.start)


@pytest.fixture
def decided(monkeypatch):
    """How often a strategy was asked for a history of targets."""
    calls = []
    honest = RiskParity.target_history

    def counted(self, *arguments):
        calls.append(self.parameters)
        return honest(self, *arguments)

    monkeypatch.setattr(RiskParity, "target_history", counted)
    return calls


@pytest.mark.parametrize("limit", [None, 0.1], ids=["decided in one pass", "decided on what is held"])
def test_neighbours_change_nothing(limit):
    grid = points(
        {
            "max_weight": (0.4, 1.0),
            "weekday": (0, 3),
            "drift_threshold": (0.0, 0.05),
            "cost_bps": (0.0, 20.0),
        },
        turnover_limit=limit,
    )
    one_after_the_other = evaluator()

    for point in grid:
        lived, account = one_after_the_other.evaluate(point), alone(point)
        daily = account.equity[1:] / account.equity[:-1] - 1
        assert lived.account["cagr"] == pytest.approx(float(cagr(daily)), rel=1e-12)
        assert lived.account["sharpe"] == pytest.approx(float(sharpe_ratio(daily - 1e-4)), rel=1e-12)
        assert lived.account["traded"] == account.decisions.marks.count("done")
        np.testing.assert_array_equal(lived.last_target, account.plan.targets[-1])


def test_what_costs_and_drift_band_cannot_change_is_decided_once(decided):
    one_after_the_other = evaluator()
    for point in points({"lookback": (40, 60), "drift_threshold": (0.0, 0.05), "cost_bps": (0.0, 20.0)}):
        one_after_the_other.evaluate(point)

    assert [parameters.lookback for parameters in decided] == [40, 60]


def test_decisions_that_rest_on_what_is_held_are_taken_again(decided):
    one_after_the_other = evaluator()
    for point in points({"drift_threshold": (0.0, 0.05), "cost_bps": (0.0, 20.0)}, turnover_limit=0.1):
        one_after_the_other.evaluate(point)

    assert len(decided) == 4


def test_weekly_returns_make_up_the_equity_and_are_in_excess_of_cash():
    (point,) = points({})
    lived, account = evaluator().evaluate(point), alone(point)
    since = np.searchsorted(account.sessions, np.datetime64(WEEKS_FROM))

    assert np.prod(1 + lived.weekly_return) == pytest.approx(account.equity[-1] / account.equity[since])
    assert lived.weeks[0] == np.datetime64("2020-03-13")
    full = slice(0, -1)  # the last week may be short, and others hold a holiday less
    assert set(np.round(lived.weekly_return - lived.excess_return, 8)[full]) == {round(1.0001**5 - 1, 8)}


def test_every_weekday_has_the_same_weeks():
    weeks = [evaluator().evaluate(point).weeks.tolist() for point in points({"weekday": (0, 1, 2, 3, 4)})]

    assert all(each == weeks[0] for each in weeks)


def test_a_point_that_can_decide_nothing_says_why():
    (point,) = points({}, min_weight=0.9, max_weight=1.0)

    with pytest.raises(DataError, match=r"No decision could be taken.*No weights satisfy"):
        evaluator().evaluate(point)
