"""Reading daily prices from files: the bundled closes, or bars of the user's own."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import DataError

_DATA = Path(__file__).parent / "data"
BUNDLED = _DATA / "etf_closes.parquet"
PROVENANCE = _DATA / "PROVENANCE.json"


class DailyPrice(NamedTuple):
    """One session of one symbol as the file has it; what is None is derived by the tape."""

    symbol: str
    session: dt.date
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None


def fingerprint(path: Path) -> str:
    """sha256 of a price file.

    Raises:
        DataError: The file cannot be read, or it is the bundled one and its content was changed.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"The price file {path.name} cannot be read",
            figures={"reason": error.strerror},
            remedy="Give a Parquet or CSV file of daily bars.",
        ) from error
    if path == BUNDLED and digest != json.loads(PROVENANCE.read_text())["sha256"]:
        raise DataError(
            "The bundled prices are not the ones that were published with this version",
            figures={"file": path.name, "sha256": digest},
            remedy="Restore the file from the release: pip install --force-reinstall riskparity.",
        )
    return digest


def names() -> dict[str, str]:
    """Full names of the bundled symbols."""
    return dict(json.loads(PROVENANCE.read_text())["names"])


def read_prices(path: Path) -> Iterator[DailyPrice]:
    """Daily prices from a Parquet or CSV file.

    Columns: symbol, session (or date), close and, when known, open, high, low, volume. A row whose close is
    empty or NaN is a day on which the symbol did not trade, and is left out.

    Raises:
        DataError: A column is missing, a cell is no date or number, a close is not positive, or a symbol has
            two rows for one session.
    """
    table = _table(path)
    absent = {"symbol", "session", "close"} - set(table)
    if absent:
        raise DataError(
            f"The price file {path.name} lacks columns",
            figures={"missing": ", ".join(sorted(absent)), "found": ", ".join(table)},
            remedy="It needs symbol, session (or date), close; open, high, low and volume are optional.",
        )
    nothing = [None] * len(table["symbol"])
    columns = [table.get(field, nothing) for field in DailyPrice._fields]
    seen: set[tuple[str, dt.date]] = set()
    for at, row in enumerate(zip(*columns, strict=True), _first_row(path)):
        price = DailyPrice(row[0], row[1], *map(_finite, row[2:]))
        if price.close is None:
            continue
        if price.close <= 0:
            raise DataError(
                f"The price file {path.name} has a close that is not positive",
                figures={"row": at, "symbol": price.symbol, "session": price.session, "close": price.close},
                remedy="Mend it, or leave the close empty on a day on which the symbol did not trade.",
            )
        if (price.symbol, price.session) in seen:
            raise DataError(
                f"The price file {path.name} has two rows for {price.symbol} on {price.session}",
                remedy="Keep one row for each symbol and session.",
            )
        seen.add((price.symbol, price.session))
        yield price


def _finite(value: float | None) -> Any:
    return value if value is not None and math.isfinite(value) else None


def _first_row(path: Path) -> int:
    """How the first row of prices is numbered: a CSV has its header above, as an editor counts."""
    return 2 if path.suffix == ".csv" else 1


def _table(path: Path) -> dict[str, list[Any]]:
    import pyarrow as pa  # noqa: PLC0415 - only a new exchange reads files; a restarted one has its SQLite

    try:
        table = _read(path)
    except pa.ArrowException as error:
        raise DataError(
            f"The price file {path.name} is neither Parquet nor CSV",
            figures={"reader says": str(error).splitlines()[0]},
            remedy="Give a Parquet or CSV file of daily bars.",
        ) from None
    columns = {name.lower(): table.column(name) for name in table.column_names}
    if "date" in columns:
        columns.setdefault("session", columns.pop("date"))
    kinds = {
        "symbol": pa.string(),
        "session": pa.date32(),
        **dict.fromkeys(DailyPrice._fields[2:], pa.float64()),
    }
    return {
        name: _cast(column, kinds.get(name, column.type), name, path).to_pylist()
        for name, column in columns.items()
    }


def _read(path: Path) -> Any:
    if path.suffix == ".csv":
        from pyarrow import csv  # noqa: PLC0415

        return csv.read_csv(path)
    from pyarrow import parquet  # noqa: PLC0415

    return parquet.ParquetFile(path).read()


def _cast(column: Any, kind: Any, name: str, path: Path) -> Any:
    """A column as what it should be; the first cell that cannot be is named."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return column.cast(kind)
    except pa.ArrowException:
        row, cell = next(
            (row, cell) for row, cell in enumerate(column, _first_row(path)) if not _can_be(cell, kind)
        )
        raise DataError(
            f"The price file {path.name} has a cell that is no {'date' if name == 'session' else 'number'}",
            figures={"row": row, "column": name, "cell": cell},
            remedy="Write dates as 2015-06-01 and prices as 207.5; leave empty what is not known.",
        ) from None


def _can_be(cell: Any, kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    try:
        cell.cast(kind)
    except pa.ArrowException:
        return False
    return True
