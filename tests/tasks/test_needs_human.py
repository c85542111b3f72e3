"""A run that leaves a doubt closes the account to its strategy until a person has looked; then the next converges."""

import pytest

from brokerage.models import OrderTicket
from schemas.errors import ConfigError
from tasks.stage import account_of
from tasks.week import acknowledge, waiting_for_a_person

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def impatient(monkeypatch):
    """Fills and holdings are given a second to agree."""
    monkeypatch.setenv("RISKPARITY__EXECUTION__DEADLINE_SECONDS", "1")


def died_after_its_first_order(pipeline, exchange):
    run = pipeline().open().decide()
    exchange.control.set_faults(
        {"method": "POST", "path": "/v2/orders", "action": "status", "status": 401, "nth": 2, "times": None}
    )
    with pytest.raises(Exception, match="keys"):
        run.send()
    exchange.control.set_faults()
    return run


def traded_by_hand(run, store):
    account = account_of(run.run)
    held = account.positions()[0]
    account.submit(OrderTicket("by-hand", held.symbol, "sell", qty=held.qty // 2))


def test_scenario_68_after_a_person_has_acknowledged_the_next_run_converges(
    impatient, pipeline, store, exchange, posts
):
    """A run with orders out, and holdings changed by hand meanwhile: it can neither go on nor be forgotten."""
    run = died_after_its_first_order(pipeline, exchange)
    traded_by_hand(run, store)
    sent = posts()

    resumed = pipeline().rebalance()
    closed = pipeline(force=True, reason="never mind").open().opening

    assert (resumed.run, resumed.executed.outcome) == (run.run, "needs_human")
    assert "Holdings and fills do not come to agree" in resumed.executed.remarks[0]
    assert posts() == sent
    assert not closed.allowed
    assert "riskparity acknowledge" in closed.remedy

    acknowledge(store, run.run.run_id, "sold half of it by hand")
    done = pipeline().rebalance()

    assert waiting_for_a_person(store, "risk_parity", run.run.account) is None
    assert done.executed.outcome == "complete"
    assert store.get(done.executed.positions)["difference"].abs().max() < 1e-3


@pytest.mark.parametrize(
    ("name", "reason"), [("risk_parity-2015-W23-9", "looked"), ("", "looked"), ("it", " ")]
)
def test_only_a_run_that_waits_is_acknowledged_and_only_with_a_reason(store, name, reason):
    with pytest.raises(ConfigError):
        acknowledge(store, name, reason)
