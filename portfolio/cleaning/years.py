"""From bars over many years to the prices that a simulation lives through."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.cleaning.clean import repair
from portfolio.cleaning.history import GREATEST_RETURN
from portfolio.cleaning.panel import Edit, Panel
from portfolio.price_history import PriceHistory
from schemas.errors import DataError
from schemas.parameters import CleaningParameters


def price_history(panel: Panel, params: CleaningParameters) -> tuple[PriceHistory, tuple[Edit, ...]]:
    """Clean bars by the rules that are used live, and keep assets that are not listed all the time.

    Where a window of a live decision leaves out an asset or a session, here an asset is left out while it has no prices: its
    close is carried over gaps of up to ``max_gap_sessions``, and in longer ones it is not listed. The rules see all years at
    once, so that a bad print, which shows by its reversal, is removed a day before a live run could know.

    Returns:
        Prices, opens only when every asset has them, and everything that was altered.

    Raises:
        DataError: No usable asset is left; names each with its reason.
    """
    repaired, edits = repair(panel, params)
    close, bridged = _carried(repaired.close, params.max_gap_sessions)
    edits = (*edits, *_remarks(repaired, close, bridged))
    usable = np.isfinite(close).any(axis=0) & ~_impossible(close)
    edits = (
        *edits,
        *(_left_out(symbol) for symbol, ok in zip(repaired.symbols, usable, strict=True) if not ok),
    )
    if not usable.any():
        raise DataError(
            f"None of {len(panel.symbols)} assets has usable prices",
            figures={edit.symbol: edit.detail for edit in edits if edit.action == "excluded"},
            remedy="Mend the bars, or name other assets (--universe).",
        )
    symbols = tuple(symbol for symbol, ok in zip(repaired.symbols, usable, strict=True) if ok)
    known = np.isfinite(repaired.open[:, usable]).any(axis=0).all()
    open_ = np.where(np.isfinite(repaired.open) & np.isfinite(close), repaired.open, close) if known else None
    return (
        PriceHistory(
            symbols, repaired.sessions, close[:, usable], None if open_ is None else open_[:, usable]
        ),
        edits,
    )


def _carried(close: FloatArray, max_gap: int) -> tuple[FloatArray, BoolArray]:
    """Closes with short gaps bridged, and which cells those are; what ends is not carried on."""
    known = np.isfinite(close)
    rows = np.arange(len(close))[:, None]
    before = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, rows, len(close))[::-1], axis=0)[::-1]
    gap = ~known & (before >= 0) & (after < len(close)) & (after - before - 1 <= max_gap)
    filled = np.where(gap, np.take_along_axis(close, np.maximum(before, 0), axis=0), close)
    return filled, gap


def _impossible(close: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((close[1:] / close[:-1] - 1.0 >= GREATEST_RETURN).any(axis=0))


def _remarks(panel: Panel, close: FloatArray, bridged: BoolArray) -> list[Edit]:
    return [
        Edit(
            panel.symbols[i],
            panel.sessions[t].item(),
            "gap",
            "repaired",
            "close",
            None,
            float(close[t, i]),
            "no close: the one before is carried over",
        )
        for t, i in np.argwhere(bridged)
    ]


def _left_out(symbol: str) -> Edit:
    detail = f"not one usable close, or a return of {GREATEST_RETURN:+.0%} and more is left"
    return Edit(symbol, None, "no_prices", "excluded", None, None, None, detail)
