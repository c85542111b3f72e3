"""Weeks and months of daily bars: each is stamped with the first day of its period, a session or not."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Iterator

from brokerage.paper_exchange.refusal import bad_data_request
from brokerage.paper_exchange.tape import Bar

Period = Callable[[dt.date], dt.date]
"""The first day of the period in which a session lies."""

LONGEST = dt.timedelta(days=366)
"""No period is longer."""

_MONTHS = re.compile(r"([12346]|12)(Month|M)")
_FINER = re.compile(r"([1-9]|[1-5]\d)(Min|T)|([1-9]|1\d|2[0-3])(Hour|H)")


def read_period(timeframe: str) -> Period:
    """The period that Alpaca's parameter ``timeframe`` names.

    Raises:
        Refusal: 400 when it is none, or finer than a day.
    """
    if timeframe in ("1Day", "1D"):
        return lambda session: session
    if timeframe in ("1Week", "1W"):
        return lambda session: session - dt.timedelta(days=session.weekday())
    if months := _MONTHS.fullmatch(timeframe):
        length = int(months[1])
        return lambda session: session.replace(month=session.month - (session.month - 1) % length, day=1)
    ours = " (the loopback exchange has no bars finer than a day)" if _FINER.fullmatch(timeframe) else ""
    raise bad_data_request(f"invalid timeframe: {timeframe}{ours}")


def joined(bars: Iterable[Bar], period: Period) -> Iterator[Bar]:
    """One bar for each period from daily ones, oldest first."""
    for first_day, group in itertools.groupby(bars, key=lambda bar: period(bar.session)):
        days = list(group)
        yield Bar(
            first_day,
            days[0].open,
            max(day.high for day in days),
            min(day.low for day in days),
            days[-1].close,
            sum(day.volume for day in days),
        )
