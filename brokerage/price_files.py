"""Daily bars from a file: the bundled closes, or bars of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from brokerage.paper_exchange.prices import BUNDLED, fingerprint
from schemas.errors import DataError

FIELDS = ("open", "high", "low", "close", "volume")


class DeliveredBars(NamedTuple):
    """Bars as a file or a broker has them."""

    frame: pd.DataFrame
    """symbol, session (datetime64), open, high, low, close, volume; NaN where nothing is known."""
    source: str
    """Where they came from and what kind of prices they are, in words."""
    sha256: str


def bundled_bars() -> DeliveredBars:
    """The real closes that ship with the project."""
    words = "bundled closes of 23 ETFs, 2008-01-02 to 2016-07-01: price return, without dividends"
    return DeliveredBars(_bars(_read(BUNDLED), BUNDLED.name), words, fingerprint(BUNDLED))


def bars_in_file(path: Path) -> DeliveredBars:
    """Bars of a Parquet or CSV file.

    Columns: symbol, session (or date), close and, when known, open, high, low, volume, adj_close. With ``adj_close``, the
    close adjusted for dividends as well, all prices are scaled to it, so that returns are total returns.

    Raises:
        DataError: The file cannot be read, or a column is missing.
    """
    sha256 = fingerprint(path)
    table = _read(path)
    kind = "total return: scaled to adj_close" if "adj_close" in table else "as they stand in the file"
    return DeliveredBars(_bars(table, path.name), f"{path.name}, {kind}", sha256)


def rates_in_file(path: Path, series: str) -> pd.Series[float]:
    """Annual rates by the day from which they hold, fractions.

    Raises:
        DataError: The file cannot be read, or holds several series and ``series`` names none of them.
    """
    table = _read(path)
    if "series" in table:
        known = sorted(table["series"].unique())
        if len(known) > 1 and series not in known:
            raise DataError(
                f"{path.name} holds several series of rates",
                figures={"series": ", ".join(known)},
                remedy="Name one: --set cash_series=...",
            )
        table = table[table["series"] == (series or known[0])]
    rates = table.dropna(subset="value").sort_values("session")
    days = pd.to_datetime(rates["session"]).astype("datetime64[s]")
    return pd.Series(rates["value"].to_numpy(float) / 100, pd.DatetimeIndex(days))


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DataError(
            f"{path.name} is neither Parquet nor CSV",
            figures={"reader says": str(error).splitlines()[0]},
            remedy="Give a file of daily bars: --prices FILE.parquet or FILE.csv",
        ) from None
    table.columns = table.columns.str.lower()
    return table if "session" in table else table.rename(columns={"date": "session"})


def _bars(table: pd.DataFrame, name: str) -> pd.DataFrame:
    absent = {"symbol", "session", "close"} - set(table.columns)
    if absent:
        raise DataError(
            f"The price file {name} lacks columns",
            figures={"missing": ", ".join(sorted(absent)), "found": ", ".join(table.columns)},
            remedy="It needs symbol, session (or date), close; open, high, low, volume and adj_close are optional.",
        )
    bars = table.reindex(columns=["symbol", "session", *FIELDS])
    bars = bars.assign(session=pd.to_datetime(bars["session"]).astype("datetime64[s]"))
    bars = bars.astype({"symbol": str, **dict.fromkeys(FIELDS, float)})
    if "adj_close" in table:
        ratio = table["adj_close"].to_numpy(float) / table["close"].to_numpy(float)
        bars = bars.assign(**{field: bars[field] * ratio for field in FIELDS[:4]})
    return bars
