"""The one-page summary of a weekly rebalance, as one HTML file and as Markdown for the Prefect UI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from reports.figures import equity_so_far, weights_history
from reports.format import MISSING, money, new_york, percent, scientific, signed_percent
from reports.markdown import fenced
from reports.style import alt_text, to_svg
from reports.tables import (
    SESSIONS_A_YEAR,
    Table,
    cleaning_table,
    orders_table,
    performance_table,
    plan_table,
    positions_table,
    records,
    slippage_cost,
)
from reports.templating import html_template, markdown_template
from reports.why import LEGEND, measure_of, price_sentences, why_table
from schemas.errors import DataError

RUNS_SHOWN, CLEANING_SHOWN = 8, 10
"""Rows of the longer tables that fit a page; the warehouse has the rest."""

VERDICTS = {
    "complete": "Rebalanced as planned",
    "adjusted": "Rebalanced, but not every order filled",
    "aborted": "Stopped on the way, nothing in doubt",
    "needs_human": "A person must look: orders, fills and holdings do not agree",
    "hold": "Nothing to trade",
    "refused": "Refused by a guard, nothing sent",
    "planned": "Plan only, nothing sent",
}
"""The headline of each outcome of a run."""


@dataclass(frozen=True, eq=False)
class SummaryInputs:
    """Everything one summary shows. Frames have the columns of their artifacts and may hold other runs too.

    Args:
        run_id: The run that is summarised; ``decisions`` and ``runs`` must have its row.
        venue: Where orders went: loopback or paper.
        code_version: Version of this project that ran.
        data_hash: sha256 that identifies the bars used.
        command: Shell command that reproduces the run.
        sql: Query that shows the run in the warehouse.
        runs: ``run_id``, ``session`` and ``outcome`` of every run of the strategy, oldest first.
        decisions: One row a run.
        target_weights: Every run's, with its ``session``; may be empty.
        performance: One row a run that closed its books, oldest first; may be empty.
        certificates: The optimiser's proofs; no row when the strategy solves nothing or none was reached.
        explanations: Why each weight, one row an asset; may be empty.
        shadow_prices: What each binding constraint costs; may be empty.
        remarks: What the strategy said of its decision; may be empty.
        order_plan: The run's trade list; empty when refused.
        orders: The run's orders; empty when none was sent.
        fills: The run's fills.
        positions: Holdings after the run.
        cleaning_log: What cleaning did for the run; may be empty.
        next_step: What to do or wait for next, e.g. when a refused run may be tried again; may be empty.
        notes: What a reader must know about the prices or the venue, one sentence each.
    """

    run_id: str
    venue: str
    code_version: str
    data_hash: str
    command: str
    sql: str
    runs: pd.DataFrame
    decisions: pd.DataFrame
    target_weights: pd.DataFrame
    performance: pd.DataFrame
    certificates: pd.DataFrame
    explanations: pd.DataFrame
    shadow_prices: pd.DataFrame
    remarks: pd.DataFrame
    order_plan: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    positions: pd.DataFrame
    cleaning_log: pd.DataFrame
    next_step: str = ""
    notes: tuple[str, ...] = ()


class Reason(NamedTuple):
    """One line of a decision's reasons: a check that passed or not, or (None) a remark."""

    passed: bool | None
    text: str


def summary_html(inputs: SummaryInputs) -> str:
    """The page: one file, readable offline, no script; same inputs, same bytes.

    Raises:
        DataError: A frame lacks the row of the run.
    """
    view = _view(inputs)
    figures = (
        equity_so_far(inputs.performance, inputs.runs),
        weights_history(inputs.target_weights, inputs.runs),
    )
    drawn = [(Markup(to_svg(figure)), alt_text(figure)) for figure in figures]  # noqa: S704 - our own SVG
    return _PAGE.render(view, figures=drawn)


def summary_markdown(inputs: SummaryInputs) -> str:
    """The same tables in Markdown without inline HTML, for a Prefect artifact; no figures.

    Raises:
        DataError: A frame lacks the row of the run.
    """
    return _MARKDOWN.render(_view(inputs), fenced=fenced)


def _view(inputs: SummaryInputs) -> dict[str, Any]:
    decision = _row_of(inputs.decisions, inputs.run_id, "decisions")
    account = next(iter(records(_of_run(inputs.performance, inputs.run_id))), {})
    outcome = _row_of(inputs.runs, inputs.run_id, "runs")["outcome"]
    cleaning = _of_run(inputs.cleaning_log, inputs.run_id)
    prices = records(_of_run(inputs.shadow_prices, inputs.run_id))
    return {
        "inputs": inputs,
        "outcome": outcome,
        "headline": VERDICTS[outcome],
        "decision": decision,
        "facts": _facts(inputs, decision, account),
        "reasons": [_reason(line) for line in decision["reasons"].splitlines() if line.strip()],
        "legend": LEGEND,
        "prices": price_sentences(prices),
        "remarks": _of_run(inputs.remarks, inputs.run_id)["text"].tolist(),
        "certificate": _certificate(_of_run(inputs.certificates, inputs.run_id), measure_of(prices)),
        "forced_because": None if pd.isna(decision["forced_because"]) else decision["forced_because"],
        "tables": _tables(inputs, cleaning),
        "slippage": money(slippage_cost(_of_run(inputs.fills, inputs.run_id))),
        "so_far": _so_far(inputs.performance),
        "cleaning_counts": _counts(cleaning),
        "cleaning_hidden": max(0, len(cleaning) - CLEANING_SHOWN),
        "provenance": _provenance(inputs, decision),
        "parameters": json.dumps(json.loads(decision["parameters"]), indent=2, sort_keys=True),
    }


def _tables(inputs: SummaryInputs, cleaning: pd.DataFrame) -> dict[str, Table]:
    run_id = inputs.run_id
    outcomes = dict(zip(inputs.runs["run_id"], inputs.runs["outcome"], strict=True))
    weights = _of_run(inputs.target_weights, run_id)
    prices = records(_of_run(inputs.shadow_prices, run_id))
    return {
        "plan": plan_table(_of_run(inputs.order_plan, run_id), weights),
        "orders": orders_table(_of_run(inputs.orders, run_id), _of_run(inputs.fills, run_id)),
        "positions": positions_table(_of_run(inputs.positions, run_id)),
        "performance": performance_table(inputs.performance, outcomes, RUNS_SHOWN),
        "cleaning": cleaning_table(cleaning, CLEANING_SHOWN),
        "why": why_table(_of_run(inputs.explanations, run_id), prices),
    }


def _facts(inputs: SummaryInputs, decision: Mapping[str, Any], account: Mapping[str, Any]) -> dict[str, str]:
    """What is known: a run that sent nothing closed no books, and its turnover is the planned one."""
    orders = _of_run(inputs.orders, inputs.run_id)
    filled = int((orders["status"] == "filled").sum())
    as_of, after = decision["data_as_of"], account.get("tracking_error")
    facts = {
        "decided": new_york(decision["decided_at"]),
        "data as of": MISSING if pd.isna(as_of) else f"{as_of} close",
        "venue": inputs.venue,
        "equity": money(account.get("equity")),
        "orders filled": f"{filled} of {len(orders)}" if len(orders) else "none sent",
        "turnover": percent(account.get("turnover", decision["turnover"])),
        "largest drift": percent(decision["drift"]) + ("" if after is None else f" → {percent(after)}"),
    }
    return {name: fact for name, fact in facts.items() if fact != MISSING}


def _certificate(certificates: pd.DataFrame, measure: str) -> str:
    if certificates.empty:
        return ""
    proof = records(certificates)[0]
    return (
        f"Weights certified: relative duality gap {scientific(proof['relative_gap'])}, largest violation "
        f"{scientific(proof['violation'])}; {measure} of the target "
        f"{percent((SESSIONS_A_YEAR * proof['objective']) ** 0.5)} a year."
    )


def _so_far(performance: pd.DataFrame) -> dict[str, str]:
    if performance.empty:
        return {}
    return {
        "runs": str(len(performance)),
        "since first run": signed_percent(performance["cumulative_return"].iloc[-1]),
        "deepest drawdown": percent(performance["drawdown"].min()),
        "mean turnover a run": percent(performance["turnover"].mean()),
        "slippage so far": money(performance["slippage_cost"].sum()),
    }


def _provenance(inputs: SummaryInputs, decision: Mapping[str, Any]) -> dict[str, str]:
    return {
        "run": inputs.run_id,
        "configuration": decision["config_hash"],
        "data": inputs.data_hash,
        "code": inputs.code_version,
    }


def _reason(line: str) -> Reason:
    mark, _, text = line.strip().partition(" ")
    passed = {"ok": True, "NO": False}.get(mark)
    return Reason(passed, line.strip() if passed is None else text.strip())


def _counts(cleaning: pd.DataFrame) -> str:
    if cleaning.empty:
        return "Nothing was altered or excluded."
    counts = cleaning["action"].value_counts().sort_index()
    return ", ".join(f"{count} {action}" for action, count in counts.items()) + "."


def _of_run(frame: pd.DataFrame, run_id: str) -> pd.DataFrame:
    return frame[frame["run_id"] == run_id]


def _row_of(frame: pd.DataFrame, run_id: str, name: str) -> Mapping[str, Any]:
    rows = _of_run(frame, run_id)
    if len(rows) != 1:
        raise DataError(
            f"The summary needs one row of {name} for its run",
            figures={"run": run_id, "rows": len(rows)},
            remedy=f"See what the run wrote: riskparity sql \"from artifacts where run_id = '{run_id}'\"",
        )
    return records(rows)[0]


_PAGE = html_template("summary.html.j2")
_MARKDOWN = markdown_template("summary.md.j2")
