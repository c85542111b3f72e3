"""Doing part of a run again: what is taken over, what is done, and what is refused."""

from __future__ import annotations

import json

import pytest
from prefect.logging import disable_run_logger

from flows import runs_shown
from schemas.errors import ConfigError, DataError, GuardRefusal, UnknownOutcome
from schemas.stages import STAGES, WRITES, before
from tasks.continuation import recall, recall_finished, take_over
from tasks.guard import open_run
from tests.pipeline import Pipeline
from tests.prefect_processes import KEYS
from warehouse import Warehouse
from warehouse.query import query

pytestmark = pytest.mark.integration

BARS = "/v2/stocks/bars"


@pytest.fixture(scope="module")
def quiet(shared_exchange):
    """The warehouse of a day on which runs decide and nobody trades."""
    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        for key in KEYS:
            patch.delenv(key, raising=False)
        patch.setenv("RISKPARITY_HOME", str(shared_exchange.home))
        yield Warehouse(shared_exchange.home)


@pytest.fixture
def decided(quiet):
    """A run of that day that stopped before its first order."""
    return Pipeline("max_weight=0.3").open().decide()


@pytest.fixture(scope="module")
def told_otherwise(quiet):
    """One run of that kind for several tests."""
    return Pipeline("max_weight=0.3").open().decide()


@pytest.fixture
def pulls(shared_exchange):
    """How often bars were asked for."""
    return lambda: sum(r["path"] == BARS for r in shared_exchange.control.requests())


def content(store, run, name):
    """What an artifact says, but for whose it is."""
    return store.get(store.find(run, name)).drop(columns="run_id")


def lineage(store, run):
    return store.rows(store.find(run, "lineage"))


def damage(store, run, name):
    """Cut a file in half, as a full disk would."""
    path = store.root / store.find(run, name).uri
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_the_stages_before_are_taken_over_and_the_others_are_done(quiet, decided, pulls):
    for first in STAGES:
        pulled = pulls()

        resumed = Pipeline().resume(decided, first).decide()

        taken = lineage(quiet, resumed.run)
        assert [row["artifact"] for row in taken] == [name for done in before(first) for name in WRITES[done]]
        assert {row["taken_from"] for row in taken} <= {decided.run.run_id}
        assert [row["sha256"] for row in taken] == [
            quiet.find(decided.run, row["artifact"]).sha256 for row in taken
        ]
        assert (pulls() > pulled) == (first == "ingestion")
        assert resumed.run.attempt > decided.run.attempt
        assert resumed.parameters.strategy.max_weight == 0.3
        weights = content(quiet, resumed.run, "target_weights")
        assert weights.equals(content(quiet, decided.run, "target_weights"))


def test_the_earlier_run_stays_as_it_was_and_sql_tells_what_came_from_it(quiet, decided):
    files = {
        path: path.read_bytes() for path in quiet.root.glob(f"artifacts/*/*/{decided.run.run_id}.parquet")
    }

    resumed = Pipeline().resume(decided, "take stock").decide()

    assert {path: path.read_bytes() for path in files} == files
    sql = f"select artifact, taken_from from all_lineage where run_id = '{resumed.run.run_id}'"
    assert query(quiet.root, sql).to_pylist() == [
        {"artifact": name, "taken_from": decided.run.run_id}
        for name in ("window_bars", "returns", "cleaning_log")
    ]


def test_a_stage_that_had_not_finished_is_done_too(quiet):
    unfinished = Pipeline().open()

    assert lineage(quiet, Pipeline().resume(unfinished, "plan").run) == []


def test_what_is_damaged_is_noticed_by_whoever_needs_it_and_mended_by_its_own_stage(quiet, decided):
    damage(quiet, decided.run, "returns")

    with pytest.raises(DataError, match="returns") as noticed:
        Pipeline().resume(decided, "optimization")
    assert f'riskparity runs resume {decided.run.run_id} --from "cleaning"' in noticed.value.remedy
    assert [one.state for one in runs_shown.progress(quiet, decided.run)] == [
        "done", "damaged", "done", "done", "done", "not done", "not done",
    ]  # fmt: skip

    mended = Pipeline().resume(decided, "cleaning").decide()

    weights = content(quiet, mended.run, "target_weights")
    assert weights.equals(content(quiet, decided.run, "target_weights"))


def test_a_plan_is_resumed_as_a_plan(quiet):
    planned = Pipeline(dry_run=True).open().decide().commit("planned")

    resumed = Pipeline().resume(planned, "optimization")

    assert "-plan-" in resumed.run.run_id
    assert len(lineage(quiet, resumed.run)) == 4


def test_a_refresh_takes_over_from_the_last_run_of_the_day(quiet, decided):
    again = Pipeline().open()

    take_over.fn(again.opening, "take stock", again.parameters)

    assert {row["taken_from"] for row in lineage(quiet, again.run)} == {decided.run.run_id}


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("execution.min_trade=7", ["window_bars", "returns", "cleaning_log"]),
        ("min_weight=0.01", ["window_bars", "returns", "cleaning_log", "holdings"]),
        ("cleaning.reversal=0.6", ["window_bars"]),
        ("lookback=126", []),
        ("universe=SPY,TLT,IEF", []),
    ],
)
def test_what_was_made_with_other_parameters_is_not_taken_over(quiet, told_otherwise, told, taken):
    again = Pipeline("max_weight=0.3", told).open()

    take_over.fn(again.opening, "execution", again.parameters, told_otherwise.run.run_id)

    assert [row["artifact"] for row in lineage(quiet, again.run)] == taken


def test_an_opening_remembers_what_the_run_was_told_and_what_it_does_again(quiet, decided):
    again = open_run.fn(decided.parameters, ("cleaning",)).run

    opened = quiet.opening(again.run_id)
    assert type(decided.parameters).model_validate_json(opened["parameters"]) == decided.parameters
    assert opened["redo"] == "cleaning"


def test_a_run_that_does_not_exist_names_the_nearest(quiet, decided):
    with pytest.raises(ConfigError, match="no run named") as unknown:
        recall.fn("risk_parity-2015-W32-1")
    assert "Did you mean 'risk_parity-2015-W23-" in unknown.value.remedy


def test_runs_are_listed_and_shown_stage_by_stage(quiet, decided, capsys):
    resumed = Pipeline().resume(decided, "take stock").decide()

    runs_shown.listed("risk_parity", 2, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    runs_shown.shown(resumed.run.run_id, as_json=True)
    shown = json.loads(capsys.readouterr().out)

    assert [row["run"] for row in listed] == [decided.run.run_id, resumed.run.run_id]
    assert [row["taken over from"] for row in listed] == [None, decided.run.run_id]
    assert {row["outcome"] for row in listed} == {"unfinished"}
    states = {row["stage"]: row["state"] for row in shown["stages"]}
    assert states == {
        **dict.fromkeys(["ingestion", "cleaning"], "taken over"),
        **dict.fromkeys(["take stock", "optimization", "plan"], "done"),
        **dict.fromkeys(["execution", "accounts"], "not done"),
    }
    assert shown["parameters"]["strategy"]["max_weight"] == 0.3
    runs_shown.shown(resumed.run.run_id, as_json=False)
    assert f'runs resume {resumed.run.run_id} --from "execution"' in capsys.readouterr().err


def test_a_refresh_without_an_earlier_run_does_every_stage(pipeline, store):
    first = pipeline().open()

    assert take_over.fn(first.opening, "plan", first.parameters) == ()
    assert store.find(first.run, "lineage") is None


def test_a_run_resumed_at_its_orders_sends_them_once_under_its_own_ids_and_then_not_again(
    pipeline, store, posts, capsys
):
    stopped = pipeline().open().decide()

    resumed = pipeline().resume(stopped, "execution").decide().send().close()

    wanted = [row["client_order_id"] for row in store.rows(resumed.plan) if row["client_order_id"]]
    assert sorted(posts()) == sorted(wanted)
    assert all(name.startswith(resumed.run.run_id) for name in wanted)
    assert f"taken over: {stopped.run.run_id}" in store.rows(resumed.decision)[0]["reasons"]
    with pytest.raises(GuardRefusal, match="went out") as refused:
        recall.fn(resumed.run.run_id)
    assert refused.value.figures == dict.fromkeys(wanted, "filled")
    assert "a new run plans from what is held now" in refused.value.remedy
    assert recall_finished.fn(resumed.run.run_id).outcome == "complete"
    with pytest.raises(ConfigError, match="not the last finished run"):
        recall_finished.fn(stopped.run.run_id)
    runs_shown.shown(resumed.run.run_id, as_json=False)
    assert '--from "report"' in capsys.readouterr().err


def test_a_run_that_died_between_its_orders_is_gone_on_with_and_nothing_it_rests_on_is_done_again(
    pipeline, store, exchange, posts
):
    stopped = pipeline().open().decide()
    refused = {"method": "POST", "path": "/v2/orders", "nth": 2, "action": "status", "status": 401}
    exchange.control.set_faults({**refused, "times": None})
    died = pipeline(force=True, reason="drill").open().decide()
    with pytest.raises(UnknownOutcome, match="keys"):
        died.send()
    sent = posts()

    with pytest.raises(GuardRefusal, match="went out") as refusal:
        recall.fn(died.run.run_id)
    assert set(refusal.value.figures) <= set(sent)
    assert "The same run goes on" in refusal.value.remedy
    # a new attempt at the other run would be the one that died, gone on with
    with pytest.raises(GuardRefusal, match=died.run.run_id):
        pipeline().resume(stopped, "cleaning")
    assert posts() == sent


def test_what_was_taken_stock_of_must_be_so_still_and_the_day_the_same(pipeline, store, exchange):
    stopped = pipeline().open().decide()
    resumed = pipeline().resume(stopped, "plan")
    exchange.control.trade_by_hand("SPY", "buy", 3)

    with pytest.raises(GuardRefusal, match="not so any more") as refused:
        pipeline().resume(stopped, "plan")
    assert "SPY" in refused.value.figures
    assert pipeline().resume(stopped, "take stock").decide()
    # what was taken over before stands when the task is tried again
    take_over.fn(resumed.opening, "plan", resumed.parameters, stopped.run.run_id)

    exchange.control.advance("next_session")
    with pytest.raises(GuardRefusal, match="another day"):
        recall.fn(stopped.run.run_id)
