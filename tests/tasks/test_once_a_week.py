"""One rebalance a strategy, account and week, whatever crashes, is retried or started again."""

from decimal import Decimal

import pytest

from brokerage.paper_exchange.launch import ensure_running
from schemas.errors import DataError, GuardRefusal, UnknownOutcome
from schemas.settings import ExchangeSettings
from tasks.week import acknowledge

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

KEYS_ROTATED = {
    "method": "POST",
    "path": "/v2/orders",
    "action": "status",
    "status": 401,
    "answer": {"message": "unauthorized."},
    "times": None,
}


def outcomes(store, strategy="risk_parity"):
    return store.runs(strategy, store.last_account(strategy))["outcome"].tolist()


def test_scenario_16_a_week_that_is_complete_is_not_rebalanced_again(pipeline, store, posts):
    done = pipeline().rebalance()

    assert outcomes(store) == ["complete"]
    again = pipeline().open().opening
    assert not again.allowed
    assert done.run.run_id in str(again.checks)
    assert len(posts()) == done.executed.orders.rows


def test_a_run_that_died_with_orders_out_is_gone_on_with_under_its_own_identity(pipeline, store, posts):
    died = pipeline("guard.max_turnover=0.1").open().decide().send()
    sent = posts()

    resumed = pipeline("guard.max_turnover=0.1").rebalance()

    assert resumed.run == died.run
    assert posts() == sent
    assert outcomes(store) == ["complete"]


def test_a_run_that_died_between_sells_and_buys_is_completed(pipeline, store, exchange, posts):
    pipeline(strategy="risk_parity").rebalance()
    exchange.control.advance("next_week")
    died = pipeline("max_weight=0.2").open().decide()
    exchange.control.set_faults({**KEYS_ROTATED, "nth": 3})
    with pytest.raises(Exception, match="keys"):
        died.send()
    exchange.control.set_faults()

    resumed = pipeline("max_weight=0.2").rebalance()

    assert resumed.run == died.run
    assert resumed.executed.outcome == "complete"
    accepted = [order for order in store.rows(resumed.executed.orders) if order["status"] == "filled"]
    assert (
        len(accepted) == len({order["client_order_id"] for order in accepted}) == resumed.executed.orders.rows
    )


def test_a_run_retried_after_another_completed_the_week_sends_nothing(pipeline, posts):
    first = pipeline("max_weight=0.2").open()
    pipeline().rebalance()
    sent = posts()

    with pytest.raises(GuardRefusal, match="once a week: 2015-W23 was rebalanced by"):
        first.decide().send()
    assert posts() == sent


def test_a_plan_of_an_earlier_day_is_not_sent(pipeline, exchange, posts):
    run = pipeline().open().decide()
    exchange.control.advance("next_session")

    with pytest.raises(GuardRefusal, match="began on another day"):
        run.send()
    assert posts() == []


def test_an_order_that_went_unanswered_is_not_sent_again_under_another_id_while_it_may_come_through(
    pipeline, store, exchange, posts, monkeypatch
):
    """A person has looked and found nothing; the order can still arrive until the market closes."""
    monkeypatch.setattr("brokerage.client.LOOK_UP_PAUSES", (0.01,))
    lost = {"method": "POST", "path": "/v2/orders", "action": "drop_before", "times": None}
    exchange.control.set_faults(lost)
    run = pipeline().rebalance()
    exchange.control.set_faults()
    sent = posts()

    assert run.executed.outcome == "needs_human"
    assert not pipeline().open().opening.allowed

    acknowledge(store, run.run.run_id, "not at the broker")
    with pytest.raises(UnknownOutcome, match="may still come through"):
        pipeline().open().decide()
    assert posts() == sent

    exchange.control.advance("next_session")
    assert pipeline().rebalance().executed.outcome == "complete"


@pytest.mark.parametrize(("minutes", "outcome"), [(9, "complete"), (11, "refused")])
def test_prices_that_moved_since_an_old_plan_are_not_traded_on(pipeline, exchange, posts, minutes, outcome):
    run = pipeline().open().decide()
    exchange.control.advance(f"2015-06-01T10:{minutes:02d}:00-04:00")
    exchange.control.set_faults(
        {"path": "/v2/stocks/snapshots", "action": "price_spike", "factor": 1.5, "times": None}
    )

    if outcome == "complete":
        assert run.send().executed.outcome == outcome
    else:
        with pytest.raises(GuardRefusal, match="Prices have moved since the plan was made"):
            run.send()
        assert posts() == []


def test_scenario_29_what_is_owed_is_paid_back_within_the_cap_on_turnover(pipeline, store, exchange):
    """A fifth of the equity is taken out of an invested account: it owes that, and the target is far away."""
    pipeline("max_weight=0.2").rebalance()
    exchange.control.transfer(Decimal(-20_000))
    exchange.control.advance("next_week")

    done = pipeline("max_weight=0.5", "guard.max_turnover=0.15").rebalance()

    assert done.executed.outcome == "complete"
    cash = next(row["qty"] for row in store.rows(done.executed.positions) if row["symbol"] == "CASH")
    sold = [row["value"] for row in store.rows(done.executed.fills) if row["side"] == "sell"]
    assert cash > -50
    assert sum(sold) > 19_000


def test_limits_tightened_between_a_crash_and_its_resumption_leave_no_order_unfollowed(
    pipeline, store, exchange, monkeypatch
):
    run = pipeline().open().decide()
    exchange.control.set_faults({**KEYS_ROTATED, "nth": 3})
    with pytest.raises(Exception, match="keys"):
        run.send()
    exchange.control.set_faults()
    monkeypatch.setenv("RISKPARITY__LIMITS__MAX_ORDER_VALUE", "100")

    resumed = pipeline().rebalance()

    assert (resumed.run, resumed.executed.outcome) == (run.run, "aborted")
    assert resumed.executed.fills.rows == 2
    assert "exceeds the limits" in resumed.executed.remarks[0]


def test_orders_of_a_run_that_died_are_recorded_when_it_is_resumed_too_late(pipeline, store, exchange, posts):
    run = pipeline().open().decide()
    exchange.control.set_faults({**KEYS_ROTATED, "nth": 3})
    with pytest.raises(Exception, match="keys"):
        run.send()
    exchange.control.set_faults()
    sent = posts()
    exchange.control.advance("next_session")

    resumed = pipeline().rebalance()

    assert resumed.run == run.run
    assert posts() == sent
    assert outcomes(store) == ["aborted"]
    assert "not_sent" in set(store.get(resumed.executed.orders)["status"])


def test_a_second_strategy_is_kept_out_of_the_account_even_when_the_first_died(pipeline):
    pipeline().open().decide().send()

    other = pipeline(strategy="equal_weight").open().opening

    assert not other.allowed
    assert "risk_parity" in str(other.checks)
    assert "RISKPARITY_HOME" in other.remedy


def test_two_runs_never_share_an_id(pipeline, exchange):
    monday = pipeline().open()
    exchange.control.advance("next_session")
    tuesday = pipeline().open()

    assert monday.run.run_id != tuesday.run.run_id
    with pytest.raises(GuardRefusal, match="another day"):
        monday.decide()


def test_force_trades_a_second_time_under_new_ids(pipeline, posts):
    first = pipeline().rebalance()
    pipeline("max_weight=0.2", force=True, reason="drill").rebalance()

    assert len(posts()) == len(set(posts())) > first.executed.orders.rows


def test_a_plan_leaves_no_trace_in_the_next_decision(pipeline, store, exchange):
    first = pipeline().rebalance()
    exchange.control.advance("next_week")
    pipeline("lookback=21", dry_run=True).open().decide().commit("planned")

    second = pipeline().open().decide()

    kept = store.get(first.weights)
    now = store.get(second.weights)
    members = [set(frame.loc[frame["in_sleeve"].astype(bool), "symbol"]) for frame in (kept, now)]
    assert members[0] == members[1]


def test_a_run_none_of_whose_orders_filled_does_not_use_up_the_week(pipeline, store, exchange):
    no = {"method": "POST", "path": "/v2/orders", "action": "reject_async", "times": None}
    exchange.control.set_faults(no)
    pipeline().rebalance()
    exchange.control.set_faults()
    exchange.control.advance("next_session")

    pipeline().rebalance()

    assert outcomes(store) == ["aborted", "complete"]


def test_a_late_feed_holds_up_the_run_and_not_the_day(pipeline, exchange):
    late = {"bars": {}, "next_page_token": None}
    exchange.control.set_faults(
        {"path": "/v2/stocks/bars", "action": "status", "status": 200, "answer": late, "times": 1}
    )
    run = pipeline().open()
    with pytest.raises(DataError, match="missing or stale"):
        run.decide()

    assert run.decide().plan.rows == 11


def test_other_keys_than_those_it_began_with_stop_a_run(pipeline, tmp_path, monkeypatch):
    run = pipeline().open()
    other = ensure_running(tmp_path / "other", ExchangeSettings(seed=8))
    monkeypatch.setenv("ALPACA_API_KEY", other.key_id)
    monkeypatch.setenv("ALPACA_SECRET_KEY", other.secret_key)
    monkeypatch.setenv("RISKPARITY__BROKER__TRADING_URL", other.url)
    monkeypatch.setenv("RISKPARITY__BROKER__DATA_URL", other.url)

    with pytest.raises(GuardRefusal, match="another account"):
        run.decide()
