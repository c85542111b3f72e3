"""Doing part of a run again: what is taken over, what is done, and what is refused."""

from __future__ import annotations

import pytest

from schemas.errors import ConfigError, DataError, GuardRefusal
from schemas.stages import STAGES, WRITES, before
from tasks.continuation import recall, recall_finished, take_over
from tasks.guard import open_run
from tasks.reporting import write_report

pytestmark = pytest.mark.integration

BARS = "/v2/stocks/bars"


@pytest.fixture
def decided(pipeline):
    """A run that stopped before its first order."""
    return pipeline("max_weight=0.3").open().decide()


@pytest.fixture
def asked(exchange):
    """How often the exchange was asked for something."""
    return lambda path: sum(r["path"] == path for r in exchange.control.requests())


def content(store, run, name):
    """What an artifact says, but for whose it is."""
    return store.get(store.find(run, name)).drop(columns="run_id")


def damage(store, run, name):
    """Cut a file in half, as a full disk or a broken one would."""
    path = store.root / store.find(run, name).uri
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("first", STAGES)
def test_the_stages_before_are_taken_over_and_the_others_are_done(pipeline, decided, store, asked, first):
    pulled = asked(BARS)

    resumed = pipeline().resume(decided, first)

    taken = store.rows(store.find(resumed.run, "lineage"))
    assert [row["artifact"] for row in taken] == [name for done in before(first) for name in WRITES[done]]
    assert {row["taken_from"] for row in taken} <= {decided.run.run_id}
    assert {row["sha256"] for row in taken} == {
        store.find(decided.run, row["artifact"]).sha256 for row in taken
    }
    resumed.decide()
    assert (asked(BARS) > pulled) == (first == "ingestion")
    assert resumed.run.run_id == "risk_parity-2015-W23-2"
    assert resumed.parameters.strategy.max_weight == 0.3
    assert content(store, resumed.run, "target_weights").equals(content(store, decided.run, "target_weights"))


def test_a_run_resumed_at_its_orders_sends_them_under_its_own_ids_once(pipeline, decided, store, posts):
    resumed = pipeline().resume(decided, "execution").decide().send().close()

    assert resumed.executed.outcome == "complete"
    wanted = [row["client_order_id"] for row in store.rows(resumed.plan) if row["client_order_id"]]
    assert sorted(posts()) == sorted(wanted)
    assert all(name.startswith(resumed.run.run_id) for name in wanted)
    assert f"taken over: {decided.run.run_id}" in store.rows(resumed.decision)[0]["reasons"]


def test_the_earlier_run_stays_as_it_was(pipeline, decided, store):
    files = {
        path: path.read_bytes() for path in store.root.glob(f"artifacts/*/*/{decided.run.run_id}.parquet")
    }

    pipeline().resume(decided, "cleaning").rebalance()

    assert {path: path.read_bytes() for path in files} == files


def test_a_stage_that_had_not_finished_is_done_too(pipeline, decided, store):
    unfinished = pipeline().open()

    resumed = pipeline().resume(unfinished, "plan")

    assert store.rows(store.find(resumed.run, "lineage")) == []


def test_a_damaged_artifact_is_noticed_by_the_stage_that_needs_it_and_its_own_stage_mends_it(
    pipeline, decided, store
):
    damage(store, decided.run, "returns")

    with pytest.raises(DataError, match="returns") as noticed:
        pipeline().resume(decided, "optimization")
    assert f'riskparity runs resume {decided.run.run_id} --from "cleaning"' in noticed.value.remedy

    mended = pipeline().resume(decided, "cleaning").decide()

    assert content(store, mended.run, "target_weights").equals(content(store, decided.run, "target_weights"))


@pytest.mark.parametrize("sends", ["at once", "after a crash"])
def test_what_orders_rest_on_is_not_done_again(pipeline, store, exchange, posts, sends):
    if sends == "after a crash":
        fails = {
            "method": "POST",
            "path": "/v2/orders",
            "nth": 2,
            "action": "status",
            "status": 401,
            "times": None,
        }
        exchange.control.set_faults(fails)
    traded = pipeline().open().decide()
    if sends == "at once":
        traded.send().close()
    else:
        with pytest.raises(Exception, match="keys"):
            traded.send()
    sent = posts()

    with pytest.raises(GuardRefusal, match="went out") as refused:
        recall.fn(traded.run.run_id)

    assert set(refused.value.figures) <= set(sent)
    assert refused.value.figures
    assert "riskparity run risk_parity rebalance" in refused.value.remedy
    assert posts() == sent


def test_another_run_that_died_with_orders_out_comes_first(pipeline, decided, store, posts):
    """A new attempt would be that other run, gone on with."""
    other = pipeline(force=True, reason="drill").open().decide()
    other.send()
    sent = posts()

    with pytest.raises(GuardRefusal, match=other.run.run_id):
        pipeline().resume(decided, "cleaning")
    assert posts() == sent


def test_a_stock_that_was_taken_before_the_account_changed_is_not_taken_over(pipeline, decided, exchange):
    exchange.control.trade_by_hand("SPY", "buy", 3)

    with pytest.raises(GuardRefusal, match="not so any more") as refused:
        pipeline().resume(decided, "plan")
    assert "SPY" in refused.value.figures

    assert pipeline().resume(decided, "take stock").decide()


def test_a_run_is_resumed_on_its_day_with_its_account(pipeline, decided, exchange):
    exchange.control.advance("next_session")

    with pytest.raises(GuardRefusal, match="another day"):
        recall.fn(decided.run.run_id)


def test_a_run_that_does_not_exist_names_the_nearest(pipeline, decided):
    with pytest.raises(ConfigError, match="no run named") as unknown:
        recall.fn("risk_parity-2015-W32-1")
    assert "Did you mean 'risk_parity-2015-W23-1'?" in unknown.value.remedy


def test_a_plan_is_resumed_as_a_plan(pipeline, store):
    planned = pipeline(dry_run=True).open().decide().commit("planned")

    resumed = pipeline().resume(planned, "optimization")

    assert resumed.run.run_id == "risk_parity-2015-W23-plan-2"
    assert len(store.rows(store.find(resumed.run, "lineage"))) == 4


def test_a_refresh_takes_over_from_the_last_run_of_the_day(pipeline, decided, store):
    again = pipeline().open()

    take_over.fn(again.opening, "take stock", again.parameters)

    assert {row["taken_from"] for row in store.rows(store.find(again.run, "lineage"))} == {decided.run.run_id}


def test_a_refresh_without_an_earlier_run_does_every_stage(pipeline, store):
    first = pipeline().open()

    assert take_over.fn(first.opening, "plan", first.parameters) == ()
    assert store.find(first.run, "lineage") is None


def test_what_was_taken_over_stands_when_the_task_is_tried_again(pipeline, decided, store, exchange):
    resumed = pipeline().resume(decided, "plan")
    exchange.control.trade_by_hand("SPY", "buy", 3)

    take_over.fn(resumed.opening, "plan", resumed.parameters, decided.run.run_id)

    assert store.find(resumed.run, "holdings")


def test_an_opening_remembers_what_the_run_was_told_and_what_it_does_again(decided, store):
    again = open_run.fn(decided.parameters, ("cleaning",)).run

    opened = store.opening(again.run_id)
    assert type(decided.parameters).model_validate_json(opened["parameters"]) == decided.parameters
    assert opened["redo"] == "cleaning"


def test_the_report_is_written_again_for_the_last_finished_run_only(pipeline, store, exchange):
    first = pipeline().rebalance()
    write_report.fn(first.run, first.executed.outcome)
    page = store.root / "output" / "risk_parity" / "summary.html"
    page.unlink()

    ended = recall_finished.fn(first.run.run_id)
    write_report.fn(ended.run, ended.outcome)

    assert first.run.run_id in page.read_text()
    exchange.control.advance("next_week")
    pipeline().rebalance()
    with pytest.raises(ConfigError, match="not the last finished run"):
        recall_finished.fn(first.run.run_id)
