"""The loopback exchange from the command line: served in one terminal, asked and moved from another."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows import loopback

pytestmark = pytest.mark.integration

RISKPARITY = Path(sys.executable).with_name("riskparity")


@pytest.fixture
def served(tmp_path, monkeypatch):
    """An exchange with bars of one's own and a start, in the foreground of another process."""
    for key in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path / "home"))
    bars = tmp_path / "bars.csv"
    bars.write_text("symbol,date,close\nAAA,2024-11-01,10\nAAA,2024-11-04,11\nAAA,2024-11-05,12\n")
    command = [RISKPARITY, "exchange", "--bars", bars, "--start", "2024-11-04"]
    terminal = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "clock 2024-11-04" in terminal.stdout.readline()
    yield terminal
    os.kill(terminal.pid, signal.SIGINT)
    assert "riskparity exchange advance" in terminal.communicate(timeout=30)[1]


def test_whoever_asks_gets_the_exchange_that_runs(served, capsys):
    assert loopback.status(as_json=True) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["symbols"], state["timestamp"]) == (["AAA"], "2024-11-04T10:00:00-05:00")
    assert state["account_number"].startswith("PA")

    assert loopback.advance("close") == 0
    assert "2024-11-04T16:00:00-05:00" in capsys.readouterr().out
