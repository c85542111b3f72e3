"""A state folder on the eve of a week's rebalance, and what an undisturbed one comes to."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from brokerage.paper_exchange.control import ExchangeControl
from tests.crash.boundaries import Boundary
from tests.crash.processes import Rebalance, running_exchange
from warehouse import Warehouse

WEEK = "2015-W24"


class Holding(NamedTuple):
    """Shares of an asset, or dollars."""

    qty: float
    price: float


@dataclass(frozen=True)
class Aftermath:
    """What is on record when all is over, at the exchange and in the state folder."""

    holdings: dict[str, Holding]
    trades: Counter[tuple[str, str]]
    """Orders of the week by side and symbol."""
    outcomes: list[str]
    """Of the week's finished runs."""
    orphans: list[str]
    """Orders that were meant and of which nobody knows how they ended."""
    violations: list[str]
    """What does not hold in the exchange's book."""

    def apart(self, other: Aftermath) -> float:
        """The dearest difference in what is held, cash included (USD)."""
        symbols = self.holdings.keys() | other.holdings.keys()
        none = Holding(0.0, 0.0)
        pairs = [(self.holdings.get(symbol, none), other.holdings.get(symbol, none)) for symbol in symbols]
        return max(abs(one.qty - two.qty) * max(one.price, two.price) for one, two in pairs)


@dataclass(frozen=True)
class Site:
    """One state folder and its exchange."""

    home: Path
    control: ExchangeControl

    def rebalance(self, end: Boundary | None = None) -> Rebalance:
        return Rebalance(self.home, end=end)

    def orders(self) -> list[dict]:
        """Of the week, whatever became of them."""
        orders = self._get("orders", status="all", limit=500)
        return [order for order in orders if WEEK in order["client_order_id"]]

    def aftermath(self) -> Aftermath:
        runs = Warehouse(self.home)._all("runs")
        held = {
            one["symbol"]: Holding(float(one["qty"]), float(one["current_price"]))
            for one in self._get("positions")
        }
        return Aftermath(
            holdings=held | {"CASH": Holding(float(self._get("account")["cash"]), 1.0)},
            trades=Counter((order["side"], order["symbol"]) for order in self.orders()),
            outcomes=[row.outcome for row in runs.itertuples() if row.iso_week == WEEK],
            orphans=self._orphans(),
            violations=self.control.violations(),
        )

    def _orphans(self) -> list[str]:
        with closing(sqlite3.connect(self.home / "intents.sqlite")) as book:
            return [
                row[0] for row in book.execute("SELECT client_order_id FROM intent WHERE state != 'TERMINAL'")
            ]

    def _get(self, what: str, **query: object):
        address = self.control.address
        keys = {"APCA-API-KEY-ID": address.key_id, "APCA-API-SECRET-KEY": address.secret_key}
        answer = requests.get(f"{address.url}/v2/{what}", params=query, headers=keys, timeout=30)
        return answer.json()


@dataclass(frozen=True)
class Undisturbed:
    """A week that nothing came between."""

    aftermath: Aftermath
    boundaries: list[Boundary]


@pytest.fixture(scope="session")
def eve(tmp_path_factory: pytest.TempPathFactory, opened_exchange: Path) -> Path:
    """State folder after the first week's rebalance, the clock in the second."""
    home = tmp_path_factory.mktemp("eve") / "home"
    home.mkdir()
    shutil.copy(opened_exchange, home)
    with running_exchange(home) as control:
        assert Rebalance(home, overrides=()).finish()[0] == "complete"
        control.advance("next_week")
    return home


@pytest.fixture(scope="session")
def site(eve: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    """Make a copy of that folder, with its exchange: ``with site() as here: ...``."""
    folder, number = tmp_path_factory.mktemp("sites"), itertools.count()

    @contextmanager
    def make() -> Iterator[Site]:
        home = folder / str(next(number))
        shutil.copytree(eve, home)
        with running_exchange(home) as control:
            yield Site(home, control)
        shutil.rmtree(home)

    return make


@pytest.fixture(scope="session")
def undisturbed(site) -> Undisturbed:
    with site() as here:
        outcome, boundaries = here.rebalance().finish()
        assert outcome == "complete"
        return Undisturbed(here.aftermath(), boundaries)
