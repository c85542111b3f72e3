"""Artifacts are written once, checked in both directions, and become visible with the commit marker."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow.parquet as pq
import pytest

from schemas.artifacts import ARTIFACTS, arrow_schema
from schemas.errors import DataError
from schemas.identity import IsoWeek, Run, Trial
from tests.visible import visible
from warehouse import Warehouse, files
from warehouse.query import query
from warehouse.tables import VERSION_KEY

MONDAY = dt.date(2015, 6, 1)
NOON = dt.datetime(2015, 6, 1, 16, 0, tzinfo=dt.UTC)


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(tmp_path)


@pytest.fixture
def run():
    return Run(
        strategy="risk_parity", session=MONDAY, decided_at=NOON, venue="loopback", account="loopback-1"
    )


def returns_of(*values):
    sessions = [MONDAY + dt.timedelta(days=day) for day in range(len(values))]
    return [
        {"symbol": "SPY", "session": day, "daily_return": value}
        for day, value in zip(sessions, values, strict=True)
    ]


def test_what_was_put_is_what_is_read(warehouse, run):
    reference = warehouse.put(run, "returns", returns_of(0.01, -0.02))

    frame = warehouse.get(reference)

    assert frame["daily_return"].tolist() == [0.01, -0.02]
    assert frame["session"].tolist() == [MONDAY, MONDAY + dt.timedelta(days=1)]
    assert reference.uri == "artifacts/returns/run_date=2015-06-01/risk_parity-2015-W23-1.parquet"
    assert (reference.rows, reference.schema_version) == (2, 1)


def test_decimals_and_instants_survive_exactly(warehouse, run):
    cash = {
        "symbol": "CASH",
        "qty": Decimal("0.000000001"),
        "price": None,
        "last_close": None,
        "market_value": Decimal("99999999999999.99"),
        "weight": 1.0,
        "in_universe": True,
        "tradable": False,
        "fractionable": False,
    }

    reference = warehouse.put(run, "holdings", [cash])

    assert warehouse.get(reference)["qty"].tolist() == [Decimal("0.000000001")]
    assert warehouse.rows(reference) == [cash]


def test_a_retried_task_adopts_the_artifact_that_is_there(warehouse, run):
    first = warehouse.put(run, "returns", returns_of(0.01))
    second = warehouse.put(run, "returns", returns_of(0.99))

    assert second == first
    assert warehouse.get(second)["daily_return"].tolist() == [0.01]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (returns_of(-1.5), "greater_than"),
        (returns_of(float("nan")), "not_nullable"),
        ([{"symbol": "SPY", "session": MONDAY}], "missing columns"),
        ([{**returns_of(0.1)[0], "surprise": 1}], "unknown columns"),
        ([{**returns_of(0.1)[0], "symbol": 7}], "error"),
        (returns_of(0.1) * 2, "unique"),
    ],
)
def test_rows_that_break_the_model_are_refused_and_nothing_is_written(warehouse, run, rows, named):
    with pytest.raises(DataError, match=named):
        warehouse.put(run, "returns", rows)

    assert warehouse.find(run, "returns") is None


def test_a_frame_is_never_coerced_silently(warehouse, run):
    frame = pd.DataFrame({"symbol": ["SPY"], "session": [MONDAY], "daily_return": ["0.01"]})

    with pytest.raises(DataError):
        warehouse.put(run, "returns", frame)


def test_an_altered_artifact_is_not_read(warehouse, run):
    reference = warehouse.put(run, "returns", returns_of(0.01))
    path = warehouse.root / reference.uri
    other = Run(
        strategy="equal_weight", session=MONDAY, decided_at=NOON, venue="loopback", account="loopback-1"
    )
    path.write_bytes((warehouse.root / warehouse.put(other, "returns", returns_of(0.5)).uri).read_bytes())

    with pytest.raises(DataError, match="altered"):
        warehouse.get(reference)


def test_a_missing_artifact_says_which(warehouse, run):
    reference = warehouse.put(run, "returns", returns_of(0.01))
    (warehouse.root / reference.uri).unlink()

    with pytest.raises(DataError, match=r"returns.*is missing"):
        warehouse.get(reference)


def open_run(warehouse, run):
    opening = {
        "strategy": run.strategy,
        "iso_week": str(run.week),
        "session": run.session,
        "attempt": run.attempt,
        "venue": run.venue,
        "account": run.account,
        "decided_at": run.decided_at.replace(tzinfo=None),
        "allowed": True,
        "checks": "ok",
        "flows": Decimal(0),
        "parameters": "{}",
        "redo": "",
        "flow_run_id": None,
        "code_version": "1",
    }
    warehouse.put(run, "openings", [opening])


def test_what_a_run_was_opened_with_can_be_looked_up(warehouse, run):
    open_run(warehouse, run)

    assert warehouse.opening(run.run_id)["decided_at"] == run.decided_at.replace(tzinfo=None)


def test_a_history_written_by_another_version_says_so(warehouse, run, monkeypatch):
    older = arrow_schema(ARTIFACTS["openings"].model).remove(1)
    open_run(warehouse, run)
    path = next(warehouse.root.glob(f"artifacts/openings/*/{run.run_id}.parquet"))
    pq.write_table(older.empty_table().replace_schema_metadata({VERSION_KEY: "1"}), path)

    with pytest.raises(DataError, match="another version") as refused:
        warehouse.openings()
    assert "RISKPARITY_HOME" in refused.value.remedy


def test_attempts_count_unfinished_runs_too(warehouse, run):
    week = IsoWeek.of(MONDAY)
    assert warehouse.next_attempt("risk_parity", week) == 1

    open_run(warehouse, run)
    open_run(warehouse, run.model_copy(update={"attempt": 3, "dry_run": True}))

    assert warehouse.next_attempt("risk_parity", week) == 4
    assert warehouse.next_attempt("equal_weight", week) == 1


def test_runs_and_history_see_committed_runs_of_one_strategy_and_venue_only(warehouse, run):
    crashed = run.model_copy(update={"attempt": 2})
    elsewhere = run.model_copy(update={"attempt": 3, "account": "paper-1"})
    for each in (run, crashed, elsewhere):
        warehouse.put(each, "returns", returns_of(0.01))
    warehouse.commit(run, "complete", flow_run_id=None, code_version="1")
    warehouse.commit(elsewhere, "complete", flow_run_id=None, code_version="1")

    assert warehouse.runs("risk_parity", "loopback-1")["run_id"].tolist() == [run.run_id]
    assert set(warehouse.history("returns", "risk_parity", "loopback-1")["run_id"]) == {run.run_id}


def test_what_a_backtest_wrote_shows_with_its_trial_and_never_among_what_was_lived(warehouse, run):
    trial = Trial(strategy="risk_parity", decided_at=NOON)
    warehouse.put(trial, "backtest_binding", [{"decided": MONDAY, "constraint_name": "max_weight SPY"}])
    hidden = query(warehouse.root, "from backtest_binding").num_rows

    warehouse.put(trial, "backtests", [trial_row()])

    assert hidden == 0
    assert len(visible(warehouse.root, "from backtest_binding")) == 1
    assert query(warehouse.root, "from runs").num_rows == 0
    assert warehouse.last_account("risk_parity") is None


def test_a_finished_run_lists_what_it_wrote_with_checksums(warehouse, run):
    returns = warehouse.put(run, "returns", returns_of(0.01, -0.02))
    warehouse.learn(run, [bar("SPY", 100.0, NOON.replace(tzinfo=None), run.run_id)])
    warehouse.commit(run, "complete", flow_run_id=None, code_version="1")

    written = query(warehouse.root, "from all_artifacts order by uri").to_pylist()

    assert [row["artifact"] for row in written] == ["returns", "bars"]
    assert (written[0]["uri"], written[0]["sha256"]) == (returns.uri, returns.sha256)


def test_rot_on_the_disk_is_noticed_by_whoever_reads(warehouse, run):
    reference = warehouse.commit(run, "complete", flow_run_id=None, code_version="1")
    path = warehouse.root / reference.uri
    content = bytearray(path.read_bytes())
    content[content.index(b"complete")] ^= 1
    path.write_bytes(bytes(content))

    with pytest.raises(DataError, match="damaged"):
        warehouse.runs("risk_parity", "loopback-1")


def trial_row():
    instant, day = NOON.replace(tzinfo=None), MONDAY
    texts = dict.fromkeys(("parameters", "config_hash", "prices", "data_hash", "symbols", "code_version"), "")
    figures = dict.fromkeys(("cagr", "volatility", "sharpe", "skewness", "kurtosis", "turnover"), 0.0)
    dates = {"started_at": instant, "committed_at": instant, "first": day, "last": day}
    counts = {"sessions": 2, "decisions": 1}
    return {"strategy": "risk_parity", "max_drawdown": 0.0, **texts, **figures, **dates, **counts}


def bar(symbol, close, known_at, run_id):
    return {
        "symbol": symbol, "session": MONDAY, "open": close, "high": close, "low": close, "close": close,
        "volume": 100.0, "source": "loopback", "feed": "iex", "adjustment": "all", "known_at": known_at,
    }  # fmt: skip


def test_a_revised_bar_shadows_the_old_one_which_stays_known(warehouse, run):
    before, after = dt.datetime(2015, 6, 2), dt.datetime(2015, 6, 9)
    later = run.model_copy(update={"session": dt.date(2015, 6, 8)})
    warehouse.learn(run, [bar("SPY", 100.0, before, run.run_id)])
    warehouse.learn(later, [bar("SPY", 99.0, after, later.run_id)])

    def closes(known_by):
        return warehouse.bars("loopback", "iex", "all", known_by=known_by.replace(tzinfo=dt.UTC))[
            "close"
        ].tolist()

    assert closes(after) == [99.0]
    assert closes(before) == [100.0]
    assert query(warehouse.root, "select close from bars")["close"].to_pylist() == [99.0]
    as_of = query(warehouse.root, "select close from bars_asof('2015-06-03')")
    assert as_of["close"].to_pylist() == [100.0]
    assert query(warehouse.root, "select count(*) as n from all_bars")["n"].to_pylist() == [2]


def test_what_a_retried_run_learns_later_is_kept_beside_what_it_knew(warehouse, run):
    early = dt.datetime(2015, 6, 1)
    warehouse.learn(run, [bar("SPY", 100.0, early, run.run_id)])
    warehouse.learn(run, [bar("TLT", 50.0, early, run.run_id)])

    known = warehouse.bars("loopback", "iex", "all", known_by=early.replace(tzinfo=dt.UTC))
    assert known["symbol"].tolist() == ["SPY", "TLT"]


def test_rows_of_one_version_that_contradict_each_other_are_left_to_cleaning(warehouse, run):
    early = dt.datetime(2015, 6, 1)
    warehouse.learn(run, [bar("SPY", price, early, run.run_id) for price in (100.0, 150.0)])

    known = warehouse.bars("loopback", "iex", "all", known_by=early.replace(tzinfo=dt.UTC))
    assert known["close"].tolist() == [100.0, 150.0]
    assert query(warehouse.root, "select close from bars order by close")["close"].to_pylist() == [
        100.0,
        150.0,
    ]


def test_the_first_writer_wins_a_race(tmp_path):
    target = tmp_path / "a" / "file"

    assert files.put_if_absent(target, b"first")
    assert not files.put_if_absent(target, b"second")
    assert target.read_bytes() == b"first"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
