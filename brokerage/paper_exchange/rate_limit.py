"""Alpaca's request budget: a bucket of tokens for each account and API, refilled evenly over a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

ALPACAS_RATE = 200
"""Requests a minute that Alpaca allows an account, and what is announced when nothing is limited."""
MOST_PER_MINUTE = 10_000
"""Alpaca's largest plan."""


class Allowance(NamedTuple):
    """What is left of a budget after one request, and when there will be more (seconds of the epoch)."""

    granted: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The headers that every answer carries."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
        }


class RateLimiter:
    """Counts requests in real time, whatever the virtual clock says.

    Args:
        per_minute: Size of each budget; 0 grants everything.
        now: Real time, monotonic (seconds).
    """

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.set(per_minute)

    def set(self, per_minute: int) -> None:
        """Start anew with full budgets of another size."""
        self._per_minute = per_minute
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, budget: str) -> Allowance:
        """Take one request from a budget, if it still has one."""
        if not self._per_minute:
            return Allowance(True, ALPACAS_RATE, ALPACAS_RATE, int(time.time()))  # noqa: FBT003 - a record
        now, size, rate = self._now(), float(self._per_minute), self._per_minute / 60
        level, since = self._levels.get(budget, (size, now))
        level = min(size, level + (now - since) * rate)
        granted = level >= 1
        level -= granted
        self._levels[budget] = level, now
        wait = (1 - level) / rate if level < 1 else 0.0
        return Allowance(granted, self._per_minute, int(level), math.ceil(time.time() + wait))
