"""Between two orders somebody says stop: nothing more is sent, and only a person lets it go on."""

import socket

import pytest
from prefect.context import TaskRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings

import tasks.execution
from brokerage.client import Broker
from brokerage.kill_switch import KillSwitch
from config import load_settings
from schemas.errors import GuardRefusal
from tasks import safeguards
from tasks.execution import send_orders
from tasks.safeguards import require_not_halted
from tasks.stage import resolve

pytestmark = pytest.mark.integration


@pytest.fixture
def halt_before(monkeypatch, store, posts):
    """Engage the kill switch right before the order of that number is sent."""

    def halt_before(number):
        once = iter(["somebody"])

        def somebody_halts():
            if len(posts()) == number - 1 and next(once, None):
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


@pytest.mark.parametrize("value", [0, 0.0, "0", "on", True, [], {}, "anything"])
def test_a_prefect_variable_that_is_no_word_of_release_halts(value, monkeypatch):
    monkeypatch.setattr(safeguards, "_halt_variable", lambda: value)

    with (
        TaskRunContext.model_construct(task=send_orders),
        pytest.raises(GuardRefusal, match="halted by a Prefect variable"),
    ):
        require_not_halted()


@pytest.mark.parametrize("value", [None, False, "", " Off ", "no", "FALSE"])
def test_a_prefect_variable_that_says_so_lets_trading_go_on(value, monkeypatch, store):
    monkeypatch.setattr(safeguards, "_halt_variable", lambda: value)

    with TaskRunContext.model_construct(task=send_orders):
        require_not_halted()


def test_where_prefect_does_not_answer_trading_is_halted(store):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free_port = server.getsockname()[1]
    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port}/api"}),
        TaskRunContext.model_construct(task=send_orders),
        pytest.raises(GuardRefusal, match="does not say whether trading is halted"),
    ):
        require_not_halted()


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
