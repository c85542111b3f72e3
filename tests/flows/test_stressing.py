"""A stress test from prices to page, on the bundled closes: what is on record afterwards, and what a person and a script see."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from config import load_settings
from config.overrides import override
from flows import stressing
from portfolio.periods import CRISES
from schemas.artifacts import ARTIFACTS
from schemas.errors import ConfigError
from schemas.stress_parameters import StressParameters
from tests.reports.page import Page
from warehouse import Warehouse
from warehouse.query import query

SHORT = ["universe=SPY,EFA,TLT,IEF,LQD", "end=2011-12-30", "lookback=126", "draws=20", "universes=[20, 60]"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def parameters():
    return override(StressParameters.of(load_settings().backtest("risk_parity")), SHORT)


@pytest.fixture(scope="module")
def result(store, parameters):
    return stressing.run_stress_test(store, parameters, quiet=True)


@pytest.fixture
def asked(store, result):
    """Ask the warehouse that the stress test has left: a query's rows."""
    return lambda sql: pd.DataFrame(query(store.root, sql).to_pydict())


def test_every_table_is_written_and_the_tests_own_row_names_the_worst(asked, result):
    names = {name for name, kind in ARTIFACTS.items() if kind.marker == "stress_tests"}
    written = {reference.name for reference in (*result.tables.artifacts, *result.prices.artifacts)}
    assert written | {"stress_tests"} == names
    test, rows = asked("from all_stress_tests").iloc[0], asked("from all_stress_scenarios")
    assert test["worst_loss"] == rows["loss"].min()
    assert test["worst"] == rows.sort_values("loss", kind="stable")["scenario"].iloc[0]
    assert test["refused"] == (rows["outcome"] != "decided").sum() == 2


def test_a_stress_test_counts_as_no_trial(asked):
    assert asked("from all_backtests").empty


def test_crises_that_no_price_reaches_are_listed_as_such(asked):
    rows = asked("from all_stress_crises").set_index("crisis")
    assert list(rows.index) == [crisis.name for crisis in CRISES]
    reached = {name: how for name, how in rows["reached"].items() if how != "no"}
    assert reached == {"Lehman": "both", "Flash crash, Greece": "both", "US downgrade, euro": "both"}
    assert rows.loc["Covid", ["lived", "held", "benchmark"]].isna().all()
    assert rows.loc["US downgrade, euro", "benchmark"] == pytest.approx(-0.18, abs=0.01)
    assert (rows.loc[list(reached), "turnover"] > 0).all()


def test_every_draw_is_a_life_of_the_whole_strategy(asked):
    rows = asked("from all_stress_resamples")
    assert sorted(rows["draw"]) == list(range(-1, 20))
    assert (rows["turnover"] > 0.5).all()
    assert rows["cagr"].nunique() == 21


def test_a_script_gets_every_row_and_the_seed_decides(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))
    assert stressing.stress("risk_parity", SHORT, live_like="", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    for name in ("scenarios", "resamples", "leverage"):
        first = asked(f"select * exclude (run_id, run_date) from all_stress_{name}")
        assert pd.DataFrame(told[name]).to_csv(index=False) == first.to_csv(index=False)
    assert told["weeks"] == []


def test_the_known_answers_are_found(asked):
    rows = asked("from all_stress_universes")
    known = rows.dropna(subset="least")
    assert len(known) == 8
    assert (known["apart"] < 1e-9).all()
    assert known["volatility"].to_numpy() == pytest.approx(known["least"].to_numpy())
    assert (rows["gap"] < 1e-8).all()
    assert rows["assets"].max() == 60


def test_leverage_costs_interest_and_is_beside_kelly(asked):
    rows = asked("from all_stress_leverage")
    by_rule = rows[rows["what"] != "grid"].set_index("what")["leverage"]
    assert set(by_rule.index) == {"Kelly", "half Kelly", "Kelly at the rate of cash", "best"}
    assert (
        by_rule["half Kelly"]
        == by_rule["Kelly"] / 2
        < by_rule["Kelly"]
        < by_rule["Kelly at the rate of cash"]
    )
    grid = rows[rows["what"] == "grid"].set_index("leverage")
    assert grid.loc[1.0, "interest"] == 0.0
    assert grid.loc[2.0, "interest"] == pytest.approx(0.07 * 0.98, rel=0.15)  # less while some is in cash
    assert grid["max_drawdown"].is_monotonic_decreasing
    assert grid.loc[2.0, "growth"] == pytest.approx(grid.loc[2.0, "model"], abs=0.01)


def test_the_page_stands_alone_and_in_order(store, result):
    page = Page((store.root / result.report).read_text(encoding="utf-8"))
    assert list(page.sections) == [
        "verdict", "losses", "crises-figure", "scenarios", "crises", "resamples", "leverage", "universes", "portfolio",
        "definitions", "provenance",
    ]  # fmt: skip
    assert page.open == []
    assert not [attrs for _, attrs in page.tags if any(name in attrs for name in ("src", "href"))]
    assert "riskparity stress risk_parity --set" in page.sections["provenance"]
    assert "the prices do not reach it" in page.sections["crises"]


def test_figures_tables_and_text_lie_beside_it(store, result):
    folder = (store.root / result.report).parent
    assert {path.stem for path in (folder / "figures").iterdir()} == {
        "losses",
        "crises",
        "resamples",
        "leverage",
    }
    scenarios = pd.read_csv(folder / "tables" / "scenarios.csv")
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in summary for name in scenarios["scenario"])
    assert "\n\n\n" not in summary


def test_the_terminal_has_the_worst_first(store, result, parameters, capsys):
    stressing._show(store, result, parameters)
    out, err = capsys.readouterr()
    losses = [float(line.split("50%")[1].split("%")[0]) for line in out.splitlines() if "falls 50%" in line]
    assert losses
    assert losses == sorted(losses)
    assert "more in the report" in out
    assert "Kelly's formula asks for" in err


def test_leverage_is_asked_for_in_its_own_table():
    with pytest.raises(ConfigError, match="its table has leverages") as refusal:
        override(StressParameters.of(load_settings().backtest("risk_parity")), ["rules.leverage=2"])
    assert refusal.value.exit_code == 2


def test_a_duration_can_be_given_by_its_ticker():
    told = override(
        StressParameters.of(load_settings().backtest("risk_parity")), ["durations.TLT=15.9", "max_weight=0.5"]
    )
    assert (told.durations["TLT"], told.durations["IEF"], told.strategy.max_weight) == (15.9, 7.2, 0.5)
