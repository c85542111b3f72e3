"""What a person sees on the terminal. Answers on stdout, talk on stderr, no colour when it is not a terminal."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from brokerage.kill_switch import Halt, KillSwitch
from reports.format import MISSING, bps, money, percent, quantity, signed_percent, signed_pp
from reports.tables import records
from schemas.artifacts import ArtifactRef
from schemas.results import RunResult
from warehouse import Warehouse

VERDICTS = {
    "complete": "Rebalanced: every order filled, holdings as planned.",
    "adjusted": "Rebalanced, but the broker refused or left some orders unfilled; see the orders above.",
    "aborted": "Stopped on the way; nothing is in doubt, see why above. The week is not used up: run again.",
    "needs_human": "A person must look: orders, fills and holdings do not tell one story; see above. Nothing more is sent "
    "until somebody who has looked says so: riskparity acknowledge RUN --reason TEXT.",
    "hold": "Nothing to trade: holdings are close enough to their targets.",
    "refused": "Not rebalancing now. Nothing was sent.",
    "planned": "Nothing was sent: this is a plan.",
}

PIPED_WIDTH = 132
"""Columns when nobody's terminal says how wide it is."""

RECORDS_APART = 20
"""Wide answers of at most so many rows are shown record by record."""
COMMAND = "riskparity" if shutil.which("riskparity") else ".venv/bin/riskparity"
"""How the person at this terminal calls the command line."""

_out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
_err = Console(stderr=True, highlight=False)


def answer(text: str) -> None:
    """One answer, as it is, on stdout."""
    _out.print(text, markup=False, soft_wrap=True)


def talk(text: str) -> None:
    """One line to the person at the terminal, on stderr."""
    _err.print(text, markup=False, soft_wrap=True)


def halted(halt: Halt | None) -> None:
    """Say loudly that trading is halted, when it is."""
    if halt is not None:
        _err.print("TRADING IS HALTED", style="bold reverse red")
        talk(f"since {halt.since} by {halt.by}: {halt.reason}. To go on: {COMMAND} unhalt --reason TEXT")


def key_values(title: str, values: Mapping[str, object]) -> None:
    """A small table of names and values."""
    rows(title, ["", ""], [(name, str(value)) for name, value in values.items()])


def rows(
    title: str, columns: list[str], cells: Iterable[Iterable[str]], *, right: frozenset[str] = frozenset()
) -> None:
    """A table on stdout; columns named in ``right`` hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        numeric = column in right
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for row in cells:
        table.add_row(*row)
    _out.print(table)
    _out.print()


def table(records: list[dict[str, Any]], columns: list[str]) -> None:
    """Rows of any query: as a table, or record by record where a table would be too wide to read."""
    cells = [[_cell(record[column]) for column in columns] for record in records]
    widths = [max(map(len, [column, *texts])) for column, *texts in zip(columns, *cells, strict=True)]
    if sum(widths) + 2 * len(widths) <= _out.width or len(records) > RECORDS_APART:
        return rows(f"rows: {len(records)}", columns, cells)
    for number, record in enumerate(cells, start=1):
        rows(f"row {number} of {len(cells)}", ["", ""], zip(columns, record, strict=True))
    return None


class Progress:
    """One line a stage as it ends; the plan is shown as soon as it stands, before anything is sent."""

    def __init__(self, store: Warehouse, *, quiet: bool) -> None:
        self._store = store
        self._quiet = quiet
        self._since = time.monotonic()

    def wait(self, text: str) -> None:
        """Say what takes a moment."""
        if not self._quiet:
            talk(text)

    def told(self, record: logging.LogRecord) -> None:
        """Show what a stage said."""
        if self._quiet:
            return
        now = time.monotonic()
        stage = getattr(record, "task_name", "")
        talk(f"  {stage:<13}{record.getMessage()}  ({now - self._since:.1f} s)")
        self._since = now
        for reference in getattr(record, "written", ()):
            if reference.name == "order_plan":
                plan(self._store.rows(reference))


def plan(trades: list[dict[str, Any]]) -> None:
    """The trade list with its reasons."""
    columns = ["symbol", "now", "target", "change", "trade", "why"]
    cells = [
        (
            row["symbol"],
            percent(row["current_weight"]),
            percent(row["target_weight"]),
            signed_pp(row["target_weight"] - row["current_weight"]),
            _trade(row),
            row["reason"],
        )
        for row in trades
    ]
    rows("\nPlan", columns, cells, right=frozenset({"now", "target", "change"}))


def ending(store: Warehouse, result: RunResult) -> None:
    """Verdict, checks when they matter, orders, holdings, and the next commands."""
    written = {reference.name: reference for reference in result.artifacts}
    if result.outcome in {"refused", "planned"}:
        rows("Checks", ["", "check", ""], [_check(*check) for check in result.checks])
    if "orders" in written and written["orders"].rows:
        orders(store.rows(written["orders"]), store.rows(written["fills"]))
    if "positions" in written:
        holdings(store.rows(written["positions"]))
    if result.run.venue == "loopback":
        talk(
            "Loopback exchange on bundled prices: price return, ends 2016-07-01; intraday prices are simulated."
        )
    talk(f"{VERDICTS[result.outcome]} {result.remedy}".strip())
    for line in _next_steps(store, result, written):
        talk(line)


def orders(sent: list[dict[str, Any]], filled: list[dict[str, Any]]) -> None:
    """What was sent and what became of it."""
    fills = {row["client_order_id"]: row for row in filled}
    cells = [
        (row["symbol"], row["side"], *_fill(row, fills.get(row["client_order_id"])), row["message"])
        for row in sent
    ]
    columns = ["symbol", "side", "status", "filled", "price", "value", "slippage", ""]
    rows("Orders", columns, cells, right=frozenset({"filled", "price", "value", "slippage"}))


def holdings(positions: list[dict[str, Any]]) -> None:
    """What is held, beside what was aimed at."""
    cells = [
        (
            row["symbol"],
            "" if row["symbol"] == "CASH" else quantity(row["qty"]),
            money(row["market_value"]),
            percent(row["weight"], 2),
            percent(row["target_weight"], 2),
            signed_pp(row["difference"], 2),
        )
        for row in positions
    ]
    columns = ["symbol", "shares", "value", "weight", "target", "difference"]
    rows("Holdings", columns, cells, right=frozenset(columns[1:]))


def status(store: Warehouse, strategy: str, *, as_json: bool) -> None:
    """The last run and the holdings it left, and whether trading is halted."""
    halt = KillSwitch(store.root).state()
    account = store.last_account(strategy) or "none"
    runs = store.runs(strategy, account)
    positions = store.history("positions", strategy, account)
    last = records(runs.astype(str))[-1] if len(runs) else {}
    held = positions[positions["run_id"] == positions["run_id"].iloc[-1]] if len(positions) else positions
    if as_json:
        content = {
            "halted": halt and halt._asdict(),
            "last_run": last,
            "positions": held.astype(str).to_dict("records"),
        }
        answer(json.dumps(content, indent=2))
        return
    halted(halt)
    if not last:
        talk(f"{strategy} has not run yet. Start with: riskparity run {strategy} plan")
        return
    key_values(f"{strategy} on {account}", last)
    if len(held):
        holdings(records(held))


def performance(frame: pd.DataFrame, *, as_json: bool) -> None:
    """One line a run."""
    if as_json:
        answer(frame.to_json(orient="records", date_format="iso", indent=2))
        return
    cells = [
        (
            str(row["session"]),
            row["run_id"],
            money(row["equity"]),
            signed_percent(row["period_return"], 2),
            signed_percent(row["cumulative_return"], 2),
            percent(row["drawdown"], 2),
            percent(row["turnover"]),
            money(row["slippage_cost"]),
        )
        for row in records(frame)
    ]
    columns = ["session", "run", "equity", "return", "since start", "drawdown", "turnover", "slippage"]
    rows("Performance", columns, cells, right=frozenset(columns[2:]))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _trade(row: dict[str, Any]) -> str:
    if row["action"] == "hold":
        return "hold"
    size = money(row["notional"]) if row["notional"] is not None else f"{quantity(row['qty'])} sh"
    return f"{row['action'].upper()} {size}"


def _fill(order: dict[str, Any], fill: dict[str, Any] | None) -> tuple[str, ...]:
    if fill is None:
        return order["status"], *[MISSING] * 4
    return (
        order["status"],
        quantity(fill["qty"]),
        money(fill["price"]),
        money(fill["value"]),
        bps(fill["slippage_bps"]),
    )


def _check(name: str, passed: bool, detail: str) -> tuple[str, str, str]:  # noqa: FBT001
    return "ok" if passed else "NO", name, detail


def _next_steps(store: Warehouse, result: RunResult, written: Mapping[str, ArtifactRef]) -> list[str]:
    strategy, run_id = result.run.strategy, result.run.run_id
    if result.outcome == "refused":
        again = "make rebalance WEEKS=1" if result.run.venue == "loopback" else ""
        return [f"On the loopback exchange the clock moves on with: {again}"] if again else []
    if result.outcome == "planned":
        return [f"Why:      {COMMAND} why --run {run_id}"]
    del written
    return [
        f"Report:   {store.root / result.summary}",
        f"Look:     {COMMAND} sql \"from positions where run_id = '{run_id}'\"",
        f"Why:      {COMMAND} why --run {run_id}",
        f"Next:     {COMMAND} run {strategy} status",
    ]
