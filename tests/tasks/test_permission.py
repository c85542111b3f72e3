"""Between the guard's yes and the first order hours, a crash or another run may lie: everything is asked once more."""

import pytest

from brokerage.kill_switch import KillSwitch
from brokerage.models import OrderTicket
from schemas.errors import GuardRefusal
from tasks.permission import claim_week
from tasks.stage import account_of, warehouse

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NO_RECORD = {
    "path": "/v2/account/activities",
    "action": "status",
    "status": 200,
    "answer": "[]",
    "times": None,
}
KEYS_ROTATED = {"method": "POST", "path": "/v2/orders", "action": "status", "status": 401, "times": None}


@pytest.fixture
def moved(store, exchange, tmp_path, monkeypatch):
    """Go on in another state folder, with the keys of the same account."""
    address = exchange.address
    keys = {"ALPACA_API_KEY": address.key_id, "ALPACA_SECRET_KEY": address.secret_key}
    urls = {f"RISKPARITY__BROKER__{kind}_URL": address.url for kind in ("TRADING", "DATA")}
    for name, value in (keys | urls).items():
        monkeypatch.setenv(name, value)
    folders = {"first": exchange.home, "second": tmp_path / "second"}

    def move(name):
        monkeypatch.setenv("RISKPARITY_HOME", str(folders[name]))

    return move


@pytest.fixture
def impatient(monkeypatch):
    """Orders, and fills and holdings, are given a second."""
    monkeypatch.setenv("RISKPARITY__EXECUTION__DEADLINE_SECONDS", "1")


def died(run, exchange, at_order):
    exchange.control.set_faults(KEYS_ROTATED | {"nth": at_order})
    with pytest.raises(Exception, match="keys"):
        run.send()
    exchange.control.set_faults()


def failed(opening):
    return {check.name: check.detail for check in opening.checks if not check.passed}


def test_a_second_state_folder_does_not_trade_the_week_again(moved, pipeline, posts):
    """Both count their runs alike: the second one's name is that of the first."""
    moved("first")
    first = pipeline("universe=bundled", strategy="equal_weight").rebalance()
    sent = posts()

    moved("second")
    second = pipeline("universe=bundled", strategy="equal_weight").open()

    assert second.run.run_id == first.run.run_id
    assert sent[0] in failed(second.opening)["own state folder"]
    assert "RISKPARITY_HOME" in second.opening.remedy


def test_a_second_state_folder_that_had_begun_before_the_first_sent_gets_no_claim(moved, pipeline):
    universe = "universe=bundled"
    moved("second")
    second = pipeline(universe, strategy="equal_weight").open()
    moved("first")
    first = pipeline(universe, strategy="equal_weight").rebalance()

    moved("second")
    with pytest.raises(GuardRefusal, match=rf"own state folder: .*{first.run.run_id}-B-"):
        claim_week(warehouse(), account_of(second.run), second.run, second.parameters)


@pytest.mark.parametrize(
    ("decided", "sent"),
    [
        ("2015-06-01T11:00:00-04:00", "2015-06-01T15:31:00-04:00"),
        ("2015-11-27T11:00:00-05:00", "2015-11-27T12:31:00-05:00"),
    ],
    ids=["an ordinary day", "the market closes at 13:00"],
)
def test_a_plan_is_not_sent_after_its_time_window(decided, sent, impatient, pipeline, exchange):
    exchange.control.advance(decided)
    run = pipeline(strategy="equal_weight").open().decide()
    exchange.control.advance(sent)

    with pytest.raises(GuardRefusal, match=r"time window: .* allowed 09:45 to 1[25]:30"):
        run.send()
    assert account_of(run.run).positions() == []


def test_a_run_retried_while_another_waits_for_a_person_sends_nothing(impatient, pipeline, exchange, posts):
    first = pipeline("max_weight=0.2").open()
    run = pipeline().open().decide()
    died(run, exchange, at_order=2)
    account = account_of(run.run)
    held = account.positions()[0]
    account.submit(OrderTicket("by-hand", held.symbol, "sell", qty=held.qty // 2))
    assert pipeline().rebalance().executed.outcome == "needs_human"
    sent = posts()

    with pytest.raises(GuardRefusal, match=r"looked at: .* needs a person"):
        first.decide().send()
    assert posts() == sent


def test_a_run_retried_after_another_strategy_has_traded_sends_nothing(pipeline, posts):
    first = pipeline(strategy="equal_weight").open()
    pipeline().rebalance()
    sent = posts()

    with pytest.raises(GuardRefusal, match="own account: traded last by risk_parity"):
        first.decide().send()
    assert posts() == sent


def test_a_run_that_is_gone_on_with_passes_the_breakers_too(pipeline, store, exchange, posts):
    pipeline().rebalance()
    exchange.control.advance("next_week")
    run = pipeline("max_weight=0.2").open().decide()
    died(run, exchange, at_order=2)
    exchange.control.set_faults(NO_RECORD)
    sent = posts()

    resumed = pipeline("max_weight=0.2").open().decide().send()

    assert resumed.run == run.run
    assert resumed.executed.outcome == "aborted"
    assert posts() == sent
    assert "holdings and cash accounted for" in KillSwitch(store.root).state().reason
