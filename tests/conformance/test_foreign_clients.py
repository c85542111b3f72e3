"""Clients that nobody here wrote, as they were published: they cannot tell the exchange from Alpaca.

alpaca-py is proven in tests/brokerage/paper_exchange/test_alpaca_py.py and test_stream.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.official import FOREIGN, require

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent


def run(exchange, command, **environment):
    """What a client prints, as JSON; it gets the exchange's address the way it expects it."""
    told = {**os.environ, **environment}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert exchange.address.secret_key not in done.stdout
    assert exchange.control.violations() == []
    return json.loads(done.stdout)


def test_alpacas_own_javascript_client_trades_streams_and_pages(exchange):
    if shutil.which("npm") is None:
        pytest.skip("node and npm are not on this machine")
    require(FOREIGN / "js" / "node_modules")
    told = run(
        exchange,
        ["node", HERE / "official_client.mjs"],
        EXCHANGE=exchange.address.url,
        KEY_ID=exchange.address.key_id,
        SECRET_KEY=exchange.address.secret_key,
        CLIENT=str(FOREIGN / "js"),
    )
    assert told["heard"] == ["pending_new", "new", "fill"]
    assert (told["filled"]["status"], told["filled"]["filledQty"]) == ("filled", "2")
    assert told["refused"] == {"status": 422, "code": 40010001, "text": "client_order_id must be unique"}
    assert told["account"]["accountNumber"].startswith("PA")
    assert [position["symbol"] for position in told["positions"]] == ["SPY"]
    assert [order["status"] for order in told["orders"]] == ["canceled", "filled"]
    assert [fill["cumQty"] for fill in told["fills"]] == ["2"]
    assert {symbol: len(bars) for symbol, bars in told["bars"].items()} == {"SPY": 21, "TLT": 21}
    assert [day["close"] for day in told["days"]] == ["16:00", "13:00"]
    assert [answer["status"] for answer in told["closed"]] == [200]


def test_the_python_client_that_alpaca_retired_still_works(exchange):
    require(FOREIGN / "legacy")
    told = run(
        exchange,
        [sys.executable, HERE / "legacy_client.py"],
        APCA_API_BASE_URL=exchange.address.url,
        APCA_API_DATA_URL=exchange.address.url + "/",  # as users write it
        APCA_API_KEY_ID=exchange.address.key_id,
        APCA_API_SECRET_KEY=exchange.address.secret_key,
        NO_PROXY="127.0.0.1",
        PYTHONPATH=os.pathsep.join(str(FOREIGN / part) for part in ("legacy", "legacy-needs")),
    )
    assert (told["answered"], told["filled"]) == ("pending_new", "filled")
    assert told["refused"] == {"status": 422, "code": 40010001, "text": "client_order_id must be unique"}
    assert told["account"].startswith("PA")
    # two orders, two microseconds
    assert told["clock"] == "2015-06-01 10:00:00.000002-04:00"
    assert told["calendar"] == ["16:00:00", "13:00:00"]
    assert told["positions"] == {"SPY": "2"}
    assert told["orders"] == ["canceled", "filled"]
    assert (told["fills"], told["history"], told["bars"]) == (["2"], "1D", 40)
    assert told["quote"] < told["trade"]
    assert told["closed"] == "sell"
