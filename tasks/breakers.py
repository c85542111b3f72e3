"""Circuit breakers: what has gone wrong since a person last looked, and halts trading until one does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from brokerage.activities import activities_since
from brokerage.client import Broker
from brokerage.kill_switch import KillSwitch
from brokerage.orders import NOTHING
from brokerage.reconciliation import LeftBehind, since
from brokerage.records import CASH
from portfolio.account_guard import BREAKERS, accounted_for, drawdown_stop, equity_drop, rejects_in_a_row
from reports.tables import records
from schemas.identity import Run
from schemas.results import Check
from schemas.settings import LimitSettings
from tasks.week import opened
from warehouse import Warehouse


class Breakers(NamedTuple):
    """What every circuit breaker says, and the money paid in, less paid out, since the last run that traded (USD)."""

    checks: tuple[Check, ...]
    flows: Decimal = NOTHING


def breakers(store: Warehouse, account: Broker, run: Run, limits: LimitSettings) -> Breakers:
    """Judge every circuit breaker on what happened since the last release; few before the first run."""
    history = _History(store, run)
    orders = [(row["status"], row["filled_qty"]) for row in history.rows("orders")]
    rejects = rejects_in_a_row(orders, limits.max_rejects_in_a_row)
    left = history.left_behind()
    if left is None:
        return Breakers((rejects,))
    since_then = _since(left, history, account, limits)
    return since_then._replace(checks=(rejects, *since_then.checks))


def trip(store: Warehouse, checks: Iterable[Check]) -> None:
    """Halt trading for each breaker among ``checks`` that failed."""
    for check in checks:
        if check.name in BREAKERS and not check.passed:
            KillSwitch(store.root).engage(f"{check.name}: {check.detail}", by="circuit breaker")


def _since(left: LeftBehind, history: _History, account: Broker, limits: LimitSettings) -> Breakers:
    positions, cash = account.positions(), account.account().cash
    held = {position.symbol: position.qty for position in positions}
    found = since(left, held, cash, activities_since(account, left.session))
    foreign = history.foreign()
    now = cash + sum((p.market_value or NOTHING for p in positions if p.symbol not in foreign), NOTHING)
    checks = [accounted_for(found.unexplained, found.foreign_fills)]
    equities = [row["equity"] for row in history.rows("performance")]
    if equities:
        flows = [*history.flows()[1:], found.flows]
        checks.append(equity_drop(equities[-1], now, found.flows, limits.max_equity_drop))
        checks.append(drawdown_stop(equities, flows, now, limits.max_drawdown))
    return Breakers(tuple(checks), found.flows)


class _History:
    """What the runs of a strategy in an account wrote since a person last looked, oldest first."""

    def __init__(self, store: Warehouse, run: Run) -> None:
        self._store = store
        self._run = run
        runs, settled = store.runs(run.strategy, run.account), KillSwitch(store.root).last_release()
        if settled is not None:
            runs = runs[runs["committed_at"] > settled.replace(tzinfo=None)]
        self._runs = {row["run_id"]: row for row in _after_acknowledged(store, records(runs))}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Rows of an artifact."""
        history = records(self._store.history(name, self._run.strategy, self._run.account))
        return [row for row in history if row["run_id"] in self._runs]

    def flows(self) -> list[Decimal]:
        """Money paid in, less paid out, before each run that has ``performance``, as it was found when the run began."""
        openings = self._store.openings().set_index("run_id")["flows"]
        return [openings[row["run_id"]] for row in self.rows("performance")]

    def left_behind(self) -> LeftBehind | None:
        """The account as the last run that traded left it; none when there is none."""
        held = self._last("positions")
        if not held:
            return None
        last = self._runs[held[0]["run_id"]]
        foreign = [row for row in self._last("holdings") if not row["in_universe"]]
        return LeftBehind(
            at=last["decided_at"].replace(tzinfo=dt.UTC),
            session=last["session"],
            shares={row["symbol"]: row["qty"] for row in [*held, *foreign] if row["symbol"] != CASH},
            cash=next(row["qty"] for row in held if row["symbol"] == CASH),
            filled={
                row["order_id"]: _filled(row)
                for row in self._last("orders")
                if isinstance(row["order_id"], str)
            },
        )

    def foreign(self) -> set[str]:
        """What was held and not the strategy's."""
        return {row["symbol"] for row in self._last("holdings") if not row["in_universe"]}

    def _last(self, name: str) -> list[dict[str, Any]]:
        """Rows of the last run that traded."""
        positions = self.rows("positions")
        return (
            [row for row in self.rows(name) if row["run_id"] == positions[-1]["run_id"]] if positions else []
        )


def _after_acknowledged(store: Warehouse, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs after the last that needed a person and was looked at by one: that settled what came before."""
    seen = [
        place
        for place, row in enumerate(runs, start=1)
        if row["outcome"] == "needs_human" and store.find(opened(store, row["run_id"]), "acknowledgements")
    ]
    return runs[max(seen, default=0) :]


def _filled(order: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Shares and money an order had moved when it was recorded; what is paid is below zero."""
    shares = order["filled_qty"] if order["side"] == "buy" else -order["filled_qty"]
    return shares, -shares * order["filled_avg_price"] if shares else NOTHING
