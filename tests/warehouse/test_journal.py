"""The strategy's output folder holds the last record of each kind, and repeats nothing on a retry."""

import datetime as dt
import json

import pandas as pd
import pytest

from schemas.identity import Run, Trial
from warehouse.journal import OutputJournal

MONDAY = dt.date(2015, 6, 1)


def journal_of(root, attempt=1):
    noon = dt.datetime(2015, 6, 1, 16, tzinfo=dt.UTC)
    run = Run(
        strategy="risk_parity",
        session=MONDAY,
        decided_at=noon,
        venue="loopback",
        account="loopback-1",
        attempt=attempt,
    )
    return OutputJournal(root, run)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "output" / "risk_parity"


def test_state_and_status_are_replaced_and_say_which_run_wrote_them(tmp_path, folder):
    journal = journal_of(tmp_path)
    journal.record_state("risk_parity", {"sleeve": ["TLT"]})
    journal.record_state("risk_parity", {"sleeve": ["IEF"]})
    journal.record_status("risk_parity", {"stage": "done"})

    state = json.loads((folder / "state.json").read_text())
    assert (state["sleeve"], state["run_id"]) == (["IEF"], "risk_parity-2015-W23-1")
    assert json.loads((folder / "status.json").read_text())["stage"] == "done"


def test_performance_has_one_row_a_run_however_often_it_is_recorded(tmp_path, folder):
    journal_of(tmp_path).record_performance("risk_parity", {"equity": 100})
    journal_of(tmp_path, attempt=2).record_performance("risk_parity", {"equity": 101})
    journal_of(tmp_path, attempt=2).record_performance("risk_parity", {"equity": 102})

    table = pd.read_csv(folder / "performance.csv")
    assert table["equity"].tolist() == [100, 102]


def test_log_lines_are_appended_with_time_and_run(tmp_path, folder):
    journal_of(tmp_path).log("risk_parity", "first")
    journal_of(tmp_path, attempt=2).log("risk_parity", "second")

    assert (folder / "strategy.log").read_text().splitlines() == [
        "2015-06-01 16:00:00Z risk_parity-2015-W23-1 first",
        "2015-06-01 16:00:00Z risk_parity-2015-W23-2 second",
    ]


def test_the_records_of_a_run_go_to_the_warehouse_as_rows(tmp_path):
    journal = journal_of(tmp_path)
    journal.record_state("risk_parity", {"sleeve": []})
    journal.record_status("risk_parity", {"stage": "done"})

    rows = journal.records("risk_parity", {"equity": 100})

    assert [row["kind"] for row in rows] == ["state", "status", "performance"]
    assert json.loads(rows[2]["content"]) == {"equity": 100}


def test_a_backtest_keeps_its_records_apart_from_what_was_lived(tmp_path, folder):
    trial = Trial(strategy="risk_parity", decided_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    journal_of(tmp_path).record_status("risk_parity", {"stage": "done"})
    OutputJournal(tmp_path, trial).record_status("risk_parity", {"stage": "backtest"})

    assert json.loads((folder / "status.json").read_text())["stage"] == "done"
    assert json.loads((folder / "backtest" / "status.json").read_text())["stage"] == "backtest"
