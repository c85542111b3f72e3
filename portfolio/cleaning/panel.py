"""Bars as a panel of sessions by symbols, and the edits that are the only way to alter one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Sessions = NDArray[np.datetime64]
Action = Literal["repaired", "removed", "excluded", "flagged"]

PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")


@dataclass(frozen=True, eq=False)
class Panel:
    """Daily bars of N symbols on T sessions; NaN means missing.

    Attributes:
        symbols: Tickers (N).
        sessions: Exchange trading dates, increasing, ``datetime64[D]`` (T).
        open: First prices (T, N), and likewise ``high``, ``low``, ``close``.
        volume: Shares traded (T, N).
    """

    symbols: tuple[str, ...]
    sessions: Sessions
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def field(self, name: str) -> Floats:
        """The (T, N) matrix of the field ``name``."""
        values: Floats = getattr(self, name)
        return values


@dataclass(frozen=True)
class Edit:
    """One alteration, or one remark; the row of the cleaning log without its run.

    Attributes:
        symbol: Ticker.
        session: Trading date; None when the whole symbol is meant.
        rule: Rule that fired.
        action: ``repaired`` (another value used), ``removed`` (made missing), ``excluded`` (the symbol
            is left out) or ``flagged`` (nothing altered, somebody should know).
        field: Column altered; None when the whole bar or symbol is meant.
        raw_value: Value found. It is the delivered one unless an earlier row of the log altered the cell.
        clean_value: Value used instead; None when there is none.
        detail: The figures behind the decision.
    """

    symbol: str
    session: dt.date | None
    rule: str
    action: Action
    field: str | None
    raw_value: float | None
    clean_value: float | None
    detail: str


def align(  # noqa: PLR0917 - the columns of a bar in their usual order
    symbol: NDArray[np.str_],
    session: Sessions,
    open: Floats,  # noqa: A002 - the field's name
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    sessions: Sessions,
) -> tuple[Panel, tuple[Edit, ...]]:
    """Lay rows as delivered out on the exchange's sessions; symbols come out sorted.

    The order of the rows means nothing, so it cannot decide between two rows of the same symbol and
    session: what they agree on is kept, what they disagree on is removed. Rows off the calendar are removed.

    Args:
        symbol: Ticker of each row (M).
        session: Trading date of each row (M).
        open: First price of each row (M); NaN means missing, here and below.
        high: Highest price (M).
        low: Lowest price (M).
        close: Last price (M).
        volume: Shares traded (M).
        sessions: Every session of the exchange in the window (T), with or without rows.

    Returns:
        The panel (T, N) and what was removed on the way.
    """
    calendar = np.unique(sessions.astype("datetime64[D]"))
    days = session.astype("datetime64[D]")
    symbols, column = np.unique(np.asarray(symbol, dtype=str), return_inverse=True)
    on = np.isin(days, calendar)
    edits = [_off_calendar(str(symbol[k]), days[k].item(), float(close[k])) for k in np.flatnonzero(~on)]
    cells = (np.searchsorted(calendar, days) * len(symbols) + column)[on]
    shape = len(calendar), len(symbols)
    places = [(str(name), day) for day in calendar.tolist() for name in symbols]
    matrices = []
    for name, delivered in zip(FIELDS, (open, high, low, close, volume), strict=True):
        lowest, highest = _extremes(np.asarray(delivered, float)[on], cells, len(places))
        matrices.append(np.where(lowest == highest, lowest, np.nan).reshape(shape))
        edits += [
            _conflict(*places[k], name, float(lowest[k]), float(highest[k]))
            for k in np.flatnonzero(lowest < highest)
        ]
    times = np.bincount(cells, minlength=len(places))
    edits += [_duplicate(*places[k], int(times[k])) for k in np.flatnonzero(times > 1)]
    return Panel(tuple(map(str, symbols)), calendar, *matrices), in_order(edits)


def apply(panel: Panel, edits: Iterable[Edit]) -> Panel:
    """The panel after ``edits``; remarks and symbols the panel does not hold are passed over."""
    fields = {name: panel.field(name).copy() for name in FIELDS}
    column = {symbol: i for i, symbol in enumerate(panel.symbols)}
    row = {session.item(): t for t, session in enumerate(panel.sessions)}
    excluded = set()
    for edit in edits:
        if edit.action == "excluded":
            excluded.add(edit.symbol)
        elif edit.action != "flagged" and edit.field and edit.session in row and edit.symbol in column:
            clean = np.nan if edit.clean_value is None else edit.clean_value
            fields[edit.field][row[edit.session], column[edit.symbol]] = clean
    kept = np.array([symbol not in excluded for symbol in panel.symbols], dtype=bool)
    return cut(Panel(panel.symbols, panel.sessions, **fields), np.ones(len(row), dtype=bool), kept)


def cut(panel: Panel, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> Panel:
    """The panel on some of its sessions (mask, T) and symbols (mask, N)."""
    symbols = tuple(symbol for symbol, kept in zip(panel.symbols, columns, strict=True) if kept)
    fields = {name: panel.field(name)[rows][:, columns] for name in FIELDS}
    return Panel(symbols, panel.sessions[rows], **fields)


def alter(
    panel: Panel,
    field: str,
    cells: NDArray[np.bool_],
    values: Floats | float,
    *,
    rule: str,
    detail: str | Callable[[int, int], str],
) -> list[Edit]:
    """Edits that give ``field`` the ``values`` (T, N) in ``cells``; NaN removes, missing cells stay missing."""
    raw, clean = panel.field(field), np.broadcast_to(values, cells.shape)
    edits = []
    for t, i in np.argwhere(cells & ~np.isnan(raw)):
        value = None if np.isnan(clean[t, i]) else float(clean[t, i])
        action: Action = "removed" if value is None else "repaired"
        text = detail if isinstance(detail, str) else detail(t, i)
        day = panel.sessions[t].item()
        edits.append(Edit(panel.symbols[i], day, rule, action, field, float(raw[t, i]), value, text))
    return edits


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits of one pass sorted by symbol, session and field, so that no input order shows in the log."""
    return tuple(
        sorted(
            edits,
            key=lambda e: (e.symbol, e.session or dt.date.min, e.rule, e.field or "", e.raw_value or 0.0),
        )
    )


def _extremes(delivered: Floats, cells: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """The lowest and the highest value delivered for each cell; NaN where there is none."""
    lowest, highest = np.full(count, np.nan), np.full(count, np.nan)
    np.fmin.at(lowest, cells, delivered)
    np.fmax.at(highest, cells, delivered)
    return lowest, highest


def _off_calendar(symbol: str, day: dt.date, close: float) -> Edit:
    raw = None if np.isnan(close) else close
    detail = "the exchange held no session on this date"
    return Edit(symbol, day, "off_calendar", "removed", None, raw, None, detail)


def _conflict(symbol: str, day: dt.date, field: str, lowest: float, highest: float) -> Edit:
    detail = f"delivered more than once, from {lowest:g} to {highest:g}; nothing says which is right"
    return Edit(symbol, day, "duplicate", "removed", field, lowest, None, detail)


def _duplicate(symbol: str, day: dt.date, times: int) -> Edit:
    detail = f"delivered {times} times; counted once"
    return Edit(symbol, day, "duplicate", "removed", None, None, None, detail)
