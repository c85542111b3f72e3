"""Tables in files of the user's own: columns found by name, dates and numbers read, or the cell at fault named."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from brokerage.calendar import NEW_YORK
from schemas.errors import DataError

_DATE = ("session", "date", "timestamp")
"""How a file may call its dates; the first there is."""
_OFFSET = r"(?<=:\d\d)(?:\.\d+)?\s*(?:Z|[+-]\d\d:?\d\d)$"
"""The time zone at the end of a stamp."""
_MISSING = frozenset({"", "nan", "na", "n/a", "<na>", "none", "null", "-"})
"""Text that stands for a number nobody knows."""


def read_table(path: Path) -> pd.DataFrame:
    """A Parquet or CSV file, told apart by its suffix; cells of a CSV file stay text.

    Columns are named in lower case with ``_`` between words, so that Yahoo's ``Adj Close`` is ``adj_close``.

    Raises:
        DataError: The file cannot be read, holds no rows, or has two columns of one name.
    """
    try:
        table = (
            pd.read_csv(path, dtype=str, keep_default_na=False)
            if path.suffix.lower() == ".csv"
            else pd.read_parquet(path)
        )
    except (ValueError, OSError) as error:
        raise DataError(
            f"{path.name} is neither Parquet nor CSV",
            figures={"reader says": str(error).splitlines()[0]},
            remedy="Give a file whose name ends in .parquet or .csv, and says what it is.",
        ) from None
    unnamed = all(name is None for name in table.index.names)
    table = table.reset_index(drop=unnamed)  # alpaca-py's bars have symbol and timestamp there
    table.columns = pd.Index([re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_") for name in table])
    _check(table, path.name)
    return table


def require_columns(table: pd.DataFrame, wanted: set[str], name: str, needs: str) -> None:
    """Refuse the file ``name`` when columns are missing.

    Raises:
        DataError: Some are; names them and what is there.
    """
    if absent := wanted - set(table.columns):
        raise DataError(
            f"{name} lacks columns",
            figures={"missing": ", ".join(sorted(absent)), "found": ", ".join(table.columns)},
            remedy=needs,
        )


def date_column(table: pd.DataFrame) -> str:
    """The column that holds the dates: session, date or timestamp, the first there is; date when none is."""
    return next((name for name in _DATE if name in table), "date")


def read_days(table: pd.DataFrame, column: str, name: str) -> pd.Series[pd.Timestamp]:
    """A column of dates, without time of day (datetime64[s]).

    A stamp with a time zone is the date in New York then, which for daily bars of Alpaca's is the session; one at
    midnight of its own zone is a date already.

    Raises:
        DataError: One is no date; names row, column and value.
    """
    place, stamps = pd.factorize(table[column], use_na_sentinel=False)
    days = _days(pd.Series(stamps).astype(str).str.strip()).take(place).set_axis(table.index)
    _refuse(
        days.isna(),
        table,
        column,
        name,
        "Write dates as 2018-01-31 or 20180131, and take out rows without one.",
    )
    return days


def read_numbers(table: pd.DataFrame, column: str, name: str) -> pd.Series[float]:
    """A column of numbers; NaN where a cell is empty or says that nothing is known.

    Raises:
        DataError: A cell holds something else; names row, column and value.
    """
    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    unread = values.isna() & table[column].notna()
    said = table[column][unread].astype(str).str.strip().str.lower()
    unread[unread] = ~said.isin(_MISSING)
    _refuse(
        unread, table, column, name, "Write numbers as 1234.5, and leave cells empty where nothing is known."
    )
    return values


def read_names(table: pd.DataFrame, column: str, name: str) -> pd.Series[str]:
    """A column of names as they stand: ``NA`` is one.

    Raises:
        DataError: A cell is empty; names row and column.
    """
    names = table[column].astype(str).str.strip()
    _refuse(table[column].isna() | (names == ""), table, column, name, "Name it, or take the row out.")
    return names


def _days(text: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    own = pd.to_datetime(text.str.replace(_OFFSET, "", regex=True), format="ISO8601", errors="coerce")
    own = own.astype("datetime64[s]")
    elsewhere = text.str.contains(_OFFSET) & (own != own.dt.normalize())
    if elsewhere.any():
        instants = pd.to_datetime(text[elsewhere], format="ISO8601", errors="coerce", utc=True)
        own[elsewhere] = instants.dt.tz_convert(NEW_YORK).dt.tz_localize(None).astype(own.dtype)
    return own.dt.normalize()


def _check(table: pd.DataFrame, name: str) -> None:
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(
            f"{name} has two columns of one name",
            figures={"columns": ", ".join(sorted(set(twice)))},
            remedy="Rename one of them; capitals, spaces and underscores make no difference.",
        )
    if table.empty:
        raise DataError(
            f"{name} holds no rows",
            figures={"columns": ", ".join(table.columns)},
            remedy="Give a file with rows under its header.",
        )


def _refuse(faulty: pd.Series[bool], table: pd.DataFrame, column: str, name: str, remedy: str) -> None:
    if not faulty.any():
        return
    row = int(faulty.to_numpy().argmax())
    raise DataError(
        f"{name} cannot be read: row {row + 1}, column {column}",
        figures={"value": repr(table[column].iloc[row]), "such rows": int(faulty.sum())},
        remedy=f"{remedy} Rows are counted from 1 below the header.",
    )
