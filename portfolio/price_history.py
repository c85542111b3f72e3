"""Prices of a universe over the years: what a simulation lives through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from portfolio.arrays import BoolArray, FloatArray, IntArray
from schemas.errors import DataError

Sessions = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Opens and closes of N assets over T sessions; NaN where an asset is not listed.

    Without ``dividends`` prices are total return: adjusted for splits and dividends. With them, prices are adjusted for
    splits alone, and dividends are paid in cash to whoever held at the close before.

    A missing close means that the asset is not traded: halted when closes come back later, else gone for good. Which of
    both is known only afterwards; no decision sees it, only what becomes of the holding. Bridge short gaps before, as cleaning does.

    Raises:
        DataError: Misaligned, unordered, or a price that is not positive; names asset and session.
    """

    symbols: tuple[str, ...]
    sessions: Sessions
    """(T,) datetime64[D], ascending."""
    close: FloatArray
    """(T, N)"""
    open: FloatArray | None = None
    """(T, N), NaN exactly where the close is; none when only closes are known."""
    cash_yield: FloatArray | None = None
    """(T,) what cash earned since the session before, fraction; none means nothing."""
    dividends: FloatArray | None = None
    """(T, N) a share, on the ex-date; none when prices are total return."""

    def __post_init__(self) -> None:
        T, N = len(self.sessions), len(self.symbols)
        object.__setattr__(self, "sessions", np.asarray(self.sessions, dtype="datetime64[D]"))
        for name, shape in {
            "close": (T, N),
            "open": (T, N),
            "cash_yield": (T,),
            "dividends": (T, N),
        }.items():
            if (values := getattr(self, name)) is not None:
                object.__setattr__(self, name, _aligned(values, shape, name))
        if T == 0 or N == 0 or np.any(np.diff(self.sessions) <= np.timedelta64(0, "D")):
            raise DataError(
                "A price history needs assets, and sessions in ascending order",
                figures={"sessions": T, "assets": N},
                remedy="Sort the sessions and drop repeated ones.",
            )
        self._check_prices()
        self._check_cash()

    @cached_property
    def listed(self) -> BoolArray:
        """(T, N) whether there is a close."""
        return np.isfinite(self.close)

    @cached_property
    def halted(self) -> BoolArray:
        """(T, N) whether an asset that was listed before is not listed now, and will be again."""
        if self.listed.all():
            return ~self.listed
        after = np.logical_or.accumulate(self.listed[::-1], axis=0)[::-1]
        return np.asarray(~self.listed & np.logical_or.accumulate(self.listed, axis=0) & after)

    @cached_property
    def filled(self) -> tuple[FloatArray, FloatArray]:
        """Opens and closes (T, N): the last close while an asset is halted, zero where there is none.

        Closes twice when opens are not known.
        """
        close = self.close if self.listed.all() else self._last_close()
        return (close if self.open is None else np.where(self.listed, self.open, close)), close

    def _last_close(self) -> FloatArray:
        rows = np.where(self.listed | ~self.halted, np.arange(len(self.sessions))[:, None], 0)
        last = np.take_along_axis(self.close, np.maximum.accumulate(rows, axis=0), axis=0)
        return np.where(self.listed | self.halted, last, 0.0)

    @cached_property
    def leaving(self) -> BoolArray:
        """(T,) whether an asset that was listed at the session before is gone for good."""
        gone = np.zeros(len(self.sessions), dtype=np.bool_)
        gone[1:] = (self.listed[:-1] & ~self.listed[1:] & ~self.halted[1:]).any(axis=1)
        return gone

    @cached_property
    def returns(self) -> FloatArray:
        """(T, N) total simple returns from close to close; NaN in the first row and where a close is missing."""
        paid = self.close if self.dividends is None else self.close + self.dividends
        returns = np.full_like(self.close, np.nan)
        returns[1:] = paid[1:] / self.close[:-1] - 1.0
        return returns

    @cached_property
    def returns_in_a_row(self) -> IntArray:
        """(T, N) how many returns an asset has had without a gap, up to and with this session."""
        rows = np.arange(len(self.sessions))[:, None]
        without = np.where(np.isfinite(self.returns), 0, rows)
        return np.asarray(rows - np.maximum.accumulate(without, axis=0))

    def until(self, day: dt.date) -> PriceHistory:
        """The same up to and with ``day``."""
        end = int(np.searchsorted(self.sessions, np.datetime64(day), "right"))
        return PriceHistory(
            self.symbols,
            self.sessions[:end],
            self.close[:end],
            None if self.open is None else self.open[:end],
            None if self.cash_yield is None else self.cash_yield[:end],
            None if self.dividends is None else self.dividends[:end],
        )

    def of(self, symbols: Sequence[str]) -> PriceHistory:
        """The same of some of the assets, in this order.

        Raises:
            DataError: One is not there; names it.
        """
        if absent := [symbol for symbol in symbols if symbol not in self.symbols]:
            raise DataError(
                f"{', '.join(absent)} is not in this price history",
                figures={"assets": ", ".join(self.symbols)},
                remedy="Choose among its assets.",
            )
        columns = [self.symbols.index(symbol) for symbol in symbols]
        return replace(
            self,
            symbols=tuple(symbols),
            close=self.close[:, columns],
            open=None if self.open is None else self.open[:, columns],
            dividends=None if self.dividends is None else self.dividends[:, columns],
        )

    def _check_prices(self) -> None:
        for name in ("close", "open"):
            prices = getattr(self, name)
            if prices is None:
                continue
            wrong = (prices <= 0) | np.isinf(prices) | (np.isnan(prices) != np.isnan(self.close))
            if wrong.any():
                t, i = np.argwhere(wrong)[0]
                raise DataError(
                    f"The {name} of {self.symbols[i]} on {self.sessions[t]} is no price",
                    figures={name: prices[t, i], "close": self.close[t, i], "faulty cells": int(wrong.sum())},
                    remedy="Prices are positive, and missing in open and close alike: clean the bars first.",
                )

    def _check_cash(self) -> None:
        for name in ("cash_yield", "dividends"):
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                raise DataError(
                    f"{name.replace('_', ' ')} is not finite everywhere",
                    figures={"faulty cells": int((~np.isfinite(values)).sum())},
                    remedy="Fill what is missing with zero.",
                )


def _aligned(values: FloatArray, shape: tuple[int, ...], name: str) -> FloatArray:
    array = np.require(values, dtype=np.float64, requirements=["C", "W"])
    if array.shape != shape:
        raise DataError(
            f"{name.replace('_', ' ')} does not match sessions and assets",
            figures={"shape": array.shape, "wanted": shape},
            remedy="Pass one row a session and one column an asset.",
        )
    return array
