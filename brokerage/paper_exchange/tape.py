"""Prices at any instant of the virtual clock: a seeded intraday path through each day's bar.

The path is piecewise linear: open, the first extreme, the second extreme, close. It is a pure function
of (seed, symbol, session), so no answer depends on what was asked before. A day of which only the
close is known gets an open between the previous close and its own, and a high and low around both.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import hashlib
import itertools
import math
import struct
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from brokerage.paper_exchange.corporate_actions import (
    CorporateAction,
    Step,
    adjustment_factor,
    raw_factor,
    steps,
)
from brokerage.paper_exchange.prices import DailyPrice
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions

_TICK = Decimal("0.0001")
"""Finer than a cent, so that a spread of a few basis points survives the rounding."""


class Bar(NamedTuple):
    """One daily bar; that of the running session is partial."""

    session: dt.date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Quote(NamedTuple):
    """Best bid and ask, USD, and the instant of the last change."""

    at: dt.datetime
    bid: Decimal
    ask: Decimal
    last: Decimal


class Tape:
    """Bars and quotes of every symbol as they are known at an instant.

    Args:
        prices: Daily prices in any order.
        sessions: The trading hours.
        seed: Seed of the derived prices.
        spread_bps: Bid-ask spread in basis points of the mid price.
    """

    def __init__(
        self, prices: Iterable[DailyPrice], sessions: Sessions, *, seed: int, spread_bps: float
    ) -> None:
        self._days: dict[str, list[DailyPrice]] = {}
        for price in sorted(prices, key=lambda price: (price.symbol, price.session)):
            self._days.setdefault(price.symbol, []).append(price)
        self._dates = {symbol: [day.session for day in days] for symbol, days in self._days.items()}
        self.sessions = sessions
        self._seed = seed
        self._half_spread = Decimal(str(spread_bps)) / 20_000
        self._steps: dict[str, list[Step]] = {}
        self._bar = functools.lru_cache(maxsize=4096)(self._derive)

    @property
    def symbols(self) -> list[str]:
        """Symbols with at least one price, sorted."""
        return list(self._days)

    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last session of which there are prices."""
        return min(dates[0] for dates in self._dates.values()), max(
            dates[-1] for dates in self._dates.values()
        )

    def set_actions(self, actions: Iterable[CorporateAction]) -> None:
        """The corporate actions that change raw prices from their ex-dates on."""
        by_symbol: dict[str, list[CorporateAction]] = {}
        for action in actions:
            by_symbol.setdefault(action.symbol, []).append(action)
        self._steps = {
            symbol: steps(some, functools.partial(self._file_close_before, symbol))
            for symbol, some in by_symbol.items()
        }
        self._bar.cache_clear()

    def bars(
        self, symbol: str, start: dt.date, end: dt.date, now: dt.datetime, adjustment: str = "raw"
    ) -> list[Bar]:
        """Bars from ``start`` to ``end`` inclusive that exist at ``now``; the running one is partial.

        ``adjustment`` is Alpaca's parameter: raw, split, dividend, all, or several with commas.
        """
        dates, latest = self._dates[symbol], self.sessions.latest(now)
        stop = bisect.bisect_right(dates, min(end, latest))
        found = [self._bar(symbol, i) for i in range(bisect.bisect_left(dates, start), stop)]
        if found and found[-1].session == latest and self.sessions.is_open(now):
            found[-1] = self._partial(symbol, found[-1], self.sessions.progress(latest, now))
        if adjustment == "raw" or symbol not in self._steps:
            return found
        today = now.astimezone(NEW_YORK).date()
        return [self._adjusted(symbol, bar, today, adjustment) for bar in found]

    def quote(self, symbol: str, now: dt.datetime) -> Quote | None:
        """The market at ``now``, or as it closed; None before the symbol's first session."""
        index = bisect.bisect_right(self._dates[symbol], self.sessions.latest(now)) - 1
        if index < 0:
            return None
        bar = self._bar(symbol, index)
        price = _along(self._knots(symbol, bar), self.sessions.progress(bar.session, now))
        mid = Decimal(repr(price))
        bid, ask = self.sides(mid)
        return Quote(
            at=min(now, self.sessions.hours(bar.session).close), bid=bid, ask=ask, last=mid.quantize(_TICK)
        )

    def sides(self, mid: Decimal) -> tuple[Decimal, Decimal]:
        """Bid and ask around a price."""
        return (
            (mid * (1 - self._half_spread)).quantize(_TICK, ROUND_FLOOR),
            (mid * (1 + self._half_spread)).quantize(_TICK, ROUND_CEILING),
        )

    def previous_close(self, symbol: str, now: dt.datetime) -> Decimal | None:
        """Close of the last session before the newest that has opened, in today's shares."""
        latest = self.sessions.latest(now)
        index = bisect.bisect_left(self._dates[symbol], latest) - 1
        if index < 0:
            return None
        before = self._bar(symbol, index)
        split = adjustment_factor(self._steps.get(symbol, []), before.session, latest, "split")
        return Decimal(repr(before.close * split)).quantize(_TICK)

    def listed(self, symbol: str, now: dt.datetime) -> bool:
        """Whether the newest session lies between the symbol's first and last price."""
        return self._dates[symbol][0] <= self.sessions.latest(now) <= self._dates[symbol][-1]

    def trades_on(self, symbol: str, session: dt.date) -> bool:
        """Whether the symbol has a price on ``session``; without one no order in it can fill."""
        dates = self._dates[symbol]
        index = bisect.bisect_left(dates, session)
        return index < len(dates) and dates[index] == session

    def path(self, symbol: str, start: dt.datetime, end: dt.datetime) -> list[Decimal]:
        """Trades from ``start`` to ``end``, both in one session with a price: straight lines join them."""
        session = self.sessions.latest(end)
        bar = self._bar(symbol, bisect.bisect_left(self._dates[symbol], session))
        knots = self._knots(symbol, bar)
        since, until = (self.sessions.progress(session, instant) for instant in (start, end))
        between = [price for u, price in knots if since < u < until]
        return [Decimal(repr(price)) for price in (_along(knots, since), *between, _along(knots, until))]

    def reach(self, symbol: str, start: dt.datetime, end: dt.datetime) -> tuple[Decimal, Decimal]:
        """Lowest ask and highest bid from ``start`` to ``end``, both in one session with a price."""
        path = self.path(symbol, start, end)
        return self.sides(min(path))[1], self.sides(max(path))[0]

    def _file_close_before(self, symbol: str, day: dt.date) -> float | None:
        index = bisect.bisect_left(self._dates[symbol], day) - 1
        return self._days[symbol][index].close if index >= 0 else None

    def _adjusted(self, symbol: str, bar: Bar, today: dt.date, adjustment: str) -> Bar:
        found = self._steps[symbol]
        splits = [step for step in found if step.action.is_split]
        return _scaled(
            bar,
            adjustment_factor(found, bar.session, today, adjustment),
            adjustment_factor(splits, bar.session, today, adjustment),
        )

    def _derive(self, symbol: str, index: int) -> Bar:
        day = self._days[symbol][index]
        before = self._days[symbol][max(index - 1, 0)].close
        noise = self._noise(symbol, day.session)
        move = day.close / before - 1
        # up to six tenths of the day's move happen overnight; the range grows with the size of the move
        overnight = move * 0.6 * noise[0] + 0.002 * (noise[1] - 0.5)
        reach = 0.001 + 0.5 * abs(move)
        opening = round(before * (1 + overnight), 4) if day.open is None else day.open
        top, bottom = max(opening, day.close), min(opening, day.close)
        high = _round_up(top * (1 + reach * noise[2])) if day.high is None else day.high
        low = _round_down(bottom * (1 - reach * noise[3])) if day.low is None else day.low
        volume = float(round(1e6 * (1 + 4 * noise[4]))) if day.volume is None else day.volume
        bar = Bar(day.session, opening, high, low, day.close, volume)
        found = self._steps.get(symbol, [])
        splits = [step for step in found if step.action.is_split]
        return _scaled(bar, raw_factor(found, day.session), raw_factor(splits, day.session))

    def _partial(self, symbol: str, bar: Bar, progress: float) -> Bar:
        knots = self._knots(symbol, bar)
        price = round(_along(knots, progress), 4)
        path = [bar.open, price] + [value for u, value in knots if u <= progress]
        return Bar(bar.session, bar.open, max(path), min(path), price, float(round(bar.volume * progress)))

    def _knots(self, symbol: str, bar: Bar) -> list[tuple[float, float]]:
        # bars of the user's own may be dirty: a path leads only through prices that can be paid
        usable = all(math.isfinite(price) and price > 0 for price in bar[1:5])
        opening, high, low = (bar.open, bar.high, bar.low) if usable else (bar.close,) * 3
        noise = self._noise(symbol, bar.session)
        extremes = (high, low) if noise[5] < 0.5 else (low, high)  # noqa: PLR2004
        early, late = 0.1 + 0.35 * noise[6], 0.55 + 0.35 * noise[7]
        return [(0.0, opening), (early, extremes[0]), (late, extremes[1]), (1.0, bar.close)]

    def _noise(self, symbol: str, session: dt.date) -> list[float]:
        """Eight uniforms in [0, 1) that belong to this seed, symbol and session alone."""
        digest = hashlib.blake2b(f"{self._seed}:{symbol}:{session}".encode(), digest_size=64).digest()
        return [value / 2**64 for value in struct.unpack(">8Q", digest)]


def _along(knots: list[tuple[float, float]], progress: float) -> float:
    for (u, price), (next_u, next_price) in itertools.pairwise(knots):
        if progress <= next_u:
            return price + (next_price - price) * (progress - u) / (next_u - u)
    return knots[-1][1]


def _scaled(bar: Bar, factor: float, split_factor: float) -> Bar:
    if factor == 1:
        return bar
    opening, high, low, close = (round(price * factor, 6) for price in bar[1:5])
    return Bar(bar.session, opening, high, low, close, float(round(bar.volume / split_factor)))


def _round_up(price: float) -> float:
    return math.ceil(price * 10_000) / 10_000


def _round_down(price: float) -> float:
    return math.floor(price * 10_000) / 10_000
