"""Orders are asked for, never listened to: what the order stream does makes no difference."""

import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.integration

TARGETS = {"SPY": 0.3, "TLT": 0.5, "IEF": 0.19}


@pytest.fixture
def listener(exchange):
    """Somebody who listens, so that there is a stream at all."""
    keys = {"key": exchange.address.key_id, "secret": exchange.address.secret_key}
    with connect(exchange.address.url.replace("http", "ws") + "/stream", proxy=None) as socket:
        for message in (
            {"action": "auth", **keys},
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
        ):
            socket.send(json.dumps(message))
            socket.recv(timeout=10)
        yield socket


@pytest.mark.parametrize("disorder", ["ws_drop", "ws_dup", "ws_reorder"])
def test_scenario_64_a_stream_that_ends_repeats_or_shuffles_changes_nothing(desk, listener, disorder):
    desk.control.set_faults({"action": disorder, "every": 2, "times": None})

    done = desk.execute(desk.plan(TARGETS))

    with suppress(ConnectionClosed):
        listener.recv(timeout=10)
    assert desk.control.faults()[0]["acted"] > 0
    assert done.outcome == "complete"
    assert {row.symbol: round(row.weight, 3) for row in done.positions} == TARGETS | {"CASH": 0.01}
    assert set(desk.booked().values()) == {1}
