"""What is said of an account that lived shortly, was ruined, never decided, held something halted, or saw prices end."""

import datetime as dt

import numpy as np
import pytest

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import simulate
from schemas.baseline_parameters import BenchmarkParameters, FixedWeightsParameters
from schemas.errors import InfeasibleError
from schemas.simulation_parameters import Costs, Rules
from strategies.registry import create
from tasks.account_remarks import day_of_ruin, remarks_on, require_decisions
from tasks.backtest_lineup import Entrant

RULES = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)
FIRST = np.datetime64("2026-06-01")
BRIEF = "Only 4 sessions after the first, less than a year: annual figures and their intervals say little of a year."


def history(*columns):
    days = FIRST + np.arange(len(columns[0]))
    return PriceHistory(tuple("ABC"[: len(columns)]), days, np.array(columns, dtype=float).T)


def account(*columns, weights, leverage=1.0):
    rules = RULES.model_copy(update={"leverage": leverage})
    schedule = Schedule(np.array([0]), np.array([1]))
    return simulate(history(*columns), schedule, [weights], rules, Costs(slippage_bps=0))


def remarks(account, leverage=1.0, ruins=()):
    weights = dict.fromkeys(account.symbols, 1 / len(account.symbols))
    strategy = create(FixedWeightsParameters(weights=weights, cash_buffer=0.0))
    market = create(BenchmarkParameters(symbol="A", cash_buffer=0.0))
    entrants = [
        Entrant("ours", strategy, account.history, RULES.model_copy(update={"leverage": leverage})),
        Entrant("A", market, account.history, RULES),
    ]
    return remarks_on(entrants, {"ours": account, "A": account}, dict(ruins))


def test_nothing_is_said_of_a_plain_account_that_lived_for_a_year_of_returns():
    assert remarks(account([1] * 253, weights=[1.0])) == []


def test_a_shorter_life_is_said_before_all_else():
    assert remarks(account([1] * 252, weights=[1.0]))[0].startswith("Only 251 sessions after the first")


def test_what_was_halted_or_ended_is_named_with_its_figures():
    lived = account([10, 10, np.nan, np.nan, 5], [10, 10, 12, np.nan, np.nan], weights=[0.5, 0.5])
    assert remarks(lived) == [
        BRIEF,
        "Held without prices, at the last close, and not traded meanwhile: A (2 sessions).",
        "Sold at the last close, because prices end: B ($60,000 on 2026-06-04).",
    ]


def test_leverage_and_who_it_ruined_are_said():
    lived = account([10, 10, 11, 11, 11], weights=[1.0], leverage=2.0)
    said = remarks(lived, leverage=2.0, ruins={"equal_weight": dt.date(2026, 6, 3)})
    assert said == [
        BRIEF,
        "Leverage 2 is that of the strategies; A is not levered.",
        "equal_weight is left out: at this leverage it is ruined on 2026-06-03.",
    ]


def test_the_day_of_ruin_is_the_first_close_at_which_nothing_is_left():
    assert day_of_ruin(account([10, 10, 9, 6, 6], weights=[1.0], leverage=2.0)) is None
    assert day_of_ruin(account([10, 10, 9, 4, 6], weights=[1.0], leverage=2.0)) == dt.date(2026, 6, 4)


def test_an_account_without_any_decision_is_refused_with_the_reason():
    nothing = simulate(
        history([1, 1, 1, 1, 1]), Schedule(np.array([0]), np.array([1])), [[np.nan]], RULES, Costs()
    )
    with pytest.raises(InfeasibleError, match="could decide on no weights"):
        require_decisions("ours", nothing)
