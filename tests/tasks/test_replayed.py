"""Weeks lived through every stage on the loopback exchange, beside the simulation of the same weeks."""

import pytest

from portfolio.replay import CAUSES
from tasks.replayed import compare, tracking


@pytest.fixture
def weeks(pipeline, exchange):
    """Live so many Mondays."""

    def live(count):
        for week in range(count):
            if week:
                exchange.control.advance("next_week")
            run = pipeline("lookback=126").rebalance()
        return run.parameters

    return live


def test_the_causes_add_up_to_the_difference_and_but_for_the_hour_it_is_rounding(weeks, store):
    days = compare(store, weeks(3)).days
    causes = days[list(CAUSES)]

    assert (days["engine"] + causes.sum(axis=1)).to_numpy() == pytest.approx(
        days["lived"].to_numpy(), abs=1e-6
    )
    assert days["engine"].iloc[0] == days["lived"].iloc[0] == 100_000
    assert causes["targets"].abs().max() < 0.01
    assert causes["unexplained"].abs().max() < 0.01
    assert causes["sizing"].abs().max() < 1
    assert causes["spread"].iloc[-1] == pytest.approx(-causes["assumed costs"].iloc[-1], rel=0.05)


def test_a_backtest_finds_what_was_lived_and_nothing_where_nothing_was(weeks, store):
    assert tracking(store, "risk_parity").empty
    weeks(1)

    assert tracking(store, "risk_parity")["live"].iloc[0] == 100_000
    assert tracking(store, "equal_weight").empty


def test_what_was_lived_is_what_the_account_reports(weeks, store, exchange):
    found = compare(store, weeks(2))
    exchange.control.advance("close")

    account = exchange.control.state()
    last = found.days[found.days["session"] == "2015-06-08"].iloc[0]
    assert float(account["equity"]) == pytest.approx(last["lived"], abs=0.01)
