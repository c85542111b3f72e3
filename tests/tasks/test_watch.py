"""The watch asks the exchange's clock, the calendar and the warehouse whether a week went by without a rebalance."""

from __future__ import annotations

import pytest

from brokerage.kill_switch import KillSwitch
from schemas.errors import ConfigError
from tasks.watch import look_for_missed, missed_rebalance

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_a_week_that_nothing_ran_in_is_missed_and_the_error_says_what_to_do(pipeline, store, exchange):
    assert missed_rebalance("risk_parity") is None  # nobody ever wanted to trade
    pipeline().rebalance()
    exchange.control.advance("next_week")
    assert missed_rebalance("risk_parity") is None  # this week may still be rebalanced

    exchange.control.advance("next_week")
    missed = missed_rebalance("risk_parity")

    assert missed.exit_code == 6
    assert missed.what == "risk_parity was not rebalanced in 2015-W24"
    assert missed.figures == {"what was tried": "nothing: no run came to an end"}
    assert "`riskparity run risk_parity rebalance`" in missed.remedy
    assert look_for_missed.fn("risk_parity") == str(missed)


def test_what_was_tried_in_a_missed_week_is_named(pipeline, store, exchange):
    pipeline().rebalance()
    exchange.control.advance("next_week")
    KillSwitch(exchange.home).engage("a drill", by="Ada")
    pipeline().open().commit("refused")
    pipeline(dry_run=True).open().commit("planned")
    exchange.control.advance("next_week")

    missed = missed_rebalance("risk_parity")

    assert (
        missed.figures["what was tried"]
        == "risk_parity-2015-W24-1 refused, risk_parity-2015-W24-plan-2 planned"
    )


def test_a_strategy_that_is_misspelt_is_not_watched_in_vain(store):
    with pytest.raises(ConfigError, match="Configuration is not valid"):
        missed_rebalance("risk_paritty")
