"""The page of a stress test: one HTML file that needs nothing else, its figures and tables, and a summary in Markdown."""

from __future__ import annotations

from typing import Any

from reports import stress_figures as draw
from reports import stress_tables as show
from reports.backtest_inputs import shown
from reports.drawings import Kind, drawings_of, report_files
from reports.format import percent, signed_percent
from reports.stress_inputs import TABLES, StressInputs

_FIGURES: dict[str, Kind[StressInputs]] = {
    "losses": Kind("Losses", lambda i: i.scenarios, draw.losses, draw.losses_finding),
    "crises": Kind("Crises", lambda i: i.reached, draw.crises, draw.crises_finding),
    "resamples": Kind("Drawn histories", lambda i: i.drawn, draw.resamples, draw.resamples_finding),
    "leverage": Kind("Leverage", lambda i: i.leverage, draw.leverage, draw.leverage_finding),
}
WORDS = {
    "Loss": "Of equity: of the shock itself on today's portfolio, or, where the window is the scenario, of the worst five "
    "sessions in a row of the stressed window.",
    "Strategy": "decides: it found weights within its limits; falls back: what is held is kept, as the configuration says; "
    "refuses: no weights satisfy the limits, the conflict is named, and nothing is traded.",
    "Turnover, cost": "Of the rebalance that follows, under the drift threshold and the turnover cap of the live guard.",
    "Downside before, after": "Downside deviation a year over the stressed window, of today's portfolio and of what is held "
    "after that rebalance.",
    "Dearest limit": "The limit with the greatest shadow price: what one percentage point more of it would save, a day.",
    "Correlations": "Standardised returns are moved towards their first principal component; means and volatilities stay. At "
    "one the volatility of the portfolio is the weighted sum of the volatilities: diversification is gone.",
    "Rates": "A bond fund loses its modified duration times the rise, to first order: convexity would soften it. Durations "
    "stand under Assumptions; what has none loses nothing.",
    "Halted": "The largest holding has no price for so many sessions and cannot be traded; then it trades lower. Cleaning, as "
    "live, bridges short gaps and leaves the asset out after longer ones.",
    "Stale": "The price of the largest holding repeats. Cleaning, as live, notices long runs and leaves the asset out; a short "
    "run looks like calm.",
    "Drawn history": "Stationary block bootstrap (Politis & Romano, 1994) of whole sessions: opens, closes and cash of a day "
    "stay together. The whole strategy lives through each.",
    "Kelly": "(mean - i) / variance of the account without leverage (Thorp 2006): i is what cash earns up to one, what debts cost above. "
    "Beside it the leverage that the formula gives if debts cost what cash earns, ten at most. Best is the leverage of greatest "
    "growth on these very returns.",
    "Margin call": "A close at which equity is less than the maintenance margin times the value of the positions. The simulated "
    "account is not sold out; a broker would have.",
    "Least there is": "Of any long-only portfolio with as much invested, in closed form: √(c + (1 - c)/N) of one asset's at correlation c, for "
    "blocks likewise, for one factor Clarke, de Silva & Thorley (2011).",
}


def stress_report(inputs: StressInputs) -> dict[str, bytes]:
    """Every file of the report by its name relative to the report's folder; ``report_files`` says which."""
    tables = {name: getattr(inputs, name) for name in TABLES}
    return report_files("stress", _view(inputs), drawings_of(_FIGURES, inputs), tables)


def headline(inputs: StressInputs) -> str:
    """The worst scenario and what it takes."""
    worst = inputs.worst_first.iloc[0]
    return f"Worst: {worst['scenario']} takes {percent(-worst['loss'])} of equity"


def finding(inputs: StressInputs) -> str:
    """What happened to the limits."""
    table = inputs.scenarios
    own = int((table["outcome"] == "decided").sum())
    return f"The strategy found weights in {own} of {len(table)} scenarios" + (
        "; in the others its limits contradict each other, and what it did then is on record."
        if own < len(table)
        else "."
    )


def stress_findings(inputs: StressInputs) -> tuple[str, ...]:
    """What each figure shows, in a sentence; of those for which there is something to draw."""
    return tuple(kind.finding(inputs) for kind in _FIGURES.values() if len(kind.table(inputs)))


def _view(inputs: StressInputs) -> dict[str, Any]:
    return {
        "inputs": inputs,
        "name": shown(str(inputs.summary["strategy"])),
        "as_of": inputs.summary["as_of"],
        "headline": headline(inputs),
        "finding": finding(inputs),
        "facts": _facts(inputs),
        "words": WORDS,
        "tables": {
            "portfolio": show.portfolio_table(inputs),
            "scenarios": show.scenarios_table(inputs),
            "crises": show.crises_table(inputs),
            "resamples": show.resamples_table(inputs),
            "leverage": show.leverage_table(inputs),
            "universes": show.universes_table(inputs),
            "weeks": show.weeks_table(inputs),
        },
    }


def _facts(inputs: StressInputs) -> dict[str, str]:
    by_kind = inputs.scenarios.groupby("kind")["loss"].min().sort_values()
    told = [kind for kind in by_kind.index if kind not in {"today", "infeasible"}]
    return {f"worst {kind}": signed_percent(by_kind[kind]) for kind in told[:6]}
