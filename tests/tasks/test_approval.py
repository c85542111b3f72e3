"""Plan, approve, apply: what is sent is what was approved, or nothing is."""

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from brokerage.client import Broker
from brokerage.models import OrderTicket
from config import load_settings
from flows import actions
from schemas.errors import ConfigError, GuardRefusal
from schemas.parameters import RebalanceParameters
from tasks.approval import _require_same_plan, adopt_plan
from tasks.stage import resolve
from warehouse.approval import approved_run, signed_plan

pytestmark = pytest.mark.integration


@pytest.fixture
def planned(pipeline):
    """A plan that was made and not sent."""
    return pipeline(dry_run=True, strategy="equal_weight").open().decide().commit("planned")


@pytest.fixture
def approved(pipeline, planned):
    """Begin a run that is to send it."""

    def begin(**more):
        flags = {"approved": planned.run.run_id, "approved_sha256": planned.plan.sha256} | more
        run = pipeline(strategy="equal_weight", **flags).open()
        adopt_plan.fn(run.opening, run.parameters)
        return run

    return begin


def test_exactly_what_was_approved_is_sent(planned, approved, store, exchange, posts):
    sent = approved().decide().send()

    wanted = {row["symbol"]: row["notional"] for row in store.rows(planned.plan) if row["action"] == "buy"}
    orders = [json.loads(r["body"]) for r in exchange.control.requests() if r["method"] == "POST"]
    assert {order["symbol"]: Decimal(order["notional"]) for order in orders} == wanted
    assert all(name.startswith(sent.run.run_id) for name in posts())
    assert planned.run.run_id in store.rows(sent.decision)[0]["reasons"]


def test_a_plan_is_refused_once_the_account_has_changed(planned, approved, store, exchange, posts):
    settings = load_settings()
    Broker(resolve(settings), settings.broker).submit(
        OrderTicket("by-hand", "SPY", "buy", notional=Decimal(50))
    )

    with pytest.raises(GuardRefusal, match="not what this plan was made for") as refused:
        approved()

    assert set(refused.value.figures) == {"SPY"}, "50 USD of cash are within the tolerance, shares never are"
    assert posts() == ["by-hand"]


def test_a_plan_is_refused_once_a_price_has_moved(approved, exchange):
    spike = {"path": "/v2/stocks/snapshots", "action": "price_spike", "symbol": "TLT", "factor": 1.02}
    exchange.control.set_faults(spike | {"times": None})

    with pytest.raises(GuardRefusal, match="price of TLT"):
        approved()


def test_a_plan_is_of_its_day(approved, exchange, posts):
    exchange.control.advance("next_session")

    with pytest.raises(GuardRefusal, match="made for something else"):
        approved()
    assert posts() == []


def test_a_plan_that_does_not_exist_or_is_another_than_approved_is_not_sent(approved, pipeline):
    with pytest.raises(ConfigError, match="no plan named"):
        approved(approved="equal_weight-2015-W23-plan-99")
    for sha256 in ("0" * 64, ""):
        with pytest.raises(GuardRefusal, match="not the one that was approved"):
            approved(approved_sha256=sha256)


def test_a_plan_is_approved_with_the_hash_of_its_trades_or_not_at_all(planned):
    for half in ({"approved": planned.run.run_id}, {"approved_sha256": planned.plan.sha256}):
        with pytest.raises(ValidationError, match="go together"):
            RebalanceParameters(**half)


def test_a_run_that_died_with_another_plan_is_not_taken_for_the_approved_one(planned, approved, store):
    """`...-plan-1` is the beginning of `...-plan-11`."""
    run = approved().run
    with pytest.raises(GuardRefusal, match="must be finished first"):
        _require_same_plan(store, run, f"as approved: {planned.run.run_id}"[:-1])


def test_apply_takes_a_signed_file_and_nothing_else_and_never_the_plans_force(
    pipeline, store, monkeypatch, tmp_path
):
    planned = pipeline(dry_run=True, strategy="equal_weight", force=True, reason="look").open().decide()
    planned.commit("planned")
    file = tmp_path / "plan.json"
    file.write_text(signed_plan(store, planned.run))
    flow = []
    monkeypatch.setattr(actions, "_run", lambda parameters, _request: flow.append(parameters) or [])
    monkeypatch.setattr(actions, "_exit_code", lambda _results: 0)

    with pytest.raises(ConfigError, match="no plan file"):
        actions.apply(planned.run.run_id, as_json=False)
    actions.apply(str(file), as_json=False)

    assert (flow[0].force, flow[0].reason, flow[0].dry_run) == (False, "", False)
    assert (flow[0].approved, flow[0].approved_sha256) == (planned.run.run_id, planned.plan.sha256)


def test_a_signed_file_names_its_run_and_cannot_be_altered(planned, store, tmp_path):
    content = signed_plan(store, planned.run)
    assert approved_run(store, content) == (planned.run.run_id, planned.plan.sha256)

    altered = json.loads(content)
    altered["trades"][0]["notional"] = "99999.00"
    unsigned = {name: value for name, value in altered.items() if name != "signature"}
    for wrong in (json.dumps(altered), json.dumps(unsigned), "[]", "not json", content[:-5]):
        with pytest.raises(GuardRefusal, match="altered"):
            approved_run(store, wrong)

    elsewhere = type(store)(tmp_path / "elsewhere")
    with pytest.raises(GuardRefusal, match="another state folder"):
        approved_run(elsewhere, content)
