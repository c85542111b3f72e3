"""A backtest from prices to report, on the bundled closes: what is on record afterwards, and what is left alone."""

import datetime as dt
import json

import pandas as pd
import pytest

from config import load_settings
from config.overrides import override
from flows.backtesting import run_backtest
from warehouse import Warehouse
from warehouse.query import query

SHORT = ["start=2015-01-01", "end=2016-01-29", "lookback=126", "draws=100"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def result(store):
    lived = store.root / "output" / "risk_parity" / "status.json"
    lived.parent.mkdir(parents=True)
    lived.write_text("lived")
    return run_backtest(store, override(load_settings().backtest("risk_parity"), SHORT), quiet=True)


@pytest.fixture
def asked(store, result):
    """Ask the warehouse that the backtest has left: a query's columns as lists."""
    return lambda sql: query(store.root, sql).to_pydict()


def test_every_account_lives_through_the_same_sessions(asked):
    spans = asked(
        "select series, min(session) a, max(session) b, count(*) n from all_backtest_equity group by 1"
    )

    assert set(spans["series"]) == {
        "risk_parity", "SPY", "equal_weight", "variance_risk_parity", "downside_risk_parity", "60/40",
    }  # fmt: skip
    assert set(spans["a"]) == {dt.date(2015, 1, 2)}
    assert set(spans["b"]) == {dt.date(2016, 1, 29)}
    assert len(set(spans["n"])) == 1


def test_the_trial_is_counted_with_what_its_luck_is_judged_by(asked, result):
    trial = pd.DataFrame(asked("from all_trials")).iloc[0]

    assert trial["run_id"] == result.trial.run_id
    assert json.loads(trial["parameters"])["strategy"]["lookback"] == 126
    assert trial["sessions"] == 271
    assert trial["kurtosis"] > 1
    assert trial["data_hash"] == result.prices.sha256


def test_its_luck_is_judged_by_the_trials_before_it_and_said_in_the_report(asked, result, store):
    row = pd.DataFrame(asked("from all_backtest_luck")).iloc[0]

    assert (row["run_id"], row["series"], row["trials"]) == (result.trial.run_id, "risk_parity", 1)
    assert 0 < row["probabilistic"] < 1
    assert row["sharpe"] == pytest.approx(asked("select sharpe from all_trials")["sharpe"][0])
    for page in ("report.html", "summary.md"):
        text = (store.root / result.report).with_name(page).read_text(encoding="utf-8")
        assert "it is the first configuration tried" in text


def test_what_was_lived_is_neither_overwritten_nor_mixed_with_it(store, result, asked):
    assert (store.root / "output" / "risk_parity" / "status.json").read_text() == "lived"
    assert store.last_account("risk_parity") is None
    assert asked("from all_runs")["run_id"] == []


def test_the_strategys_folder_holds_the_same_records_as_a_rebalances(store, result):
    folder = store.root / "output" / "risk_parity" / "backtest"

    assert {path.name for path in folder.iterdir()} == {
        "report.html", "summary.md", "definitions.csv", "figures", "tables", "performance.csv", "weights.csv", "orders.csv",
        "state.json", "status.json", "strategy.log",
    }  # fmt: skip
    assert pd.read_csv(folder / "performance.csv")["run_id"].tolist() == [result.trial.run_id]
    assert json.loads((folder / "state.json").read_text())["data_as_of"] == "2016-01-22"


def test_the_unit_of_every_column_of_every_file_is_defined(store, result):
    folder = store.root / "output" / "risk_parity" / "backtest"
    defined = pd.read_csv(folder / "definitions.csv")
    units = dict(zip(zip(defined["file"], defined["column"], strict=True), defined["unit"], strict=True))

    beside = [(path.name, path) for path in folder.glob("*.csv") if path.name != "definitions.csv"]
    tables = [(f"tables/{path.stem}", path) for path in (folder / "tables").glob("*.csv")]
    for file, path in (*beside, *tables):
        for column in pd.read_csv(path, nrows=0):
            assert units[file, column], (file, column)


def test_orders_are_the_trades_of_the_warehouse(store, asked):
    orders = pd.read_csv(store.root / "output" / "risk_parity" / "backtest" / "orders.csv")
    trades = asked("select sum(costs) as paid from all_backtest_trades where series = 'risk_parity'")
    equity = asked("select sum(costs) as paid from all_backtest_equity where series = 'risk_parity'")

    assert orders["costs"].sum() == pytest.approx(trades["paid"][0])
    assert trades["paid"] == pytest.approx(equity["paid"])


def test_a_reader_is_told_what_the_prices_are(result):
    told = " ".join(result.accounts.notes)

    assert "without dividends" in told
    assert "next close" in told
    assert "Cash earns nothing" in told


def test_the_report_says_how_to_run_it_again(store, result):
    page = (store.root / result.report).read_text(encoding="utf-8")

    assert "riskparity backtest risk_parity --set lookback=126" in page
    assert "start=" in page
