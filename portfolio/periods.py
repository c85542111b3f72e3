"""Returns by month and year, through rolling windows, and in the crises of the last decades."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from portfolio.arrays import FloatArray
from portfolio.performance import drawdowns
from portfolio.statistics import sharpe_ratio, volatility
from schemas.errors import DataError


class Crisis(NamedTuple):
    """A fall of markets that has a name: from the close of the first day to the close of the last."""

    name: str
    first: dt.date
    last: dt.date


CRISES: tuple[Crisis, ...] = (
    Crisis("Russia, LTCM", dt.date(1998, 7, 17), dt.date(1998, 8, 31)),
    Crisis("Dot-com", dt.date(2000, 3, 24), dt.date(2002, 10, 9)),
    Crisis("Financial crisis", dt.date(2007, 10, 9), dt.date(2009, 3, 9)),
    Crisis("Lehman", dt.date(2008, 9, 12), dt.date(2008, 11, 20)),
    Crisis("Flash crash, Greece", dt.date(2010, 4, 23), dt.date(2010, 7, 2)),
    Crisis("US downgrade, euro", dt.date(2011, 7, 22), dt.date(2011, 10, 3)),
    Crisis("Taper tantrum", dt.date(2013, 5, 21), dt.date(2013, 6, 24)),
    Crisis("China, oil", dt.date(2015, 7, 20), dt.date(2016, 2, 11)),
    Crisis("Volatility spike", dt.date(2018, 1, 26), dt.date(2018, 2, 8)),
    Crisis("Late 2018", dt.date(2018, 9, 20), dt.date(2018, 12, 24)),
    Crisis("Covid", dt.date(2020, 2, 19), dt.date(2020, 3, 23)),
    Crisis("Rates and inflation", dt.date(2022, 1, 3), dt.date(2022, 10, 12)),
)
"""From the S&P 500's close before the fall to its lowest close; 2013, when it hardly fell, by the ten-year Treasury."""


class CrisisReturn(NamedTuple):
    """What an account went through in a crisis, fractions."""

    crisis: Crisis
    total: float
    """Last close over first close - 1."""
    max_drawdown: float
    """Deepest fall between two closes of the window."""


def monthly_returns(sessions: ArrayLike, equity: ArrayLike) -> pd.DataFrame:
    """Returns by year (rows) and month (columns 1 to 12), and of the ``year``; NaN before the first and after the last.

    A month's return is last close over the last close of the month before; the first month begins at the first close,
    and the last ends at the last close, wherever in the month that is.

    >>> days = np.array(["2020-01-31", "2020-02-28", "2020-03-31"], dtype="datetime64[D]")
    >>> monthly_returns(days, [100.0, 110.0, 99.0]).loc[2020, [2, 3, "year"]].round(6).tolist()
    [0.1, -0.1, -0.01]
    """
    days = pd.DatetimeIndex(np.asarray(sessions))
    account = pd.Series(np.asarray(equity, dtype=float), days)
    by_month = account.groupby([days.year, days.month])
    ends = by_month.last()
    monthly = ends / ends.shift(1).fillna(account.iloc[0]) - 1.0
    if by_month.size().iloc[0] == 1:
        monthly.iloc[0] = np.nan  # a single close has no return
    table = monthly.unstack().reindex(columns=range(1, 13))  # noqa: PD010 - keys are unique
    table = table.rename_axis(index="year", columns=None)
    return table.assign(year=(1.0 + table.fillna(0.0)).prod(axis=1) - 1.0)


def rolling_volatility(returns: FloatArray, window: int = 252) -> FloatArray:
    """Volatility of the ``window`` sessions up to each, (T,), a year; NaN while there are fewer."""
    return _rolling(volatility, returns, window)


def rolling_sharpe(excess: FloatArray, window: int = 252) -> FloatArray:
    """Sharpe ratio of the ``window`` sessions up to each, (T,); NaN while there are fewer."""
    return _rolling(sharpe_ratio, excess, window)


def crisis_returns(sessions: ArrayLike, equity: ArrayLike) -> list[CrisisReturn]:
    """What became of the account in each named crisis that its history covers from the first to the last day."""
    days: NDArray[np.datetime64] = np.asarray(sessions, dtype="datetime64[D]")
    account = np.asarray(equity, dtype=float)
    rows = []
    for crisis in CRISES:
        first, last = np.datetime64(crisis.first), np.datetime64(crisis.last)
        if len(days) and days[0] <= first and last <= days[-1]:
            window = account[(days >= first) & (days <= last)]
            rows.append(CrisisReturn(crisis, window[-1] / window[0] - 1.0, float(drawdowns(window).min())))
    return rows


def _rolling(figure: Callable[[FloatArray], FloatArray], returns: FloatArray, window: int) -> FloatArray:
    if window < 2:  # noqa: PLR2004
        raise DataError(
            "A rolling window needs at least two sessions",
            figures={"window": window},
            remedy="Choose a window of two or more sessions.",
        )
    rolled = np.full(len(returns), np.nan)
    if len(returns) >= window:
        rolled[window - 1 :] = figure(sliding_window_view(returns, window).T)
    return rolled
