"""The state folder is verified, made smaller, copied and brought back, and no decision loses what it rests on."""

import datetime as dt
import json
import os
import sqlite3
import threading
import time

import duckdb
import pytest

from schemas.errors import ConfigError, DataError
from schemas.identity import Run, Trial
from warehouse import Warehouse
from warehouse.backup import backup, restore
from warehouse.check import check
from warehouse.compaction import compact
from warehouse.query import query
from warehouse.retention import prune

MONDAY = dt.date(2015, 6, 1)
YEAR = dt.timedelta(days=365)


@pytest.fixture
def store(tmp_path):
    return Warehouse(tmp_path / "home")


def run_of(week=0, *, dry_run=False, attempt=1):
    session = MONDAY + dt.timedelta(weeks=week)
    return Run(
        strategy="risk_parity", session=session, attempt=attempt, venue="loopback", account="loopback-1", dry_run=dry_run,
        decided_at=dt.datetime.combine(session, dt.time(14), dt.UTC),
    )  # fmt: skip


def opened(store, run):
    opening = {
        "strategy": run.strategy, "iso_week": str(run.week), "session": run.session, "attempt": run.attempt,
        "venue": run.venue, "account": run.account, "decided_at": run.decided_at.replace(tzinfo=None),
        "allowed": True, "checks": "", "flows": 0, "parameters": "{}", "redo": "", "flow_run_id": None, "code_version": "1",
    }  # fmt: skip
    store.put(run, "openings", [opening])
    return run


def bars(run, close=100.0, sessions=3):
    return [
        {
            "symbol": symbol, "session": run.session - dt.timedelta(days=back), "open": close, "high": close, "low": close,
            "close": close, "volume": 1.0, "source": "loopback", "feed": "iex", "adjustment": "all",
            "known_at": run.decided_at.replace(tzinfo=None),
        }
        for symbol in ("TLT", "SPY") for back in range(sessions)
    ]  # fmt: skip


def finished(store, week=0, outcome="complete", **kind):
    run = opened(store, run_of(week, **kind))
    store.learn(run, bars(run))
    store.put(run, "window_bars", bars(run))
    store.put(run, "returns", [{"symbol": "SPY", "session": MONDAY, "daily_return": 0.01 * week}])
    store.commit(run, outcome, flow_run_id=None, code_version="1")
    return run


def died(store, week, *, claimed=False):
    run = opened(store, run_of(week))
    store.put(run, "returns", [{"symbol": "SPY", "session": MONDAY, "daily_return": 0.01}])
    if claimed:
        claim = {"strategy": run.strategy, "iso_week": str(run.week), "account": run.account}
        store.put(run, "claims", [{**claim, "claimed_at": run.decided_at.replace(tzinfo=None)}])
    return run


def grow_old(root):
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 400 * 24 * 3600,) * 2)


def known(store):
    by = dt.datetime(2016, 1, 1, tzinfo=dt.UTC)
    return store.bars("loopback", "iex", "all", known_by=by).values.tolist()


def kinds(root):
    return {finding.uri: finding.kind for finding in check(root).findings}


def test_a_sound_folder_is_sound_and_a_run_that_died_is_no_fault(store):
    finished(store)
    crashed = died(store, 1)

    assert check(store.root).sound
    assert kinds(store.root) == {crashed.run_id: "unfinished"}


def test_what_is_altered_damaged_missing_or_orphaned_is_named(store):
    first, second, third = (finished(store, week) for week in range(3))
    uri = {run: store.find(run, "returns").uri for run in (first, second)}
    (store.root / uri[first]).write_bytes((store.root / uri[second]).read_bytes())
    (store.root / uri[second]).unlink()
    marker = store.find(third, "runs").uri
    (store.root / marker).write_bytes((store.root / marker).read_bytes()[:-100])
    stranger = run_of(9)
    store.put(stranger, "returns", [{"symbol": "SPY", "session": MONDAY, "daily_return": 0.0}])
    leftover = store.root / "artifacts" / "returns" / ".1234.tmp"
    leftover.write_bytes(b"")
    os.utime(leftover, (0, 0))
    (store.root / "intents.sqlite").write_bytes(b"SQLite format 3\x00 no more")

    assert kinds(store.root) == {
        uri[first]: "altered",
        uri[second]: "missing",
        marker: "damaged",
        f"artifacts/returns/run_date=2015-08-03/{stranger.run_id}.parquet": "orphaned",
        "artifacts/returns/.1234.tmp": "orphaned",
        "intents.sqlite": "damaged",
    }


def test_what_joins_a_finished_run_unlisted_is_orphaned(store):
    run = finished(store)
    store.put(run, "cleaning_log", [])

    assert list(kinds(store.root).values()) == ["orphaned"]


def test_compaction_keeps_every_version_and_nobody_sees_it_happen(store):
    for week in range(3):
        finished(store, week)
    before, asked = known(store), "select count(*) as n from all_bars"
    rows = query(store.root, asked)["n"].to_pylist()

    with duckdb.connect(store.root / "warehouse.duckdb", read_only=True) as reader:
        done = compact(store.root)
        while_both_are_there = reader.execute(asked).fetchone()[0]
        grow_old(store.root / "bars")
        removed = compact(store.root).removed
        afterwards = reader.execute(asked).fetchone()[0]

    assert [len(sources) for sources in done.merged.values()] == [3]
    assert sorted(removed) == sorted(*done.merged.values())
    assert [while_both_are_there, afterwards] == rows * 2 == [18, 18]
    assert known(store) == before
    assert check(store.root).findings == ()
    assert compact(store.root).merged == {}


def test_bars_delivered_twice_stay_twice_for_cleaning_to_see_whether_merged_or_not(store):
    run, twice = run_of(), bars(run_of(), sessions=1) * 2
    store.learn(run, twice)
    store.learn(run_of(1), bars(run_of(1)))
    before = known(store)
    compact(store.root)

    assert known(store) == before
    assert len(before) == 2 * 2 + 6


def test_a_merged_file_that_is_not_what_was_written_replaces_nothing(store):
    for week in range(2):
        finished(store, week)
    (merged,) = compact(store.root).merged
    with (store.root / merged).open("r+b") as file:
        file.seek(20)
        file.write(b"?")
    grow_old(store.root / "bars")

    with pytest.raises(DataError, match="files it stands for are kept"):
        compact(store.root)
    assert kinds(store.root) == {merged: "altered"}


def test_pruning_takes_no_input_of_a_decision_unless_told_to(store):
    decided, planned = finished(store), finished(store, outcome="planned", dry_run=True, attempt=2)
    crashed, sending = died(store, 1), died(store, 2, claimed=True)
    trial = Trial(strategy="risk_parity", decided_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    store.put(trial, "backtest_binding", [{"decided": MONDAY, "constraint_name": "max_weight SPY"}])
    grow_old(store.root)

    told = prune(store.root, older_than=YEAR, dry_run=True)
    assert store.find(planned, "returns") is not None
    done = prune(store.root, older_than=YEAR)

    assert done == told
    assert {row.uri.rpartition("/")[2].removesuffix(".parquet") for row in done} == {
        planned.run_id, crashed.run_id, trial.run_id,
    }  # fmt: skip
    assert store.find(decided, "returns") is not None
    assert store.find(sending, "returns") is not None
    assert check(store.root).sound

    forced = prune(store.root, older_than=YEAR, decisions=True)
    assert {row.why for row in forced} == {"input of a decision"}
    assert store.find(decided, "window_bars") is None
    assert store.find(sending, "returns") is not None
    assert check(store.root).sound


def test_what_is_young_is_kept(store):
    finished(store, outcome="planned", dry_run=True)

    assert prune(store.root, older_than=dt.timedelta(days=7)) == []


@pytest.fixture
def busy(store):
    """A run a moment, an order a moment, until the test is over."""
    over = threading.Event()
    (store.root).mkdir()
    book = sqlite3.connect(store.root / "intents.sqlite", check_same_thread=False, isolation_level=None)
    book.execute("PRAGMA journal_mode=WAL")
    book.execute("CREATE TABLE intent (n INTEGER)")

    def write():
        for week in range(2000):
            if over.is_set():
                return
            finished(store, week)
            book.execute("INSERT INTO intent VALUES (?)", (week,))

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() and not list(store.root.glob("artifacts/runs/*/risk_parity*")):
        time.sleep(0.05)
    yield store
    over.set()
    writer.join()
    book.close()


def test_a_backup_made_while_runs_go_on_holds_whole_runs_only_and_comes_back(busy, tmp_path):
    (busy.root / "halts.jsonl").write_text("{}")
    backup(busy.root, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "elsewhere")

    home = tmp_path / "elsewhere"
    assert check(home).sound
    runs = query(home, "select count(*) as n from all_runs")["n"].to_pylist()
    whole = query(home, "select count(*) as n from all_returns semi join all_runs using (run_id)")[
        "n"
    ].to_pylist()
    assert runs == whole != [0]
    assert (home / "halts.jsonl").read_text() == "{}"
    with sqlite3.connect(home / "intents.sqlite") as book:
        assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert book.execute("SELECT count(*) FROM intent").fetchone()[0] >= runs[0] - 1


def test_a_damaged_backup_and_a_folder_in_use_are_refused(store, tmp_path):
    run = finished(store)
    copy = tmp_path / "copy"
    backup(store.root, copy)

    with pytest.raises(ConfigError, match="not empty"):
        restore(copy, store.root)
    with pytest.raises(ConfigError, match="new folder outside"):
        backup(store.root, copy)
    with pytest.raises(ConfigError, match="no whole backup"):
        restore(tmp_path, tmp_path / "new")
    (copy / store.find(run, "returns").uri).unlink()
    with pytest.raises(DataError, match="damaged"):
        restore(copy, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert "artifacts" in json.dumps(json.loads((copy / "backup.json").read_text())["files"])
