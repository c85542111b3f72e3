"""The tables of a stress test's page as cells of text, the same in HTML, in Markdown and on the terminal."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from reports.format import MISSING, money, percent, ratio, scientific, signed_percent
from reports.stress_inputs import StressInputs
from reports.tables import Column, Row, Table, table_of

OUTCOMES = {"decided": "decides", "fallback": "falls back", "refused": "refuses"}


def scenarios_table(inputs: StressInputs) -> Table:
    """Every scenario, the worst first: what is lost, what is done next, what binds."""
    return table_of(_SCENARIOS, inputs.worst_first)


def portfolio_table(inputs: StressInputs) -> Table:
    """Today's portfolio."""
    today = inputs.weights[(inputs.weights["scenario"] == "today") & (inputs.weights["held"] > 0)]
    return table_of(_PORTFOLIO, today.sort_values("held", ascending=False, kind="stable"))


def crises_table(inputs: StressInputs) -> Table:
    """Every named crisis, those that no price reaches too."""
    return table_of(_CRISES, inputs.crises.assign(market=inputs.benchmark))


def resamples_table(inputs: StressInputs) -> Table:
    """Quantiles of what the strategy made of the drawn histories, beside what it made of the real one."""
    rows = [
        {
            "name": name,
            "write": write,
            "own": inputs.own(key),
            "low": inputs.drawn[key].quantile(0.05),
            "middle": inputs.drawn[key].median(),
            "high": inputs.drawn[key].quantile(0.95),
        }
        for key, (name, write) in _RESAMPLED.items()
        if len(inputs.drawn)
    ]
    return table_of(_QUANTILES, pd.DataFrame(rows))


def leverage_table(inputs: StressInputs) -> Table:
    """One account for each leverage."""
    return table_of(_LEVERAGE, inputs.leverage.sort_values("leverage", kind="stable"))


def universes_table(inputs: StressInputs) -> Table:
    """One decision on each synthetic universe."""
    return table_of(_UNIVERSES, inputs.universes)


def weeks_table(inputs: StressInputs) -> Table:
    """The weeks of a crash, run by run."""
    return table_of(_WEEKS, inputs.weeks)


def _fraction(name: str, digits: int = 1) -> Callable[[Row], str]:
    return lambda row: percent(row[name], digits)


def _signed(name: str, digits: int = 1) -> Callable[[Row], str]:
    return lambda row: signed_percent(row[name], digits)


def _words(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: MISSING if pd.isna(row[name]) else f"{row[name]:,.0f}"


def _said(row: Row) -> str:
    return "; ".join(filter(None, (row["live"], row["said"], row["dearest"])))


def _span(row: Row) -> str:
    return f"{row['crisis']}, {row['first']} to {row['last']}"


def _crisis_said(row: Row) -> str:
    if row["reached"] == "no":
        return "the prices do not reach it"
    return "" if not row["dearest"] else f"dearest limit: {row['dearest']}"


def _universe_said(row: Row) -> str:
    return "; ".join(filter(None, (row["said"], row["dearest"])))


def _called(row: Row) -> str:
    if row["ruined"]:
        return "ruined"
    return "never" if not row["calls"] else f"{row['calls']:,} closes, first {row['first_call']}"


_SCENARIOS = (
    Column("scenario", "key", _words("scenario")),
    Column("loss", "figure", _signed("loss")),
    Column("strategy", "figure", lambda row: OUTCOMES[row["outcome"]]),
    Column("turnover", "figure", _fraction("turnover")),
    Column("cost", "figure", lambda row: f"{row['cost_bp']:.1f} bp"),
    Column("invested", "figure", _fraction("invested", 0)),
    Column("downside before", "figure", _fraction("downside_deviation")),
    Column("after", "figure", _fraction("after")),
    Column("what it says, and the dearest limit", "text", _said),
)
_PORTFOLIO = (
    Column("symbol", "key", _words("symbol")),
    Column("weight", "figure", _fraction("held")),
)
_CRISES = (
    Column("crisis", "key", _span),
    Column("lived", "figure", _signed("lived")),
    Column("fell", "figure", _fraction("lived_drawdown")),
    Column("benchmark", "figure", _signed("benchmark")),
    Column("today's, held", "figure", _signed("held")),
    Column("turnover", "figure", _fraction("turnover", 0)),
    Column("cost", "figure", lambda row: MISSING if pd.isna(row["cost_bp"]) else f"{row['cost_bp']:.1f} bp"),
    Column("refused", "figure", _count("refused")),
    Column("", "text", _crisis_said),
)
_RESAMPLED: dict[str, tuple[str, Callable[[float], str]]] = {
    "cagr": ("CAGR", signed_percent),
    "max_drawdown": ("Max drawdown", percent),
    "turnover": ("Turnover, a year", lambda value: percent(value, 0)),
    "volatility": ("Volatility", percent),
    "costs_bp": ("Costs, a year", lambda value: f"{value:.1f} bp"),
}
_QUANTILES = (
    Column("figure", "key", _words("name")),
    Column("5%", "figure", lambda row: row["write"](row["low"])),
    Column("median", "figure", lambda row: row["write"](row["middle"])),
    Column("95%", "figure", lambda row: row["write"](row["high"])),
    Column("as it was", "figure", lambda row: row["write"](row["own"])),
)
_LEVERAGE = (
    Column("leverage", "key", lambda row: ratio(row["leverage"])),
    Column("what", "word", lambda row: "" if row["what"] == "grid" else str(row["what"])),
    Column("growth, a year", "figure", _signed("growth")),
    Column("by the formula", "figure", _signed("model")),
    Column("max drawdown", "figure", _fraction("max_drawdown")),
    Column("interest, a year", "figure", _fraction("interest")),
    Column("margin calls", "word", _called),
)
_UNIVERSES = (
    Column("universe", "key", _words("universe")),
    Column("strategy", "figure", lambda row: OUTCOMES[row["outcome"]]),
    Column("held", "figure", _count("held")),
    Column("volatility", "figure", _fraction("volatility", 2)),
    Column("least there is", "figure", _fraction("least", 2)),
    Column("weights apart", "figure", lambda row: scientific(row["apart"])),
    Column("gap", "figure", lambda row: scientific(row["gap"])),
    Column("limits", "figure", _count("limits")),
    Column("time", "figure", lambda row: f"{row['milliseconds']:.1f} ms"),
    Column("dearest limit", "text", _universe_said),
)
_WEEKS = (
    Column("session", "key", lambda row: f"{row['session']}"),
    Column("outcome", "figure", _words("outcome")),
    Column("equity", "figure", lambda row: money(row["equity"], 0)),
    Column(
        "orders",
        "figure",
        lambda row: f"{row['filled']} of {row['orders']} filled" if row["orders"] else "none sent",
    ),
    Column("what happened", "text", lambda row: "; ".join(filter(None, (row["event"], row["said"])))),
)
