"""A crash to be lived through on the loopback exchange: the prices as they were, and two things that may happen besides.

In the worst week the largest holding does not trade on the day of the run nor on the next, and trades lower after. On the
morning of the next week's run the second largest opens as much lower.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.price_files import FIELDS
from portfolio.price_history import PriceHistory
from reports.format import percent, signed_percent
from schemas.errors import ConfigError, DataError
from schemas.identity import IsoWeek
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from strategies.registry import create
from strategies.walk_forward import walk_forward
from tasks.backtest_lineup import rules_for, with_hedges

HALTED = 2
"""Sessions: short enough for the cleaning to bridge, so that the strategy still counts with the asset."""


class CrashMarket(NamedTuple):
    """What the exchange serves, and when the weekly flow runs on it."""

    bars: pd.DataFrame
    """symbol, session, open, high, low, close, volume."""
    runs: tuple[dt.date, ...]
    """First sessions of the weeks that are lived, oldest first."""
    events: dict[dt.date, str]
    """What is done to the market, by the run that meets it."""


class Span(NamedTuple):
    """The days whose weeks are lived, both included."""

    first: dt.date
    last: dt.date


def span_of(text: str) -> Span:
    """A month, as 2020-03, or the week of a day, as 2020-03-16.

    Raises:
        ConfigError: It is neither.

    >>> span_of("2020-03-18")
    Span(first=datetime.date(2020, 3, 16), last=datetime.date(2020, 3, 22))
    """
    try:
        if text.count("-") == 1:
            month = pd.Period(text, "M")
            return Span(month.start_time.date(), month.end_time.date())
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"'{text}' is neither a month nor a day",
            remedy="Write 2020-03 or 2020-03-16: --live-like 2020-03-16",
        ) from None
    monday = day - dt.timedelta(days=day.weekday())
    return Span(monday, monday + dt.timedelta(days=6))


def crash_market(
    bars: pd.DataFrame,
    history: PriceHistory,
    prices: GatheredPrices,
    parameters: StressParameters,
    span: Span,
) -> CrashMarket:
    """The weeks of a crash, one before them to buy in and one after.

    Args:
        bars: As delivered, of the universe: symbol, session and ``FIELDS``.
        history: The same, cleaned.
        prices: Which of them may be held.
        parameters: The strategy and the size of the gaps.
        span: When it was.

    Raises:
        DataError: The prices do not reach it, or there is too little before it.
    """
    runs = _runs(history, create(parameters.strategy).lookback, span)
    worst = _worst(history, runs)
    first, second = _largest(history, prices, parameters, runs[worst])
    day, after = runs[worst], runs[worst + 1]
    gap, sessions = parameters.halted_gap, TradingCalendar().sessions(day, after)
    fell = _change(history, day, after)
    return CrashMarket(
        _altered(bars, first, second, sessions, gap),
        runs,
        {
            day: f"worst week, {signed_percent(fell)} on average: {first} halted for {HALTED} sessions, then "
            f"{percent(-gap, 0)}",
            after: f"{second} opens {percent(gap, 0)} lower",
        },
    )


def _runs(history: PriceHistory, lookback: int, span: Span) -> tuple[dt.date, ...]:
    days: list[dt.date] = history.sessions.tolist()
    firsts = [days[0], *(day for before, day in pairwise(days) if _new(before, day))]
    within = [k for k, day in enumerate(firsts) if span.first <= day <= span.last]
    reached = within and within[0] > 0 and within[-1] + 1 < len(firsts)
    if not reached or days.index(firsts[within[0] - 1]) <= lookback:
        raise DataError(
            f"The prices do not reach {span.first} to {span.last} with {lookback} sessions before and a week after",
            figures={"first session": days[0], "last session": days[-1]},
            remedy="Choose another time, or prices that reach further: --live-like 2011-08 --prices FILE",
        )
    return tuple(firsts[within[0] - 1 : within[-1] + 2])


def _new(before: dt.date, day: dt.date) -> bool:
    return IsoWeek.of(before) != IsoWeek.of(day)


def _worst(history: PriceHistory, runs: tuple[dt.date, ...]) -> int:
    """The week in which the universe fell most on average; not the first, in which nothing is held, nor the last."""
    changes = [_change(history, runs[k], runs[k + 1]) for k in range(1, len(runs) - 1)]
    return 1 + int(np.argmin(changes))


def _change(history: PriceHistory, first: dt.date, last: dt.date) -> float:
    rows = np.searchsorted(history.sessions, np.array([first, last], dtype="datetime64[D]")) - 1
    return float(np.nanmean(history.close[rows[1]] / history.close[rows[0]] - 1.0))


def _largest(
    history: PriceHistory, prices: GatheredPrices, parameters: StressParameters, day: dt.date
) -> tuple[str, str]:
    """The two largest holdings on the evening before, as the simulated account has them."""
    universe = history.of(prices.held).until(day - dt.timedelta(days=1))
    strategy = create(with_hedges(parameters.strategy, prices.hedges))
    account = walk_forward(strategy, universe, rules_for(universe, parameters.rules), parameters.costs)
    first, second = np.argsort(-account.weights[-1], kind="stable")[:2].tolist()
    return universe.symbols[first], universe.symbols[second]


def _altered(
    bars: pd.DataFrame, halted: str, gapped: str, sessions: list[dt.date], gap: float
) -> pd.DataFrame:
    """The bars with what happens besides; ``sessions`` are those from the worst run to the next."""
    days = bars["session"].dt.date
    of_halted = bars["symbol"] == halted
    kept: pd.DataFrame = bars[~(of_halted & days.isin(sessions[:HALTED]))].copy()
    days = kept["session"].dt.date
    later = (kept["symbol"] == halted) & (days >= sessions[HALTED])
    lower = (kept["symbol"] == gapped) & (days >= sessions[-1])
    kept.loc[later | lower, list(FIELDS[:4])] *= 1.0 - gap
    return kept
