"""``riskparity doctor``: everything a rebalance stands on, looked at and left as it is."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import SecretStr

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from brokerage.endpoint import Endpoint, resolve_endpoint
from brokerage.hardening import harden_account, weak_spots
from brokerage.kill_switch import KillSwitch
from brokerage.market_data import data_client, latest_prices
from brokerage.models import OrderTicket
from brokerage.paper_exchange.launch import ensure_running
from brokerage.shapes import SYMBOL, differences, shapes_of
from config import Settings, load_settings
from config.settings import FOLDER, home, secrets
from flows import screens
from portfolio.account_guard import calendars_agree, clocks_agree
from schemas.errors import RiskParityError
from schemas.identity import account_name
from schemas.settings import BrokerSettings, ExchangeSettings
from warehouse.query import query

State = Literal["ok", "advice", "STOP"]
STOPPED = 3
LEAST_DISK = 200_000_000
"""Free bytes below which a run may not be able to write what it must."""
LIBRARIES = ("alpaca-py", "prefect", "duckdb", "numpy", "pandas", "numba")
FORTNIGHT = dt.timedelta(days=13)
SHOWN = 12
"""Differences of shape the table shows; --json has all."""


class Finding(NamedTuple):
    """One thing looked at: whether it is well, its figures, and what to do if not."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def doctor(*, harden: bool, as_json: bool) -> int:
    """Look at everything and tell; ``harden`` sets the account's own safety catches first."""
    settings = load_settings()
    findings = [*_machine(), *_exchange(settings, harden=harden)]
    if as_json:
        screens.answer(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        cells = [(finding.state, finding.name, finding.detail, finding.remedy) for finding in findings]
        screens.rows("Doctor", ["", "looked at", "found", "what to do"], cells)
        screens.talk(
            "Something would stop a rebalance." if _stops(findings) else "Nothing would stop a rebalance."
        )
    return STOPPED if _stops(findings) else 0


def _stops(findings: list[Finding]) -> bool:
    return any(finding.state == "STOP" for finding in findings)


def _machine() -> Iterator[Finding]:
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()}; {versions}")
    yield Finding("riskparity", "ok", f"{version('riskparity')}, {_commit()}")
    yield _asked("state folder", _disk)
    yield _asked("warehouse", _warehouse)
    yield _asked("halt", _halt)


def _exchange(settings: Settings, *, harden: bool) -> Iterator[Finding]:
    try:
        endpoint = resolve_endpoint(settings.broker, settings.exchange, home(), secrets())
        broker = Broker(endpoint, settings.broker)
        number = broker.account().account_number
    except RiskParityError as error:
        yield _stopped("broker", error)
        return
    key = endpoint.key_id.get_secret_value()
    yield Finding("keys", "ok", f"{key[:2]}…{'*' * 4} for {endpoint.venue} at {endpoint.trading_url}")
    if harden:
        yield _asked("hardening", lambda: _harden(broker))
    for name, look in {
        "account": lambda: _account(broker, number),
        "safety catches": lambda: _catches(broker),
        "clock": lambda: _clock(broker, settings),
        "calendar": lambda: _calendar(broker),
        "open orders": lambda: _open_orders(broker),
        "prices": lambda: _prices(endpoint, settings),
        "shapes": lambda: _shapes(endpoint, broker, settings),
    }.items():
        yield _asked(name, look)


def _asked(name: str, look: Callable[[], tuple[State, str, str]]) -> Finding:
    try:
        return Finding(name, *look())
    except RiskParityError as error:
        return _stopped(name, error)


def _stopped(name: str, error: RiskParityError) -> Finding:
    figures = "; ".join(f"{key}: {value}" for key, value in error.figures.items())
    return Finding(name, "STOP", f"{error.what}{f' ({figures})' if figures else ''}", error.remedy)


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (FOLDER.parent / ".git").exists():
        return "not a git checkout"
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [git, "describe", "--always", "--dirty"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"git {done.stdout.strip() or 'unknown'}"


def _disk() -> tuple[State, str, str]:
    place = home()
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free
    writable = os.access(place, os.W_OK)
    state: State = "ok" if writable and free >= LEAST_DISK else "STOP"
    said = f"{free / 1e9:.1f} GB free, {'can' if writable else 'cannot'} be written"
    return state, said, "" if state == "ok" else "Make room, or set RISKPARITY_HOME to another folder."


def _warehouse() -> tuple[State, str, str]:
    count = query(home(), "select count(*), max(committed_at) from runs").to_pylist()[0]
    bars = query(home(), "select max(session) as newest from bars").to_pylist()[0]["newest"]
    runs, last = count.values()
    return "ok", f"{runs} runs, the last at {last}; newest bar {bars}" if runs else "empty: no run yet", ""


def _halt() -> tuple[State, str, str]:
    halt = KillSwitch(home()).state()
    if halt is None:
        return "ok", "trading is free", ""
    return "STOP", f"halted since {halt.since} by {halt.by}: {halt.reason}", "riskparity unhalt --reason TEXT"


def _harden(broker: Broker) -> tuple[State, str, str]:
    before = harden_account(broker)
    return "ok", f"changed from {before}" if before else "nothing to change", ""


def _account(broker: Broker, number: str) -> tuple[State, str, str]:
    account = broker.account()
    shown = number if broker.venue == "loopback" else f"…{number[-4:]}"
    name = f"{account_name(broker.venue, number)}, number {shown}"
    short = [position.symbol for position in broker.positions() if position.is_short]
    obstacles = [*account.obstacles, *(f"short {symbol}" for symbol in short)]
    money = f"{name}: equity ${account.equity:,.2f}, cash ${account.cash:,.2f}"
    if obstacles:
        return "STOP", f"{money}; {', '.join(obstacles)}", "Settle it at the broker."
    return "ok", money, ""


def _catches(broker: Broker) -> tuple[State, str, str]:
    weak = weak_spots(broker)
    if not weak:
        return "ok", "no margin, no shorting, fractions, a mail for each trade", ""
    said = ", ".join(f"{name} is {value}" for name, value in weak.items())
    return "advice", said, "riskparity doctor --harden"


def _clock(broker: Broker, settings: Settings) -> tuple[State, str, str]:
    clock = broker.clock()
    check = clocks_agree(
        dt.datetime.now(dt.UTC),
        clock.timestamp,
        settings.limits.max_clock_skew_seconds,
        virtual=broker.venue == "loopback",
    )
    now = f"{clock.timestamp.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York, {'open' if clock.is_open else 'closed'}"
    return (
        "ok" if check.passed else "STOP",
        f"{now}; {check.detail}",
        "" if check.passed else "Set the clock (NTP).",
    )


def _calendar(broker: Broker) -> tuple[State, str, str]:
    calendar, today = TradingCalendar(), _today(broker)
    ours = {
        day: (opening.astimezone(NEW_YORK).time(), closing.astimezone(NEW_YORK).time())
        for day in calendar.sessions(today, today + FORTNIGHT)
        for opening, closing in [calendar.hours(day)]
    }
    theirs = {day.date: (day.open, day.close) for day in broker.calendar(today, today + FORTNIGHT)}
    check = calendars_agree(ours, theirs)
    return (
        "ok" if check.passed else "STOP",
        check.detail,
        "" if check.passed else "Find out which one is right.",
    )


def _open_orders(broker: Broker) -> tuple[State, str, str]:
    orders = broker.open_orders()
    said = ", ".join(f"{order.side} {order.symbol} {order.status}" for order in orders)
    return (
        "advice" if orders else "ok",
        said or "none",
        "Orders that are not ours stop a run." if orders else "",
    )


def _prices(endpoint: Endpoint, settings: Settings) -> tuple[State, str, str]:
    prices = latest_prices(endpoint, [SYMBOL], feed=settings.ingestion.feed, settings=settings.broker)
    if SYMBOL not in prices:
        return "STOP", f"no price of {SYMBOL}", "Look at the data plan of the keys and the feed."
    return "ok", f"{SYMBOL} at ${prices[SYMBOL]:,.2f} on {settings.ingestion.feed}", ""


def _shapes(endpoint: Endpoint, broker: Broker, settings: Settings) -> tuple[State, str, str]:
    theirs = _shapes_at(endpoint, broker, settings.broker)
    with _scratch_exchange() as scratch:
        spare = Broker(scratch, settings.broker)
        spare.submit(OrderTicket("doctor", SYMBOL, "buy", notional=Decimal(10)))
        ours = _shapes_at(scratch, spare, settings.broker)
    empty = ", ".join(name for name in theirs if not (theirs[name] and ours[name]))
    found = differences(ours, theirs)
    whom = "its own" if endpoint.venue == "loopback" else "Alpaca's"
    if not found:
        missing = f"; nothing to compare yet: {empty}" if empty else ""
        return "ok", f"answers of the loopback exchange and {whom} are alike{missing}", ""
    listed = "; ".join(found[:SHOWN]) + (f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
    return (
        "advice",
        f"{len(found)} differences from {whom}: {listed}",
        "Please report them: the loopback exchange is wrong there.",
    )


def _shapes_at(
    endpoint: Endpoint, broker: Broker, settings: BrokerSettings
) -> dict[str, dict[str, set[str]]]:
    return shapes_of(broker, data_client(endpoint, settings), _today(broker), settings.patience_seconds)


@contextlib.contextmanager
def _scratch_exchange() -> Iterator[Endpoint]:
    """A loopback exchange of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        address = ensure_running(Path(folder), ExchangeSettings())
        keys = SecretStr(address.key_id), SecretStr(address.secret_key)
        try:
            yield Endpoint("loopback", address.url, address.url, *keys)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(address.pid, signal.SIGTERM)


def _today(broker: Broker) -> dt.date:
    return broker.clock().timestamp.astimezone(NEW_YORK).date()
