"""The order stream: what alpaca-py's TradingStream expects, and what goes wrong with it when a test says so."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
import requests
from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.integration

BUY = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
FIRST_ORDER = ["pending_new", "new", "fill"]


def ask(socket, message, *, binary=False):
    text = json.dumps(message)
    socket.send(text.encode() if binary else text)
    return json.loads(socket.recv(timeout=10))


@pytest.fixture
def url(shared_exchange):
    return shared_exchange.address.url.replace("http", "ws") + "/stream"


@pytest.fixture
def login(shared_exchange):
    return {
        "action": "auth",
        "key": shared_exchange.address.key_id,
        "secret": shared_exchange.address.secret_key,
    }


@pytest.fixture
def buy(shared_exchange):
    session = requests.Session()
    session.trust_env = False
    address = shared_exchange.address
    session.headers.update({"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key})

    def buy(symbol="SPY"):
        return session.post(f"{address.url}/v2/orders", json={**BUY, "symbol": symbol}, timeout=10).json()

    return buy


@pytest.fixture
def listening(shared_exchange, url, login):
    shared_exchange.control.set_faults()
    with connect(url, proxy=None) as socket:
        ask(socket, login)
        ask(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})
        yield socket


def heard(socket, number):
    return [json.loads(socket.recv(timeout=10))["data"] for _ in range(number)]


def test_alpaca_pys_stream_unchanged_hears_every_step_of_an_order(shared_exchange, url, buy):
    address, updates, filled = shared_exchange.address, [], threading.Event()
    stream = TradingStream(address.key_id, address.secret_key, url_override=url)

    async def hear(update):
        updates.append(update)
        if update.event == "fill":
            filled.set()

    stream.subscribe_trade_updates(hear)
    thread = threading.Thread(target=lambda: asyncio.run(stream._run_forever()), daemon=True)
    thread.start()
    while not stream._running:
        threading.Event().wait(0.02)
    threading.Event().wait(0.2)  # _running says that it is about to listen
    order = buy()
    assert filled.wait(10)
    stream.stop()
    thread.join(15)
    assert [update.event for update in updates] == FIRST_ORDER
    assert {str(update.order.id) for update in updates} == {order["id"]}
    assert (updates[-1].qty, updates[-1].order.status) == (1.0, "filled")
    assert updates[-1].position_qty >= 1.0
    assert updates[-1].execution_id is not None


def test_both_ways_to_log_in_and_both_kinds_of_frames(url, login):
    legacy = {"action": "authenticate", "data": {"key_id": login["key"], "secret_key": login["secret"]}}
    for message, binary in ((login, False), (legacy, True)):
        with connect(url, proxy=None) as socket:
            assert ask(socket, message, binary=binary) == {
                "stream": "authorization",
                "data": {"action": "authenticate", "status": "authorized"},
            }
            answer = ask(socket, {"action": "listen", "data": {"streams": ["trade_updates", "weather"]}})
            assert answer == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


def test_without_the_right_keys_nothing_is_heard(url, login, buy):
    with connect(url, proxy=None) as socket:
        for message in (
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
            {**login, "secret": "guess"},
            {"action": "authenticate", "data": None},
        ):
            assert ask(socket, message)["data"]["status"] == "unauthorized"
        buy()
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)


def test_what_is_no_message_ends_the_connection(url):
    with connect(url, proxy=None) as socket:
        socket.send("hello")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


def test_there_is_no_other_stream(url):
    with pytest.raises(InvalidStatus, match="403"):
        connect(url + "s", proxy=None)


def test_frames_are_binary_and_an_empty_list_of_streams_ends_the_listening(listening, buy):
    buy()
    assert isinstance(listening.recv(timeout=10), bytes)
    assert [update["event"] for update in heard(listening, 2)] == FIRST_ORDER[1:]
    assert ask(listening, {"action": "listen", "data": {"streams": []}})["data"] == {"streams": []}
    buy()
    with pytest.raises(TimeoutError):
        listening.recv(timeout=0.3)


def test_the_clock_moves_orders_too(shared_exchange, listening, buy):
    shared_exchange.control.set_faults({"action": "slow", "seconds": 60})
    buy()
    assert [update["event"] for update in heard(listening, 2)] == ["pending_new", "new"]
    shared_exchange.control.advance("2015-06-01T11:00:00-04:00")
    assert [update["event"] for update in heard(listening, 1)] == ["fill"]


@pytest.mark.parametrize(
    ("action", "events"),
    [
        ("ws_dup", ["pending_new", "new", "new", "fill"]),
        ("ws_reorder", ["pending_new", "fill", "new"]),
    ],
)
def test_events_can_come_twice_and_in_another_order(shared_exchange, listening, buy, action, events):
    shared_exchange.control.set_faults({"action": action, "nth": 2})
    buy()
    assert [update["event"] for update in heard(listening, len(events))] == events


def test_events_can_be_lost_with_the_connection(shared_exchange, listening, buy):
    shared_exchange.control.set_faults({"action": "ws_drop", "nth": 2, "symbol": "TLT"})
    buy()
    buy("TLT")
    assert [update["event"] for update in heard(listening, 4)] == [*FIRST_ORDER, "pending_new"]
    with pytest.raises(ConnectionClosed):
        listening.recv(timeout=10)
