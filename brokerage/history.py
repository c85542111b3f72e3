"""Daily history kept up to date: what to ask for, what is new, and whether the past was revised.

Adjusted prices change backwards at every split or dividend. So each pull asks for a few sessions again;
where they no longer agree with what is stored, the symbol's whole history is pulled anew, and only the
rows that differ are kept as a new version beside the old ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from schemas.errors import DataError

PRICES = ["open", "high", "low", "close"]
KEY = ["symbol", "session"]
COLUMNS = [*KEY, *PRICES, "volume"]

Fetch = Callable[[list[str], dt.date, dt.date], pd.DataFrame]
"""Symbols, first and last session to bars with the columns of ``COLUMNS``."""


def update(
    known: pd.DataFrame,
    fetch: Fetch,
    *,
    symbols: Iterable[str],
    sessions: list[dt.date],
    overlap: int,
    tolerance: float,
) -> pd.DataFrame:
    """Pull what is missing and return only the rows that are new or differ from ``known``.

    Args:
        known: Newest known version of each bar, with the columns of ``COLUMNS``.
        fetch: Asks the market data service.
        symbols: Assets wanted.
        sessions: Completed sessions wanted, oldest first.
        overlap: Known sessions at the end that are asked for again to notice revisions.
        tolerance: Relative price difference above which history counts as revised.
    """
    stored = known[known["symbol"].isin(list(symbols))]
    complete = _reaching_back(stored, sessions[0])
    recent = sessions[-_sessions_to_refresh(stored, sessions, complete, overlap) :]
    parts = []
    if complete:
        tail = fetch(sorted(complete), recent[0], recent[-1])
        complete -= revised(stored, tail, tolerance)
        parts.append(tail[tail["symbol"].isin(complete)])
    if anew := sorted(set(symbols) - complete):
        parts.append(fetch(anew, sessions[0], sessions[-1]))
    fetched = pd.concat(parts, ignore_index=True)
    fetched = fetched[fetched["session"] <= sessions[-1]]
    return _unknown_or_changed(stored, fetched, tolerance)


def revised(known: pd.DataFrame, fetched: pd.DataFrame, tolerance: float) -> set[str]:
    """Symbols of which a bar already known now has other prices."""
    both = fetched[COLUMNS].merge(known[COLUMNS], on=KEY, suffixes=("", "_known"))
    return set(both.loc[_differs(both, tolerance), "symbol"])


def require_coverage(bars: pd.DataFrame, symbols: Iterable[str], newest: dt.date) -> None:
    """Refuse to go on unless every symbol has bars up to the last completed session.

    Raises:
        DataError: A symbol has no bars at all, or its newest bar is older than ``newest``.
    """
    last = bars.groupby("symbol")["session"].max()
    problems = {
        symbol: f"newest bar {last[symbol]}" if symbol in last.index else "no bars at all"
        for symbol in symbols
        if symbol not in last.index or last[symbol] < newest
    }
    if problems:
        raise DataError(
            f"Prices are missing or stale; the last completed session is {newest}",
            figures=problems,
            remedy="Nothing was sent. Check the tickers, or leave them out: "
            "`riskparity run STRATEGY rebalance --set universe=SPY,TLT,...`; try again later if the feed is late.",
        )


def _reaching_back(stored: pd.DataFrame, wanted: dt.date) -> set[str]:
    # An asset listed later never reaches back, and is simply pulled whole each time.
    first = stored.groupby("symbol")["session"].min()
    return set(first[first <= wanted].index)


def _sessions_to_refresh(
    stored: pd.DataFrame, sessions: list[dt.date], complete: set[str], overlap: int
) -> int:
    if not complete:
        return len(sessions)
    newest = stored[stored["symbol"].isin(complete)].groupby("symbol")["session"].max().min()
    missing = sum(1 for session in sessions if session > newest)
    return int(min(len(sessions), missing + overlap))


def _unknown_or_changed(known: pd.DataFrame, fetched: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    both = fetched.merge(known[COLUMNS], on=KEY, how="left", suffixes=("", "_known"), indicator=True)
    new = both["_merge"] == "left_only"
    return both.loc[new | _differs(both, tolerance), COLUMNS].reset_index(drop=True)


def _differs(both: pd.DataFrame, tolerance: float) -> pd.Series[bool]:
    now = both[PRICES].to_numpy(float)
    known = both[[f"{price}_known" for price in PRICES]].to_numpy(float)
    same = np.isclose(now, known, rtol=tolerance, atol=0.0, equal_nan=True)
    return pd.Series(~same.all(axis=1), index=both.index)
