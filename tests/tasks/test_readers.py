"""People look into the warehouse while a rebalance runs: nobody waits for anybody, and nobody sees half of a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.visible import visible
from tests.warehouse import reader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CLIENT = Path(sys.executable).with_name("duckdb")
ENDLESS = "select run_id, range from runs, range(1000000000)"


@pytest.fixture
def week(pipeline, store, exchange):
    """A whole weekly run, from the guard to the marker, visible in the views."""

    def rebalance():
        run = pipeline("universe=bundled", strategy="equal_weight").rebalance().commit("complete").run
        exchange.control.advance("next_week")
        visible(store.root, f"from runs where run_id = '{run.run_id}'")
        return run.run_id

    return rebalance


def test_who_holds_the_catalogue_open_through_a_run_neither_stops_it_nor_sees_half_of_it(week, exchange):
    """One reads an endless answer in DuckDB's own client, one holds a transaction and asks on beside it."""
    first = week()
    catalogue = exchange.home / "warehouse.duckdb"
    watching = [sys.executable, reader.__file__, str(catalogue)]
    pipes = {"stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen([CLIENT, "-readonly", "-csv", "-noheader", catalogue, ENDLESS], **pipes) as client,
        subprocess.Popen(watching, stdin=subprocess.PIPE, **pipes) as watcher,
    ):
        assert client.stdout.readline() == f"{first},0\n"
        assert watcher.stdout.readline() == "begun\n"

        second = week()

        assert client.poll() is None  # still at the question it was asked before the run
        assert {client.stdout.readline().partition(",")[0] for _ in range(20_000)} == {first}
        told = json.loads(watcher.communicate("")[0])
        client.kill()
    assert second != first
    assert told == {"halves": 0, "seen": [1, 2], "held": [1, 1]}
