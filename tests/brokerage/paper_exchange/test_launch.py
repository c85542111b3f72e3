"""Nobody owns the exchange: it is there when asked for, survives being killed, and ends by itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
import requests

from brokerage.paper_exchange.address import read_address
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from schemas.errors import ConfigError, TemporaryError
from schemas.settings import ExchangeSettings

pytestmark = pytest.mark.integration

SETTINGS = ExchangeSettings()


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def kill(exchange) -> None:
    os.kill(exchange.address.pid, signal.SIGKILL)
    wait_until(lambda: not exchange.control.answers())


@pytest.fixture
def stop_what_was_started(tmp_path):
    yield
    for file in tmp_path.rglob("exchange.json"):
        address = read_address(file.parent)
        if address is not None and ExchangeControl(address).answers():
            os.kill(address.pid, signal.SIGTERM)


def test_a_second_call_finds_the_same_exchange(exchange):
    assert ensure_running(exchange.home, SETTINGS) == exchange.address


def test_processes_that_race_get_the_same_address(tmp_path, stop_what_was_started):
    program = (
        "import sys, pathlib\n"
        "from brokerage.paper_exchange.launch import ensure_running\n"
        "from schemas.settings import ExchangeSettings\n"
        "address = ensure_running(pathlib.Path(sys.argv[1]), ExchangeSettings())\n"
        "print(address.url, address.pid)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "home")]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(answers) == 1
    assert answers.pop().startswith("http://127.0.0.1:")


def test_it_listens_on_the_loopback_interface_only(exchange):
    port = int(exchange.address.url.rsplit(":", 1)[1])
    with socket.socket() as own, socket.socket() as other:
        assert own.connect_ex(("127.0.0.1", port)) == 0
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_keys_are_private_and_survive_a_restart(exchange):
    file = exchange.home / "exchange.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert exchange.address.secret_key not in repr(exchange.address)
    kill(exchange)
    again = ensure_running(exchange.home, SETTINGS)
    try:
        assert (again.key_id, again.secret_key) == (exchange.address.key_id, exchange.address.secret_key)
        assert again.pid != exchange.address.pid
    finally:
        os.kill(again.pid, signal.SIGTERM)


@pytest.mark.crash
def test_killed_in_the_middle_the_book_has_every_answered_order_and_balances(exchange):
    keys = {
        "APCA-API-KEY-ID": exchange.address.key_id,
        "APCA-API-SECRET-KEY": exchange.address.secret_key,
    }
    order = {"symbol": "SPY", "notional": "10", "side": "buy", "type": "market", "time_in_force": "day"}
    answered: list[str] = []

    def send_for_ever() -> None:
        session = requests.Session()
        session.trust_env = False
        for number in range(100_000):
            content = {**order, "client_order_id": str(number)}
            try:
                session.post(f"{exchange.address.url}/v2/orders", json=content, headers=keys, timeout=10)
            except requests.ConnectionError:
                return
            answered.append(str(number))

    sender = threading.Thread(target=send_for_ever)
    sender.start()
    wait_until(lambda: len(answered) >= 20)
    kill(exchange)
    sender.join()
    again = ensure_running(exchange.home, SETTINGS)
    try:
        get = requests.Session()
        get.trust_env, get.headers = False, keys
        orders = get.get(f"{again.url}/v2/orders?status=all&limit=500&direction=asc", timeout=10).json()
        account = get.get(f"{again.url}/v2/account", timeout=10).json()
        position = get.get(f"{again.url}/v2/positions/SPY", timeout=10).json()
    finally:
        os.kill(again.pid, signal.SIGTERM)
    ids = [order["client_order_id"] for order in orders]
    assert ids[: len(answered)] == answered
    assert len(ids) <= len(answered) + 1  # one may have been taken and never answered
    assert {order["status"] for order in orders} == {"filled"}
    assert float(position["qty"]) == pytest.approx(sum(float(order["filled_qty"]) for order in orders))
    assert float(account["cash"]) == pytest.approx(100_000 - 10 * len(orders), abs=0.011 * len(orders))


def test_it_ends_itself_when_nobody_asks_and_can_be_started_again(tmp_path, stop_what_was_started):
    settings = ExchangeSettings(idle_exit_seconds=0.5)
    address = ensure_running(tmp_path / "home", settings)
    wait_until(lambda: "ended: 0.5 s without a request" in (tmp_path / "home" / "exchange.log").read_text())
    wait_until(lambda: not ExchangeControl(address).answers())
    with pytest.raises(TemporaryError, match="does not answer"):
        ExchangeControl(address).state()
    assert ensure_running(tmp_path / "home", ExchangeSettings()).key_id == address.key_id


def test_a_deleted_home_is_a_fresh_start(exchange):
    exchange.control.advance("next_week")
    shutil.rmtree(exchange.home)
    fresh = ensure_running(exchange.home, SETTINGS)
    try:
        assert fresh.secret_key != exchange.address.secret_key
        assert ExchangeControl(fresh).state()["session"] == "2015-06-01"
    finally:
        os.kill(fresh.pid, signal.SIGTERM)


def test_the_exchange_that_runs_is_the_one_but_another_is_not_opened_in_its_place(exchange):
    assert ensure_running(exchange.home, ExchangeSettings(seed=8)) == exchange.address
    kill(exchange)
    with pytest.raises(ConfigError, match="another seed"):
        ensure_running(exchange.home, ExchangeSettings(seed=8))


def test_an_exchange_that_cannot_start_says_why(tmp_path):
    with pytest.raises(ConfigError, match="no trading session with prices"):
        ensure_running(tmp_path / "home", ExchangeSettings(start="2015-06-06"))


def test_bars_of_ones_own_can_be_served(tmp_path, bars, stop_what_was_started):
    address = ensure_running(tmp_path / "home", SETTINGS, bars=bars)
    assert ExchangeControl(address).state()["symbols"] == ["EEM", "SPY", "TLT"]
    assert ensure_running(tmp_path / "home", SETTINGS) == address


def test_starting_up_imports_neither_prefect_nor_pandas_nor_a_calendar():
    program = (
        "import sys, json, brokerage.paper_exchange.server, brokerage.paper_exchange.launch\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout))
    assert not loaded & {"prefect", "pandas", "exchange_calendars", "alpaca", "numpy", "pyarrow"}


def test_the_module_runs_in_the_foreground_and_explains_itself():
    run = subprocess.run(
        [sys.executable, "-m", "brokerage.paper_exchange", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--bars" in run.stdout
