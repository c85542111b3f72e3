"""Unit and meaning of every column of a backtest's tables, as one more table beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from schemas.artifacts import ARTIFACTS
from schemas.metrics import METRICS, Unit

_WIDE = {
    "equity": ("USD", "Equity of {} at the close: cash and holdings"),
    "weights": ("fraction of equity", "Weight of {} that was traded to, or kept"),
    "risk_shares": ("fraction", "Share of {} in the target portfolio's downside variance over the lookback"),
}
"""Tables with one column an account, or an asset."""
_ARTIFACT = {
    "trials": "backtests",
    "weights": "backtest_decisions",
    "risk_shares": "backtest_decisions",
}
"""Whose rows a table holds, where its name does not say."""
_OWN = {
    ("trials", "kind"): "backtest, or sweep for a point of one",
    ("quality", "symbol"): "Ticker",
    ("quality", "first"): "First session with a price",
    ("quality", "last"): "Last session with a price",
    ("quality", "sessions"): "Sessions with a price",
    ("quality", "cells altered"): "Prices that cleaning repaired or removed",
    ("quality", "remarks"): "Lines of the cleaning log that altered nothing: flags and exclusions",
}
"""Columns that no artifact has."""
_IN_FILES: Mapping[Unit, str] = {
    "percent": "fraction",
    "signed_percent": "fraction",
    "ratio": "ratio",
    "bp": "basis points",
}
"""Figures are in per cent on the page alone."""
_UNITS = {
    "date": "session decided executed peak trough recovered first last",
    "UTC": "started_at",
    "text": "series metric symbol mark reason crisis constraint_name kind strategy prices run_id",
    "calendar year": "year",
    "1 to 12": "month",
    "USD": "costs price live model",
    "fraction of equity": "drift turnover target held traded",
    "fraction": "period_return max_drawdown depth risk_share",
    "fraction, a year": "cagr volatility",
    "fraction, a probability": "probabilistic deflated",
    "ratio, a year": "sharpe expected_maximum",
    "basis points of equity": "costs_bp",
    "shares": "shares",
    "sessions": "sessions track_record",
    "number": "trials remarks",
    "that of the metric, as in performance.csv": "estimate low high",
}
_UNIT_OF = {column: unit for unit, columns in _UNITS.items() for column in columns.split()} | {
    "cells altered": "number"
}


def definitions(tables: Mapping[str, pd.DataFrame], beside: Mapping[str, str]) -> pd.DataFrame:
    """One row a column: file, column, unit, meaning.

    Args:
        tables: Those below ``tables/``, by name; an index with a name is a column.
        beside: Files beside the page that hold the strategy's rows of an artifact: the artifact, by the file's name.

    Raises:
        KeyError: A column has no definition.
    """
    rows = [
        (f"tables/{name}", column, *meaning)
        for name, table in tables.items()
        if len(table)
        for column, meaning in _of_table(name, table)
    ]
    for name, artifact in beside.items():
        rows += [
            (f"{name}.csv", column, _UNIT_OF[column], said) for column, said in _described(artifact).items()
        ]
    rows += [("performance.csv", column, *meaning) for column, meaning in _of_performance()]
    return pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])


def _of_table(name: str, table: pd.DataFrame) -> Iterator[tuple[str, tuple[str, str]]]:
    described = _described(_ARTIFACT.get(name, f"backtest_{name}"))
    index = [str(table.index.name)] if table.index.name else []
    for column in (*index, *map(str, table.columns)):
        if name in _WIDE and column not in index:
            unit, meaning = _WIDE[name]
            yield column, (unit, meaning.format(column))
        else:
            yield column, (_UNIT_OF[column], _OWN.get((name, column)) or described[column])


def _of_performance() -> Iterator[tuple[str, tuple[str, str]]]:
    trial = _described("backtests")
    yield "run_id", ("text", "Backtest that wrote the row")
    for column in ("strategy", "first", "last"):
        yield column, (_UNIT_OF[column], trial[column])
    for key, metric in METRICS.items():
        yield key, (_IN_FILES[metric.unit], f"{metric.name}: {metric.definition}")


def _described(artifact: str) -> dict[str, str]:
    """Description of each column but the run's, which is the same for all rows; none where there is no such artifact."""
    if artifact not in ARTIFACTS:
        return {}
    columns = ARTIFACTS[artifact].model.to_schema().columns
    return {name: str(column.description) for name, column in columns.items() if name != "run_id"}
