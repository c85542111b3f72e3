"""Between two orders somebody says stop: nothing more is sent, and only a person lets it go on."""

import pytest

import tasks.execution
from brokerage.client import Broker
from brokerage.kill_switch import KillSwitch
from config import load_settings
from schemas.errors import GuardRefusal
from tasks.safeguards import require_not_halted
from tasks.stage import resolve

pytestmark = pytest.mark.integration


@pytest.fixture
def halt_before(monkeypatch, store):
    """Engage the kill switch right before the order of that number is sent."""

    def halt_before(number):
        asked = []

        def somebody_halts():
            asked.append(1)
            if len(asked) == number:
                KillSwitch(store.root).engage("prices look wrong", by="Ada")
            require_not_halted()

        monkeypatch.setattr(tasks.execution, "require_not_halted", somebody_halts)

    return halt_before


def test_scenario_56_a_halt_between_two_orders_ends_the_run_and_outlives_it(
    pipeline, exchange, posts, halt_before
):
    halt_before(3)

    died = pipeline(strategy="equal_weight").rebalance()

    assert len(posts()) == 2, "the third was never sent"
    assert died.executed.outcome not in {"complete", "hold"}
    exchange.control.advance("next_session")
    refused = pipeline(strategy="equal_weight").open().opening
    assert not refused.allowed
    assert "prices look wrong" in " ".join(check.detail for check in refused.checks)
    assert len(posts()) == 2


def test_scenario_58_a_plan_beyond_a_limit_posts_nothing(pipeline, posts, monkeypatch):
    monkeypatch.setenv("RISKPARITY__LIMITS__MAX_ORDER_VALUE", "100")

    with pytest.raises(GuardRefusal, match="max_order_value"):
        pipeline(strategy="equal_weight").open().decide().send()
    assert posts() == []


def test_scenario_25_an_account_that_lends_four_times_its_equity_is_filled_once(pipeline):
    settings = load_settings()
    broker = Broker(resolve(settings), settings.broker)
    broker.configure({"max_margin_multiplier": "4"})

    pipeline(strategy="equal_weight").rebalance()

    account = broker.account()
    held = sum(position.market_value for position in broker.positions())
    assert held <= account.equity
    assert account.cash >= 0
