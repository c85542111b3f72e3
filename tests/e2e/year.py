"""Fifty-two weekly rebalances on the loopback exchange while things go wrong, and what came of each.

Everything below the strategy is real: prices and account are read, a trade list is planned, executed and
followed over HTTP. Targets are drawn, time is the exchange's, and waiting moves its clock on.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import stamina
from pydantic import SecretStr

from brokerage.adoption import adopt
from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from brokerage.endpoint import Endpoint
from brokerage.execution import execute
from brokerage.holdings import take_stock, trade_list
from brokerage.intents import Intent, IntentLog
from brokerage.market_data import daily_bars, latest_prices, latest_quotes
from brokerage.orders import CENT, PlannedOrder
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from brokerage.records import Execution
from schemas.errors import RiskParityError
from schemas.identity import Run
from schemas.parameters import ExecutionParameters
from schemas.settings import BrokerSettings, ExchangeSettings
from tests.e2e import chaos

Orders = list[dict[str, Any]]

SYMBOLS = ("BND", "EEM", "IEF", "SPY", "TLT", "XLE")
START, WEEKS = dt.date(2015, 6, 1), 52
INVESTED = 0.98
BAND = 0.0005
"""How far a weight may be from its target when a week is over (fraction)."""
TRIES = 8
CALM = 4
"""After so many tries in one week what went wrong is over, and somebody has waited for the next session."""
ACCOUNT = "loopback-00000000"
REPLAN = ("adjusted", "aborted", "GuardRefusal")
"""After these, today's holdings are the ones to plan from."""
PARAMETERS = ExecutionParameters(poll_seconds=10, deadline_seconds=60)
BROKER = BrokerSettings(connect_timeout=2, read_timeout=2)


@dataclass(frozen=True)
class Week:
    """One week, when it was over."""

    session: dt.date
    outcomes: tuple[str, ...]
    """Of each try; the last one tells how it ended."""
    tracking_error: float
    """Largest distance of a weight from its target (fraction)."""
    orders: int
    overfilled: tuple[str, ...]
    """Orders of which more was filled than was meant."""
    strangers: tuple[str, ...]
    """Orders at the exchange that nobody meant, or that came twice."""
    violations: tuple[str, ...]
    """What does not hold in the exchange's book."""
    faults: Counter[str] = field(default_factory=Counter)
    """What went wrong, and how often."""


@dataclass(frozen=True)
class Year:
    """Many weeks of one seed."""

    seed: int
    weeks: tuple[Week, ...]
    requests: int
    pending: int
    """Intents of which nobody knows how they ended."""
    seconds: float

    @property
    def orders(self) -> int:
        """Orders that reached the exchange."""
        return sum(week.orders for week in self.weeks)

    def unmet(self) -> list[str]:
        """What must hold and does not."""
        found = [f"{self.pending} intents whose end nobody knows"] * bool(self.pending)
        for week in self.weeks:
            of = f"seed {self.seed}, {week.session}:"
            found += [f"{of} ended {week.outcomes}"] * (week.outcomes[-1] != "complete")
            found += [f"{of} {week.tracking_error:.5f} off"] * (week.tracking_error > BAND)
            found += [f"{of} filled more than was meant: {name}" for name in week.overfilled]
            found += [f"{of} nobody meant {name}" for name in week.strangers]
            found += [f"{of} {violation}" for violation in week.violations]
        return found


def whole_year(seed: int) -> Year:
    """Live through a year in a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # the exchange may still be ending
        return drive(Path(home), seed, WEEKS)


def drive(home: Path, seed: int, weeks: int) -> Year:
    """Live through a year; nothing is raised for what goes wrong, it is told."""
    settings = ExchangeSettings(start=START, seed=seed)
    address = ensure_running(home, settings)
    try:
        with stamina.set_testing(True, attempts=6):  # retries wait for nothing
            begun = time.monotonic()
            trader = Trader(home, ExchangeControl(address), seed, START + dt.timedelta(weeks=weeks))
            lived = tuple(trader.week(number) for number in range(weeks))
            return trader.year(lived, time.monotonic() - begun)
    finally:
        os.kill(address.pid, signal.SIGTERM)


class Trader:
    """An account, the exchange it is at, and the dice."""

    def __init__(self, home: Path, control: ExchangeControl, seed: int, end: dt.date) -> None:
        self._seed, self._dice, self._control = seed, random.Random(seed), control
        address = control.address
        keys = SecretStr(address.key_id), SecretStr(address.secret_key)
        self._endpoint = Endpoint("loopback", address.url, address.url, *keys)
        self._broker = Broker(self._endpoint, BROKER, sleep=self._sleep)
        self._intents = IntentLog(home, ACCOUNT)
        self._waited = 0.0
        self._meant: dict[str, PlannedOrder] = {}
        control.set_options(live_like=True)
        for action in corporate_actions(random.Random(seed), end):
            control.add_corporate_action(**action)

    def week(self, number: int) -> Week:
        """Draw targets and what goes wrong, and rebalance until the account is there."""
        if number:
            self._control.advance("next_week")
        targets, session = self._targets(), self._now().date()
        self._monday = session - dt.timedelta(days=session.weekday())
        self._control.set_faults(*chaos.faults(self._dice))
        outcomes, acted = self._rebalance(targets)
        return Week(
            session,
            tuple(outcomes),
            self._tracking_error(targets),
            len(orders := self._orders()),
            tuple(self._overfilled(orders)),
            tuple(self._strangers(orders)),
            tuple(self._control.violations()),
            acted,
        )

    def year(self, weeks: tuple[Week, ...], seconds: float) -> Year:
        """What remains to be said at the end."""
        pending = [intent for intent in self._intents.pending() if intent.state != "PLANNED"]
        return Year(self._seed, weeks, len(self._control.requests()), len(pending), seconds)

    def _rebalance(self, targets: dict[str, float]) -> tuple[list[str], Counter[str]]:
        """Try as the operator would: again; then with a new plan; then when what went wrong is over."""
        outcomes: list[str] = []
        acted: Counter[str] = Counter()
        run, plan = self._run(1), None
        for attempt in range(1, TRIES + 1):
            try:
                adopt(self._broker, self._intents, self._of_earlier_runs(run), today=run.session)
                plan = plan or self._plan(run, targets)
                outcomes.append(self._execute(run, plan).outcome)
            except RiskParityError as error:
                outcomes.append(type(error).__name__)
            if outcomes[-1] == "complete":
                break
            if attempt >= CALM:
                acted += self._calm()
                self._control.advance("next_session")
            if outcomes[-1] in REPLAN or attempt >= CALM:
                run, plan = self._run(attempt + 1), None
        return outcomes, acted + self._calm()

    def _plan(self, run: Run, targets: dict[str, float]) -> list[PlannedOrder]:
        week_ago, yesterday = run.session - dt.timedelta(days=7), run.session - dt.timedelta(days=1)
        bars = daily_bars(
            self._endpoint, SYMBOLS, week_ago, yesterday, feed="iex", adjustment="all", settings=BROKER
        )
        closes = bars.groupby("symbol")["close"].last()
        holdings = take_stock(
            self._broker.account().cash,
            self._broker.positions(),
            prices=latest_prices(self._endpoint, SYMBOLS, feed="iex", settings=BROKER),
            last_closes={symbol: Decimal(str(close)) for symbol, close in closes.items()},
            assets={symbol: self._broker.asset(symbol) for symbol in SYMBOLS},
            max_price_deviation=PARAMETERS.max_price_deviation,
        )
        reasons = dict.fromkeys(SYMBOLS, "drawn")
        plan = trade_list(run, holdings, targets, PARAMETERS, reasons=reasons, hold=False)
        self._meant |= {row.client_order_id: row for row in plan if row.client_order_id}
        return plan

    def _of_earlier_runs(self, run: Run) -> list[Intent]:
        return [intent for intent in self._intents.pending() if intent.run_id != run.run_id]

    def _execute(self, run: Run, plan: list[PlannedOrder]) -> Execution:
        return execute(
            self._broker,
            run,
            plan,
            PARAMETERS,
            intents=self._intents,
            before_sending=lambda: None,
            before_wave=lambda: None,
            before_each=lambda: None,
            quotes=lambda symbols: latest_quotes(self._endpoint, symbols, feed="iex", settings=BROKER),
            sleep=self._sleep,
            monotonic=lambda: self._waited,
        )

    def _run(self, attempt: int) -> Run:
        """Of this week; the clock is read past whatever goes wrong."""
        now = self._now()
        return Run(
            strategy="drawn",
            session=now.date(),
            attempt=attempt,
            decided_at=now,
            venue="loopback",
            account=ACCOUNT,
        )

    def _targets(self) -> dict[str, float]:
        drawn = [self._dice.lognormvariate(0, 0.2) for _ in SYMBOLS]
        return {symbol: INVESTED * share / sum(drawn) for symbol, share in zip(SYMBOLS, drawn, strict=True)}

    def _tracking_error(self, targets: dict[str, float]) -> float:
        equity = float(self._broker.account().equity)
        held = {position.symbol: float(position.market_value or 0) for position in self._broker.positions()}
        return max(abs(held.get(symbol, 0.0) / equity - target) for symbol, target in targets.items())

    def _overfilled(self, orders: Orders) -> list[str]:
        """Trades of which all attempts together filled more than was planned."""
        filled: dict[str, Decimal] = defaultdict(Decimal)
        for order in orders:
            trade = self._meant.get(_first_attempt(order["client_order_id"]))
            if trade is None:
                continue  # a stranger
            price = 1 if trade.qty else Decimal(order["filled_avg_price"] or 0)
            filled[str(trade.client_order_id)] += Decimal(order["filled_qty"]) * price
        meant = {name: self._meant[name].qty or self._meant[name].notional or 0 for name in filled}
        return [name for name, amount in filled.items() if amount > meant[name] + CENT]

    def _strangers(self, orders: Orders) -> list[str]:
        times = Counter(str(order["client_order_id"]) for order in orders)
        return [name for name, n in times.items() if n > 1 or _first_attempt(name) not in self._meant]

    def _orders(self) -> Orders:
        """Every order of the week at the exchange, whatever became of it."""
        address = self._control.address
        keys = {"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key}
        query = {"status": "all", "limit": 500, "after": f"{self._monday}T00:00:00Z"}
        answer = requests.get(f"{address.url}/v2/orders", params=query, headers=keys, timeout=30)
        return list(answer.json())

    def _calm(self) -> Counter[str]:
        """Nothing goes wrong any more; what did, by name and number."""
        acted = Counter(str(rule["action"]) for rule in self._control.faults() if rule["acted"])
        self._control.set_faults()
        return acted

    def _sleep(self, seconds: float) -> None:
        self._waited += seconds
        whole = dt.timedelta(seconds=max(1, round(seconds)))  # as finely as the virtual clock can be set
        self._control.advance((self._now() + whole).isoformat())

    def _now(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self._control.state()["timestamp"]).astimezone(NEW_YORK)


def corporate_actions(dice: random.Random, end: dt.date) -> list[dict[str, Any]]:
    """Two splits and twelve dividends until ``end``, on sessions and symbols that are drawn."""
    days = dice.sample(TradingCalendar().sessions(START + dt.timedelta(days=2), end), 14)
    splits = [{"type": "forward_split", "new_rate": 4}, {"type": "reverse_split", "old_rate": 3}]
    dividends = [{"type": "cash_dividend", "rate": 0.4}] * 12
    return [
        {**action, "symbol": dice.choice(SYMBOLS), "ex_date": day.isoformat()}
        for day, action in zip(days, [*splits, *dividends], strict=True)
    ]


def _first_attempt(client_order_id: str) -> str:
    return f"{client_order_id.rpartition('-')[0]}-1"
