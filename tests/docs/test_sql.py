"""The questions in docs/sql.md, asked of four weeks lived through on the loopback exchange."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from schemas.artifacts import ARTIFACTS
from tasks.execution import record_refusal
from tests.pipeline import Pipeline
from warehouse.query import query

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
QUESTIONS = {
    int(number): sql
    for number, sql in re.findall(r"^### (\d+)\. .+?\n```sql\n(.+?)```", PAGE, flags=re.MULTILINE | re.DOTALL)
}
KEYS = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
SOME_TLT = 'groups=[{name="TLT", symbols=["TLT"], min=0.1}]'
SPIKE = {"path": "stocks/bars", "action": "price_spike", "symbol": "EEM", "factor": 3.0, "times": 1}


@pytest.fixture(scope="module")
def home(shared_exchange):
    """A first week with a wrong price and a tenth in TLT, a refusal, TLT sold, tighter caps, a plan, and a run that died."""
    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        for key in KEYS:
            patch.delenv(key, raising=False)
        patch.setenv("RISKPARITY_HOME", str(shared_exchange.home))
        patch.setenv("RISKPARITY__EXECUTION__POLL_SECONDS", "0.05")
        shared_exchange.control.set_faults(SPIKE)
        Pipeline(SOME_TLT).rebalance()
        shared_exchange.control.set_faults()
        refused = Pipeline().open()
        record_refusal.fn(refused.opening, refused.parameters)
        refused.commit("refused")
        for overrides in ((), ("max_weight=0.3",), ("max_weight=0.3", "guard.drift_threshold=0.0001")):
            shared_exchange.control.advance("next_week")
            Pipeline(*overrides).rebalance()
        Pipeline(dry_run=True).open().decide().commit("planned")
        shared_exchange.control.advance("next_week")
        Pipeline().open()
    time.sleep(2.2)  # until the last run shows
    return shared_exchange.home


@pytest.fixture
def ask(home):
    """The rows that answer a question of the page, by its number."""
    return lambda number: query(home, QUESTIONS[number]).to_pylist()


def test_there_are_twenty_questions():
    assert list(QUESTIONS) == list(range(1, 21))


def test_the_page_names_every_view_of_what_is_lived():
    lived = {name for name in ARTIFACTS if not name.startswith("backtest_")}

    assert lived <= set(re.findall(r"`(\w+)`", PAGE))


def test_runs(ask):
    # the asset whose price was wrong could not be sized in the first week
    assert ask(1)[0]["outcome"] in {"complete", "adjusted"}
    assert [row["outcome"] for row in ask(1)][1:] == [
        "refused",
        "complete",
        "complete",
        "complete",
        "planned",
    ]
    assert ask(2)[0]["run_id"] == "risk_parity-2015-W23-2"
    assert any("once a week" in row["reason"] for row in ask(2))
    assert [(row["run_id"], row["had_begun_to_send"]) for row in ask(3)] == [
        ("risk_parity-2015-W27-1", False)
    ]
    assert {"returns", "order_plan", "bars"} <= {row["artifact"] for row in ask(4)}
    assert [row["max_weight"] for row in ask(5)][1:2] == ["0.3"]


def test_decisions(ask):
    (sold,) = ask(6)
    assert sold["reason"].startswith("sell")
    assert sold["drift"] + sold["signal"] == pytest.approx(sold["target_weight"] - sold["current_weight"])
    (spike,) = ask(7)
    assert spike["symbol"] == "EEM"
    assert spike["known_then"] == pytest.approx(3 * spike["known_now"], rel=1e-3)
    assert len(ask(8)) == 11
    assert {str(row["last"]) for row in ask(8)} == {"2015-06-05"}
    assert ask(9)[0]["by_the_market"] == 0
    assert [row["decision"] for row in ask(10)].count("rebalance") >= 3
    assert ask(11)[0]["decisions"] > 1
    assert ask(12)[0]["average"] > 0
    assert "costs" in ask(12)[0]["in_words"]
    assert all(row["relative_gap"] < 1e-8 for row in ask(13))
    assert len(ask(13)) == 5
    assert sum(row["cells"] for row in ask(14)) >= 1


def test_trades(ask, home):
    costs = ask(15)
    filled = query(home, "select sum(value) as traded from fills")["traded"].to_pylist()[0]
    assert sum(row["traded"] for row in costs) == filled
    assert {row["status"] for row in ask(16)} == {"filled"}
    assert all(float(row["filled"]) == pytest.approx(float(row["planned"]), rel=0.02) for row in ask(16))
    (year,) = ask(17)
    assert year["year"] == 2015
    assert year["turnover"] > 0.4


def test_holdings(ask):
    assert len(ask(18)) == 4
    assert all(0 < row["average_so_far"] < 0.05 for row in ask(18))
    earned = {}
    for row in ask(19):
        earned[row["session"]] = earned.get(row["session"], 0) + float(row["earned"])
    worth = ask(20)
    assert len(earned) == 3
    # what the assets earned is what the account did, but for slippage
    assert sum(earned.values()) == pytest.approx(float(worth[-1]["equity"] - worth[0]["equity"]), abs=150)
    assert all(row["deepest_so_far"] <= 0 for row in worth)


def test_intents_are_read_while_a_writer_has_them_open(home):
    with sqlite3.connect(home / "intents.sqlite", isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with sqlite3.connect(f"file:{home / 'intents.sqlite'}?mode=ro", uri=True) as reader:
            assert reader.execute("select count(*) from intent where state != 'TERMINAL'").fetchone() == (0,)
        writer.execute("ROLLBACK")
