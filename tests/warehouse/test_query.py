"""Any client may ask anything at any time, and nobody can change anything."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from schemas.artifacts import ARTIFACTS
from schemas.errors import ConfigError
from schemas.identity import Run
from tests.visible import visible
from warehouse import Warehouse
from warehouse.catalogue import publish
from warehouse.query import query

MONDAY = dt.date(2015, 6, 1)


@pytest.fixture
def warehouse(tmp_path):
    publish(tmp_path)
    return Warehouse(tmp_path)


def run_of(attempt):
    noon = dt.datetime(2015, 6, 1, 16, 0, tzinfo=dt.UTC)
    return Run(
        strategy="risk_parity",
        session=MONDAY,
        decided_at=noon,
        venue="loopback",
        account="loopback-1",
        attempt=attempt,
    )


def put_returns(warehouse, run):
    warehouse.put(run, "returns", [{"symbol": "SPY", "session": MONDAY, "daily_return": 0.01}])


def test_every_view_exists_and_is_empty_on_a_fresh_start(warehouse):
    for name in ARTIFACTS:
        assert query(warehouse.root, f"select * from {name}").num_rows == 0


def test_every_view_every_column_and_the_macro_are_explained_to_any_client(warehouse):
    with duckdb.connect(warehouse.root / "warehouse.duckdb", read_only=True) as client:
        views = client.execute("select view_name, comment from duckdb_views() where not internal").fetchall()
        columns = client.execute(
            "select table_name || '.' || column_name, comment from duckdb_columns() "
            "where not internal and table_name != 'dictionary'"
        ).fetchall()
        (macro,) = client.execute(
            "select comment from duckdb_functions() where function_name = 'bars_asof'"
        ).fetchone()

    assert {f"all_{name}" for name in ARTIFACTS} < {name for name, _ in views}
    assert [name for name, comment in [*views, *columns] if not comment] == []
    assert "known at an instant" in macro


def test_the_dictionary_tells_meaning_and_unit(warehouse):
    sql = "select meaning from dictionary where view_name = 'fills' and column_name = 'slippage_bps'"

    assert "basis points" in query(warehouse.root, sql)["meaning"].to_pylist()[0]


def test_a_run_appears_in_all_views_at_once_when_it_is_committed(warehouse):
    run = run_of(1)
    put_returns(warehouse, run)
    assert query(warehouse.root, "select * from returns").num_rows == 0
    assert query(warehouse.root, "select * from all_returns").num_rows == 1

    warehouse.commit(run, "complete", flow_run_id=None, code_version="1")

    assert visible(warehouse.root, "select outcome from runs") == [{"outcome": "complete"}]
    assert query(warehouse.root, "select * from returns").num_rows == 1


@pytest.mark.parametrize(
    "sql",
    [
        "drop view runs",
        "create table mine as select 1",
        "copy (select 1) to 'stolen.csv'",
        "select 1; select 2",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
    ],
)
def test_what_would_change_something_is_refused(warehouse, sql):
    with pytest.raises(ConfigError, match="read-only"):
        query(warehouse.root, sql)


def test_files_outside_the_state_folder_stay_closed(warehouse, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_text("key\nhush\n")

    with pytest.raises(ConfigError):
        query(warehouse.root, f"select * from read_csv('{secret}')")


def test_a_misspelt_view_is_named_with_its_nearest_match(warehouse):
    with pytest.raises(ConfigError, match="Did you mean 'returns'"):
        query(warehouse.root, "select * from retruns")


def test_a_session_held_open_neither_blocks_a_run_nor_misses_it(warehouse):
    with duckdb.connect(warehouse.root / "warehouse.duckdb", read_only=True) as notebook:
        assert notebook.execute("select count(*) from all_returns").fetchone() == (0,)
        put_returns(warehouse, run_of(1))
        assert notebook.execute("select count(*) from all_returns").fetchone() == (1,)


def test_the_duckdb_command_line_reads_the_catalogue(warehouse):
    put_returns(warehouse, run_of(1))
    catalogue = warehouse.root / "warehouse.duckdb"

    answer = subprocess.run(
        [Path(sys.executable).with_name("duckdb"), "-readonly", "-csv", str(catalogue), "select symbol, daily_return from all_returns"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert answer.stdout.split() == ["symbol,daily_return", "SPY,0.01"]


def test_a_moved_folder_is_published_again(warehouse, tmp_path_factory):
    put_returns(warehouse, run_of(1))
    moved = tmp_path_factory.mktemp("backup") / "home"
    warehouse.root.rename(moved)

    assert query(moved, "select * from all_returns").num_rows == 1
