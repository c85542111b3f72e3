"""The report of a backtest: one HTML page that needs nothing else, its figures, its tables, and a summary in Markdown."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from reports.backtest_curves import (
    crises,
    crises_finding,
    equity_and_falls,
    equity_finding,
    rolling_finding,
    rolling_risk,
    tracking,
    tracking_finding,
)
from reports.backtest_holdings import (
    MARKS,
    allocation,
    allocation_finding,
    constraints,
    constraints_finding,
    months,
    months_finding,
    risk,
    risk_finding,
    turnover_and_costs,
    turnover_finding,
)
from reports.backtest_inputs import BacktestInputs, shown
from reports.backtest_tables import crises as crisis_rows
from reports.backtest_tables import drawdowns_table, quality_table, results
from reports.backtest_trials import (
    sensitivity,
    sensitivity_finding,
    sensitivity_table,
    sensitivity_told,
    swept,
    trials_table,
    trials_told,
)
from reports.definitions import definitions
from reports.drawings import Drawing, Kind, as_csv, drawings_of, report_files
from reports.format import MISSING
from reports.luck import MEANING, odds
from reports.tables import records
from schemas.metrics import METRICS

_FIGURES: dict[str, Kind[BacktestInputs]] = {
    "equity": Kind("Equity", lambda i: i.equity, equity_and_falls, equity_finding),
    "allocation": Kind("Allocation", lambda i: i.weights, allocation, allocation_finding),
    "risk": Kind("Who carries the risk", lambda i: i.risk_shares.dropna(), risk, risk_finding),
    "constraints": Kind("What limits the weights", lambda i: i.binding, constraints, constraints_finding),
    "rolling": Kind("Risk over time", lambda i: i.rolling, rolling_risk, rolling_finding),
    "turnover": Kind("Turnover and costs", lambda i: i.years, turnover_and_costs, turnover_finding),
    "months": Kind("Months and years", lambda i: i.months, months, months_finding),
    "crises": Kind("Crises", lambda i: i.crises, crises, crises_finding),
    "sensitivity": Kind("Sensitivity", swept, sensitivity, sensitivity_finding),
    "tracking": Kind(
        "Live against the model",
        lambda i: i.tracking,
        lambda i: tracking(i.tracking),
        lambda i: tracking_finding(i.tracking),
    ),
}
_TABLES = (
    "equity", "statistics", "luck", "drawdowns", "months", "years", "rolling", "crises", "decisions", "weights", "risk_shares",
    "binding", "trials", "tracking", "quality",
)  # fmt: skip
BESIDE = {"weights": "backtest_weights", "orders": "backtest_trades"}
"""CSV files beside the page, of the strategy's own rows, and the artifact they are of."""
_WORDS = {
    "r": "Return of an account from one close to the next, after costs, interest and tax. A year is 252 such returns.",
    "Interval": "Each figure's 95% interval is between the 2.5% and 97.5% quantiles of its values in resampled histories: "
    "blocks of consecutive sessions, of random length (its mean stands under Assumptions), drawn with replacement and laid end to end (stationary bootstrap of "
    "Politis & Romano, 1994), for all accounts at the same sessions. It says how far luck reaches if the future is drawn "
    "from this past; it does not cover what this past has not seen.",
    "Luck": MEANING,
    "Decision": "; ".join(f"{mark}: {meaning}" for mark, meaning in MARKS.items()) + ".",
    "Risk share": "w_i ∂f/∂w_i over its sum, f the mean of min(r, 0)² over the lookback of the decision.",
    "Tables": "definitions.csv says of every column of the tables beside this page what it means and in which unit: returns, weights "
    "and probabilities are fractions there, money is USD, costs are USD or, where it is said, basis points.",
    "Crisis": "From the S&P 500's close before the fall to its lowest close; returns are close to close.",
}
"""What is on the page and no headline figure."""


def backtest_report(inputs: BacktestInputs) -> dict[str, bytes]:
    """Every file of the report by its name relative to the report's folder.

    Those of ``report_files``, and ``definitions.csv`` with the unit and meaning of each table's columns.
    """
    tables = {name: getattr(inputs, name) for name in _TABLES}
    files = report_files("backtest", _view(inputs), backtest_figures(inputs), tables)
    return files | {"definitions.csv": as_csv(definitions(tables, BESIDE))}


def backtest_figures(inputs: BacktestInputs) -> dict[str, Drawing]:
    """The figures for which there is something to draw, by name, in the order of the page."""
    return drawings_of(_FIGURES, inputs)


def headline(inputs: BacktestInputs) -> str:
    """What was earned at what risk, beside the benchmark."""
    told = [
        f"{shown(name)} {inputs.written(name, 'cagr')} a year at {inputs.written(name, 'volatility')} volatility"
        for name in (inputs.strategy, inputs.benchmark)
    ]
    return "; ".join(told)


def luck(inputs: BacktestInputs) -> str:
    """Whether the difference in Sharpe ratio to the benchmark can be told from luck."""
    ours, theirs = (inputs.written(name, "sharpe") for name in (inputs.strategy, inputs.benchmark))
    difference = inputs.of(inputs.strategy, "sharpe_difference")
    begin = f"Sharpe ratio {ours} against {theirs} of {shown(inputs.benchmark)}"
    if pd.isna(difference.low):
        return f"{begin}."
    between = f"{difference.value:+.2f}, 95% interval {difference.low:+.2f} to {difference.high:+.2f}"
    if difference.low <= 0 <= difference.high:
        return f"{begin}: the difference ({between}) cannot be told from luck."
    better = "better" if difference.low > 0 else "worse"
    return f"{begin}: {better} by more than luck explains ({between})."


def _view(inputs: BacktestInputs) -> dict[str, Any]:
    return {
        "inputs": inputs,
        "name": shown(inputs.strategy),
        "period": f"{inputs.equity.index[0]:%Y-%m-%d} to {inputs.equity.index[-1]:%Y-%m-%d}",
        "headline": headline(inputs),
        "luck": luck(inputs),
        "odds": " ".join(map(odds, records(inputs.luck))),
        "facts": _facts(inputs),
        "accounts": [shown(name) for name in inputs.accounts],
        "results": results(inputs),
        "crises": crisis_rows(inputs),
        "sensitivity": sensitivity_told(inputs),
        "trials": trials_told(inputs),
        "intervals": "Below each figure its 95% interval; how it is found stands under What each figure means.",
        "metrics": METRICS.values(),
        "words": _WORDS,
        "parameters": json.dumps(json.loads(inputs.parameters), indent=2, sort_keys=True),
        "tables": {
            "drawdowns": drawdowns_table(inputs),
            "sensitivity": sensitivity_table(inputs),
            "trials": trials_table(inputs),
            "quality": quality_table(inputs),
        },
    }


def _facts(inputs: BacktestInputs) -> dict[str, str]:
    counts = inputs.decisions["mark"].value_counts()
    falls = inputs.rows(inputs.drawdowns, inputs.strategy)
    marks = [f"{counts[mark]:,} {mark}" for mark in MARKS if mark in counts.index]
    deepest = falls.iloc[0] if len(falls) else None
    return {
        "sessions": f"{len(inputs.equity):,}",
        "max drawdown": MISSING
        if deepest is None
        else f"{inputs.written(inputs.strategy, 'max_drawdown')}, {deepest['peak']:%Y-%m-%d} to {deepest['trough']:%Y-%m-%d}",
        "decisions": ", ".join(marks) or "none",
        "turnover": f"{inputs.written(inputs.strategy, 'turnover')} a year",
        "costs": f"{inputs.written(inputs.strategy, 'costs')} a year",
    }
