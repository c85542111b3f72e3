"""Daily bars from a file: the bundled closes, or bars of the user's own; and rates of interest."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brokerage.paper_exchange.prices import BUNDLED, fingerprint
from brokerage.table_files import (
    date_column,
    read_days,
    read_names,
    read_numbers,
    read_table,
    require_columns,
)
from schemas.errors import DataError

FIELDS = ("open", "high", "low", "close", "volume")


class DeliveredBars(NamedTuple):
    """Bars as a file or a broker has them."""

    frame: pd.DataFrame
    """symbol, session (datetime64, midnight), open, high, low, close, volume; NaN where nothing is known."""
    source: str
    """Where they came from and what kind of prices they are, in words."""
    sha256: str
    total_return: bool = False
    """Whether prices are adjusted for dividends too."""


def bundled_bars() -> DeliveredBars:
    """The real closes that ship with the project."""
    words = "bundled closes of 23 ETFs, 2008-01-02 to 2016-07-01: price return, without dividends"
    return DeliveredBars(_bars(read_table(BUNDLED), BUNDLED.name), words, fingerprint(BUNDLED))


def bars_in_file(path: Path) -> DeliveredBars:
    """Bars of a Parquet or CSV file.

    Columns: symbol, session (or date, or timestamp), close and, when known, open, high, low, volume, adj_close. With
    ``adj_close``, the close adjusted for dividends as well, all prices are scaled to it, so that returns are total returns.

    Raises:
        DataError: The file cannot be read, a column is missing, or a cell holds no date or number.
    """
    sha256, table = fingerprint(path), read_table(path)
    adjusted = "adj_close" in table
    kind = "total return: scaled to adj_close" if adjusted else "price return: no adj_close"
    used = {"symbol", date_column(table), "adj_close", *FIELDS}
    unused = [column for column in table.columns if column not in used and not column.startswith("unnamed")]
    left = f"; columns not used: {', '.join(unused)}" if unused else ""
    return DeliveredBars(_bars(table, path.name), f"{path.name}, {kind}{left}", sha256, adjusted)


def rates_in_file(path: Path, series: str) -> pd.Series[float]:
    """Annual rates by the day from which they hold, fractions.

    Args:
        path: Parquet or CSV file with date, value (percent) and perhaps ``series``.
        series: Which of its series; empty takes the only one.

    Raises:
        DataError: The file cannot be read, or holds no such series, or several and none is named.
    """
    table, name = read_table(path), path.name
    dated = date_column(table)
    require_columns(
        table, {dated, "value"}, name, "It needs date and value (percent a year); series is optional."
    )
    value = read_numbers(table, "value", name).to_numpy()
    rates = pd.Series(value / 100, pd.DatetimeIndex(read_days(table, dated, name)))
    rates = rates[_of_series(table, name, series)].dropna().sort_index(kind="stable")
    if rates.empty:
        raise DataError(
            f"{name} holds no rate",
            figures={"rows": len(table)},
            remedy="Fill its column value (percent a year).",
        )
    return rates


def _of_series(table: pd.DataFrame, name: str, series: str) -> NDArray[np.bool_]:
    names = read_names(table, "series", name) if "series" in table else pd.Series("", table.index)
    known = sorted(names.unique())
    chosen = series or (known[0] if len(known) == 1 else None)
    if chosen not in known:
        raise DataError(
            f"{name} holds no series of rates {series}"
            if series
            else f"{name} holds several series of rates",
            figures={"series": ", ".join(known) or "none: the file has no column series"},
            remedy=f"Name one of them: --set cash_series={known[0]}"
            if any(known)
            else "Leave cash_series empty.",
        )
    return (names == chosen).to_numpy(np.bool_)


def _bars(table: pd.DataFrame, name: str) -> pd.DataFrame:
    dated = date_column(table)
    require_columns(
        table,
        {"symbol", dated, "close"},
        f"The price file {name}",
        "It needs symbol, date (or session, or timestamp), close; open, high, low, volume and adj_close are optional.",
    )
    known = [field for field in (*FIELDS, "adj_close") if field in table]
    bars = pd.DataFrame(
        {
            "symbol": read_names(table, "symbol", name),
            "session": read_days(table, dated, name),
            **{field: read_numbers(table, field, name) for field in known},
        }
    ).reindex(columns=["symbol", "session", *FIELDS, "adj_close"])
    if "adj_close" in known:
        with np.errstate(divide="ignore", invalid="ignore"):  # what is no price is removed by cleaning
            ratio = bars["adj_close"].to_numpy(float) / bars["close"].to_numpy(float)
        bars = bars.assign(**{field: bars[field] * ratio for field in FIELDS[:4]})
    return bars.drop(columns="adj_close")
