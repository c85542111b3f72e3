"""The tables of the summary: frames in, cells of text out, so that HTML and Markdown show the same figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

from reports.format import MISSING, bps, money, percent, quantity, signed_percent, signed_pp

Row = Mapping[str, Any]

SESSIONS_A_YEAR = 252


class Column(NamedTuple):
    """One column: its heading, whether it holds figures (right-aligned), and how a row's cell is written."""

    name: str
    kind: str
    """``key`` names the row, ``figure`` is right-aligned, ``word`` is short, ``text`` may be long."""
    cell: Callable[[Row], str]


class Table(NamedTuple):
    """Cells of text, ready to be shown."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def plan_table(order_plan: pd.DataFrame, target_weights: pd.DataFrame) -> Table:
    """Now, target, distance, trade and reason of each asset, in the order of sending.

    A refused run has no plan; then its target weights are shown, if it got that far, as not planned.
    """
    if order_plan.empty:
        plan = target_weights.sort_values("target_weight", ascending=False, kind="stable")
        plan = plan.assign(action="", reason="no trade was planned")
    else:
        plan = order_plan.sort_values("sequence")
    floors = long_only_floors(target_weights)
    binding = {
        row["symbol"]: ", ".join(name for name in _names(row["binding"]) if name not in floors)
        for row in records(target_weights)
    }
    return table_of(_PLAN, plan.assign(binding=[binding.get(symbol, "") for symbol in plan["symbol"]]))


def long_only_floors(target_weights: pd.DataFrame) -> frozenset[str]:
    """Names of the floors at zero: nobody chose them, so that they bind says no more than that nothing is held."""
    at_zero = target_weights[target_weights["lower_bound"] == 0.0]
    return frozenset(f"min_weight {symbol}" for symbol in at_zero["symbol"])


def orders_table(orders: pd.DataFrame, fills: pd.DataFrame) -> Table:
    """Each order as the broker last reported it, with its fill and what that cost against the plan."""
    details = fills[["client_order_id", "price", "value", "reference_price", "slippage_bps"]]
    return table_of(_ORDERS, orders.merge(details, on="client_order_id", how="left"))


def positions_table(positions: pd.DataFrame) -> Table:
    """Holdings after the run beside what was aimed at; cash last."""
    by_value = positions.sort_values("weight", ascending=False, kind="stable")
    cash = (by_value["symbol"] == "CASH").to_numpy(dtype=bool)
    return table_of(_POSITIONS, pd.concat([by_value[~cash], by_value[cash]]))


def performance_table(performance: pd.DataFrame, outcomes: Mapping[str, str], rows: int) -> Table:
    """The account after the latest ``rows`` runs, newest first."""
    latest = performance.tail(rows).iloc[::-1]
    return table_of(_PERFORMANCE, latest.assign(outcome=[outcomes.get(run, "") for run in latest["run_id"]]))


def cleaning_table(cleaning_log: pd.DataFrame, rows: int) -> Table:
    """The first ``rows`` entries: exclusions, then removals, repairs and flags."""
    severity = {"excluded": 0, "removed": 1, "repaired": 2, "flagged": 3}
    ranked = cleaning_log.assign(severity=cleaning_log["action"].map(severity))
    return table_of(_CLEANING, ranked.sort_values(["severity", "symbol"], kind="stable").head(rows))


def slippage_cost(fills: pd.DataFrame) -> Decimal:
    """What the fills cost against their reference prices, USD; positive is worse."""
    costs = (_worse_by(row) * row["qty"] for row in records(fills))
    return sum(costs, Decimal(0))


def _worse_by(row: Row) -> Decimal:
    difference: Decimal = row["price"] - row["reference_price"]
    return difference if row["side"] == "buy" else -difference


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column name; artifact columns are always text."""
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def table_of(columns: tuple[Column, ...], frame: pd.DataFrame) -> Table:
    """The cells of a frame's rows. Long texts that no row has, such as what the broker says, leave no column behind."""
    rows = records(frame)
    kept = [column for column in columns if column.kind != "text" or any(map(column.cell, rows))]
    return Table(tuple(kept), tuple(tuple(column.cell(row) for column in kept) for row in rows))


def _trade(row: Row) -> str:
    if row["action"] not in ("buy", "sell"):
        return row["action"] or MISSING
    by_shares = not pd.isna(row["qty"])
    size = f"{quantity(row['qty'])} sh" if by_shares else money(row["notional"])
    return f"{row['action'].upper()} {size}"


def _names(binding: str) -> list[str]:
    return [name.strip() for name in binding.split(",") if name.strip()]


def _why(row: Row) -> str:
    binding = row["binding"]
    return f"{row['reason']}; binds: {binding}" if binding else str(row["reason"])


def _asked(row: Row) -> str:
    return money(row["notional"]) if pd.isna(row["qty"]) else f"{quantity(row['qty'])} sh"


def _day(row: Row) -> str:
    return "all" if pd.isna(row["session"]) else str(row["session"])


def _values(row: Row) -> str:
    if pd.isna(row["field"]):
        return MISSING
    return f"{row['field']} {quantity(row['raw_value'])} → {quantity(row['clean_value'])}"


_SYMBOL = Column("symbol", "key", lambda row: row["symbol"])
_PLAN = (
    _SYMBOL,
    Column("now", "figure", lambda row: percent(row["current_weight"])),
    Column("target", "figure", lambda row: percent(row["target_weight"])),
    Column("off target", "figure", lambda row: signed_pp(row["current_weight"] - row["target_weight"])),
    Column("trade", "figure", _trade),
    Column("why", "text", _why),
)
_ORDERS = (
    _SYMBOL,
    Column("side", "word", lambda row: row["side"].upper()),
    Column("asked", "figure", _asked),
    Column("filled", "figure", lambda row: f"{quantity(row['filled_qty'])} sh"),
    Column("price", "figure", lambda row: money(row["price"])),
    Column("planned at", "figure", lambda row: money(row["reference_price"])),
    Column("value", "figure", lambda row: money(row["value"])),
    Column("slippage", "figure", lambda row: bps(row["slippage_bps"])),
    Column("status", "word", lambda row: row["status"]),
    Column("broker says", "text", lambda row: row["message"]),
)
_POSITIONS = (
    _SYMBOL,
    Column("quantity", "figure", lambda row: quantity(row["qty"])),
    Column("price", "figure", lambda row: money(row["price"])),
    Column("value", "figure", lambda row: money(row["market_value"])),
    Column("weight", "figure", lambda row: percent(row["weight"])),
    Column("target", "figure", lambda row: percent(row["target_weight"])),
    Column("difference", "figure", lambda row: signed_pp(row["difference"])),
)
_PERFORMANCE = (
    Column("session", "key", lambda row: str(row["session"])),
    Column("outcome", "word", lambda row: row["outcome"]),
    Column("equity", "figure", lambda row: money(row["equity"])),
    Column("since last", "figure", lambda row: signed_percent(row["period_return"])),
    Column("since first", "figure", lambda row: signed_percent(row["cumulative_return"])),
    Column("drawdown", "figure", lambda row: percent(row["drawdown"])),
    Column("turnover", "figure", lambda row: percent(row["turnover"])),
    Column("orders", "figure", lambda row: str(row["orders"])),
    Column("slippage", "figure", lambda row: money(row["slippage_cost"])),
    Column("off target", "figure", lambda row: signed_pp(row["tracking_error"]).lstrip("+")),
)
_CLEANING = (
    _SYMBOL,
    Column("session", "word", _day),
    Column("rule", "word", lambda row: row["rule"]),
    Column("action", "word", lambda row: row["action"]),
    Column("value", "figure", _values),
    Column("detail", "text", lambda row: row["detail"]),
)
