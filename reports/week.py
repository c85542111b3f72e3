"""The report of a week: the account as it stands, what was decided and traded, and how far it is from its model."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from reports.backtest_curves import tracking, tracking_finding
from reports.figures import equity_so_far, weights_history
from reports.format import MISSING, money, new_york, percent, signed_percent
from reports.style import alt_text, to_svg
from reports.summary import VERDICTS
from reports.tables import (
    Column,
    Row,
    Table,
    orders_table,
    performance_table,
    positions_table,
    slippage_cost,
    table_of,
)
from reports.templating import html_template, markdown_template

RUNS_SHOWN = 8


@dataclass(frozen=True, eq=False)
class WeekInputs:
    """Everything one report of a week shows. Frames have the columns of their artifacts.

    Args:
        strategy: Whose week.
        account: Venue and fingerprint of the account.
        week: ISO week, as 2015-W23.
        as_of: The exchange's clock when the account was read (naive, UTC).
        equity: Cash and holdings then (USD).
        cash: Cash then (USD).
        week_return: Change of equity since the last run of an earlier week, fraction; none before the second week.
        total_return: Change since the first run, fraction; none before it.
        drawdown: Equity against its highest at any run, fraction, never positive.
        holdings: Rows of ``positions``: what is held now, beside what was aimed at last.
        runs: ``run_id``, ``session``, ``iso_week`` and ``outcome`` of every run, oldest first.
        decisions: One row a run.
        target_weights: Every run's, with its ``session``.
        performance: One row a run that closed its books, oldest first.
        orders: The orders of the week.
        fills: Their fills.
        doubts: Rows of ``price_checks`` of the week in which an asset was in doubt, with their ``session``.
        tracking: session, live, model (equity, USD); empty when there is nothing to compare.
        notes: What a reader must know before all figures, one sentence each.
    """

    strategy: str
    account: str
    week: str
    as_of: dt.datetime
    equity: Decimal
    cash: Decimal
    week_return: float | None
    total_return: float | None
    drawdown: float
    holdings: pd.DataFrame
    runs: pd.DataFrame
    decisions: pd.DataFrame
    target_weights: pd.DataFrame
    performance: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    doubts: pd.DataFrame
    tracking: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["session", "live", "model"]))
    notes: tuple[str, ...] = ()

    @property
    def of_the_week(self) -> pd.DataFrame:
        """The runs of the week; plans apart, which only look."""
        return self.runs[(self.runs["iso_week"] == self.week) & (self.runs["outcome"] != "planned")]


def week_html(inputs: WeekInputs) -> str:
    """The page: one file, readable offline, no script; same inputs, same bytes."""
    drawn = [(Markup(to_svg(figure)), alt_text(figure)) for figure in week_figures(inputs).values()]  # noqa: S704 - our own SVG
    return _PAGE.render(_view(inputs), figures=drawn)


def week_markdown(inputs: WeekInputs) -> str:
    """The same tables in Markdown without inline HTML, for a Prefect artifact; no figures."""
    return _MARKDOWN.render(_view(inputs))


def week_figures(inputs: WeekInputs) -> dict[str, Figure]:
    """Equity and weights, and the account beside its model where there is one, by name."""
    figures = {
        "equity": equity_so_far(inputs.performance, inputs.runs),
        "weights": weights_history(inputs.target_weights, inputs.runs),
    }
    return figures | ({"tracking": tracking(inputs.tracking)} if len(inputs.tracking) else {})


def _view(inputs: WeekInputs) -> dict[str, Any]:
    outcome, headline = _verdict(inputs)
    outcomes = dict(zip(inputs.runs["run_id"], inputs.runs["outcome"], strict=True))
    return {
        "inputs": inputs,
        "outcome": outcome,
        "headline": headline,
        "facts": _facts(inputs),
        "slippage": money(slippage_cost(inputs.fills)),
        "tracked": tracking_finding(inputs.tracking) if len(inputs.tracking) else "",
        "tables": {
            "holdings": positions_table(inputs.holdings),
            "runs": _runs_table(inputs),
            "orders": orders_table(inputs.orders, inputs.fills),
            "doubts": table_of(_DOUBTS, inputs.doubts),
            "performance": performance_table(inputs.performance, outcomes, RUNS_SHOWN),
        },
    }


def _verdict(inputs: WeekInputs) -> tuple[str, str]:
    """The outcome that settled the week, or the last one when none did."""
    outcomes = inputs.of_the_week["outcome"].tolist()
    settled = [outcome for outcome in outcomes if outcome != "refused"] or outcomes
    if not settled:
        return "refused", "No rebalance this week"
    return settled[-1], VERDICTS[settled[-1]]


def _facts(inputs: WeekInputs) -> dict[str, str]:
    held = inputs.holdings[inputs.holdings["symbol"] != "CASH"]
    facts = {
        "as of": new_york(inputs.as_of),
        "equity": money(inputs.equity),
        "this week": signed_percent(inputs.week_return, 2),
        "since first run": signed_percent(inputs.total_return, 2),
        "below its highest": percent(-inputs.drawdown, 2),
        "cash": money(inputs.cash),
        "largest drift": percent(held["difference"].abs().max(), 2) if len(held) else MISSING,
    }
    return {name: fact for name, fact in facts.items() if fact != MISSING}


def _runs_table(inputs: WeekInputs) -> Table:
    reasons = inputs.decisions.set_index("run_id")["reasons"].to_dict()
    runs = inputs.of_the_week
    return table_of(_RUNS, runs.assign(reasons=[reasons.get(run, "") for run in runs["run_id"]]))


def _why(row: Row) -> str:
    """What the guard said no to, else what was decided."""
    lines = [line.strip() for line in row["reasons"].splitlines() if line.strip()]
    refused = [line.removeprefix("NO").strip() for line in lines if line.startswith("NO")]
    return "; ".join(refused) or (lines[-1] if lines else "")


_RUNS = (
    Column("session", "key", lambda row: str(row["session"])),
    Column("run", "word", lambda row: row["run_id"]),
    Column("outcome", "word", lambda row: row["outcome"]),
    Column("why", "text", _why),
)
_DOUBTS = (
    Column("session", "key", lambda row: str(row["session"])),
    Column("symbol", "word", lambda row: row["symbol"]),
    Column("finding", "word", lambda row: row["finding"]),
    Column("detail", "text", lambda row: row["detail"]),
)
_PAGE = html_template("week.html.j2")
_MARKDOWN = markdown_template("week.md.j2")
