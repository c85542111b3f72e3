"""What else was tried: the sections of a backtest's report on sensitivity and on the ledger of trials."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from reports import sweep_figures
from reports.backtest_inputs import BacktestInputs, shown
from reports.format import percent, ratio, signed_percent
from reports.sweep_inputs import SweepInputs
from reports.sweep_verdicts import finding, headline, verdicts_table
from reports.tables import Column, Table, table_of

_SHOWN = 10
"""Backtests that are listed, the latest."""


def swept(inputs: BacktestInputs) -> list[str]:
    """The ordered parameters of the latest sweep: without any there is no figure of slices."""
    return inputs.sweep.names(ordered=True) if inputs.sweep else []


def sensitivity(inputs: BacktestInputs) -> Figure:
    """The slices of the latest sweep."""
    return sweep_figures.slices(_sweep(inputs))


def sensitivity_finding(inputs: BacktestInputs) -> str:
    """What they show, in a sentence."""
    return sweep_figures.slices_finding(_sweep(inputs))


def sensitivity_told(inputs: BacktestInputs) -> tuple[str, ...]:
    """What the latest sweep says and what it was made of, or that there is none; one sentence each."""
    if inputs.sweep is None:
        return (
            f"No sweep of this strategy is on record: riskparity sweep {inputs.strategy} --set lookback=126,189,252,378",
        )
    sweep = inputs.sweep
    source = f"From the latest sweep, {sweep.provenance['sweep']}, weeks {sweep.provenance['weeks']}. {sweep.notes[0]}"
    return f"{headline(sweep)}.", finding(sweep), f"{source} For its own report, with all figures:"


def sensitivity_table(inputs: BacktestInputs) -> Table:
    """Its verdicts; no rows without a sweep."""
    return verdicts_table(inputs.sweep) if inputs.sweep else Table((), ())


def trials_told(inputs: BacktestInputs) -> str:
    """How many trials there are, and where this one stands among them."""
    sharpes = inputs.trials["sharpe"].dropna() if len(inputs.trials) else pd.Series(dtype=float)
    if sharpes.empty:
        return "No trial is on record before this one."
    kinds = inputs.trials["kind"].value_counts()
    own = inputs.of(inputs.strategy, "sharpe").value
    better = int((sharpes > own).sum())
    return (
        f"On record are {kinds.get('backtest', 0):,} backtests and {kinds.get('sweep', 0):,} points of sweeps, of all strategies and prices; "
        f"{better:,} of them have a Sharpe ratio above this one's {ratio(own)}. Their median is {ratio(sharpes.median())}, "
        f"the best {ratio(sharpes.max())}."
    )


def trials_table(inputs: BacktestInputs) -> Table:
    """The latest backtests on record."""
    if inputs.trials.empty:
        return Table((), ())
    backtests = inputs.trials[inputs.trials["kind"] == "backtest"].sort_values("started_at", ascending=False)
    return table_of(_TRIALS, backtests.head(_SHOWN))


def _sweep(inputs: BacktestInputs) -> SweepInputs:
    if inputs.sweep is None:
        raise ValueError("drawn only where there is a sweep")
    return inputs.sweep


_TRIALS = (
    Column("begun", "key", lambda row: f"{row['started_at']:%Y-%m-%d %H:%M}"),
    Column("strategy", "word", lambda row: shown(row["strategy"])),
    Column("from", "word", lambda row: f"{row['first']:%Y-%m-%d}"),
    Column("to", "word", lambda row: f"{row['last']:%Y-%m-%d}"),
    Column("CAGR", "figure", lambda row: signed_percent(row["cagr"])),
    Column("volatility", "figure", lambda row: percent(row["volatility"])),
    Column("Sharpe", "figure", lambda row: ratio(row["sharpe"])),
    Column("max drawdown", "figure", lambda row: percent(row["max_drawdown"])),
    Column("prices", "text", lambda row: str(row["prices"])),
)
