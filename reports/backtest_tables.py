"""The tables of a backtest's report as cells of text, the same in HTML and Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from reports.backtest_inputs import BacktestInputs, Estimate, shown, written
from reports.format import MISSING, percent, signed_percent
from reports.tables import Column, Row, Table, records, table_of
from schemas.metrics import METRICS

_ROUNDING = 1e-9
"""A narrower interval is one point, as of a benchmark's beta against itself."""


class Cell(NamedTuple):
    """A figure, and what stands small below it, such as its interval; may be empty."""

    value: str
    below: str


class Result(NamedTuple):
    """One figure, or one crisis, of every account."""

    name: str
    cells: tuple[Cell, ...]


def results(inputs: BacktestInputs) -> tuple[Result, ...]:
    """Every headline figure of every account, with its interval; what was computed for nobody is left out."""
    return tuple(
        Result(metric.name, tuple(_cell(key, inputs.of(account, key)) for account in inputs.accounts))
        for key, metric in METRICS.items()
        if any(pd.notna(inputs.of(account, key).value) for account in inputs.accounts)
    )


def drawdowns_table(inputs: BacktestInputs) -> Table:
    """The strategy's deepest falls."""
    return table_of(_DRAWDOWNS, inputs.rows(inputs.drawdowns, inputs.strategy))


def crises(inputs: BacktestInputs) -> tuple[Result, ...]:
    """What each account made of each crisis, its deepest fall on the way below."""
    rows = {(str(row["crisis"]), str(row["series"])): row for row in records(inputs.crises)}
    spans = {
        str(row["crisis"]): f"{row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}"
        for row in records(inputs.crises)
    }
    return tuple(
        Result(
            f"{crisis}, {span}", tuple(_through(rows.get((crisis, account))) for account in inputs.accounts)
        )
        for crisis, span in spans.items()
    )


def quality_table(inputs: BacktestInputs) -> Table:
    """What is to be known of the data, as it was given."""
    columns = [str(name) for name in inputs.quality.columns]
    kinds = ["key", *("text" for _ in columns[1:])]
    cells = (Column(shown(name), kind, _as_given(name)) for name, kind in zip(columns, kinds, strict=False))
    return table_of(tuple(cells), inputs.quality)


def _cell(key: str, figure: Estimate) -> Cell:
    if not figure.high - figure.low > _ROUNDING:  # nor where there is none, NaN
        return Cell(written(key, figure.value), "")
    return Cell(written(key, figure.value), f"{written(key, figure.low)} to {written(key, figure.high)}")


def _through(row: Row | None) -> Cell:
    if row is None:
        return Cell(MISSING, "")
    return Cell(signed_percent(row["period_return"]), f"fell {percent(row['max_drawdown'])}")


def _as_given(name: str) -> Callable[[Row], str]:
    return lambda row: MISSING if pd.isna(row[name]) else str(row[name])


def _day(name: str) -> Callable[[Row], str]:
    return lambda row: MISSING if pd.isna(row[name]) else f"{row[name]:%Y-%m-%d}"


def _recovered(row: Row) -> str:
    return "not yet" if pd.isna(row["recovered"]) else f"{row['recovered']:%Y-%m-%d}"


_DRAWDOWNS = (
    Column("peak", "key", _day("peak")),
    Column("lowest", "word", _day("trough")),
    Column("made good", "word", _recovered),
    Column("depth", "figure", lambda row: percent(row["depth"])),
    Column("sessions", "figure", lambda row: f"{row['sessions']:,}"),
)
