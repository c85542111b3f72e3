"""From bars over many years to the prices that a simulation lives through."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.cleaning.clean import repair
from portfolio.cleaning.history import GREATEST_RETURN
from portfolio.cleaning.opens import opens_or_closes
from portfolio.cleaning.panel import Edit, Panel, alter, cut
from portfolio.cleaning.stale import carried_when_seen, stale_when_seen
from portfolio.price_history import PriceHistory
from schemas.errors import DataError
from schemas.parameters import CleaningParameters


def price_history(panel: Panel, params: CleaningParameters) -> tuple[PriceHistory, tuple[Edit, ...]]:
    """Clean bars by the rules that are used live, and keep assets that are not listed all the time.

    Where a window of a live decision leaves out an asset or a session, here an asset is left out while it has no prices. Nobody
    knows on a session whether the close that is missing will ever come: it is carried over the first ``max_gap_sessions`` of
    every gap, and from then on the asset is not listed until it has prices again. A price that stands still is believed as
    long as it would be live, and from the session on that shows it is stale the asset is not listed either.

    What the next close tells of a session is known a day later live, and here at once: that a close is a bad print, or alone
    in another unit, or that a jump is a split which only the close after it confirms.

    Returns:
        Prices, opens only when nearly every close has one, and everything that was altered.

    Raises:
        DataError: No usable asset is left; names each with its reason.
    """
    repaired, edits = repair(panel, params)
    close, altered = _as_it_came(panel, repaired, edits, params)
    usable = np.isfinite(close).any(axis=0) & ~_impossible(close)
    left_out = [_left_out(symbol) for symbol, ok in zip(repaired.symbols, usable, strict=True) if not ok]
    edits = (*edits, *altered, *left_out)
    if not usable.any():
        raise DataError(
            f"None of {len(panel.symbols)} assets has usable prices",
            figures={edit.symbol: edit.detail for edit in edits if edit.action == "excluded"},
            remedy="Mend the bars, or name other assets (--universe).",
        )
    kept = cut(repaired, np.ones(len(close), dtype=np.bool_), usable)
    open_, remarks = opens_or_closes(kept, close[:, usable])
    return PriceHistory(kept.symbols, kept.sessions, close[:, usable], open_), (*edits, *remarks)


def _as_it_came(
    panel: Panel, repaired: Panel, edits: tuple[Edit, ...], params: CleaningParameters
) -> tuple[FloatArray, list[Edit]]:
    """Closes as far as each session could know them, and the alterations that takes."""
    everything = np.ones(len(panel.sessions), dtype=np.bool_)
    delivered = cut(panel, everything, np.isin(panel.symbols, repaired.symbols))
    stale, untraded = stale_when_seen(delivered, params), carried_when_seen(delivered)
    given = np.isfinite(repaired.close)
    believed = (given | _removed_as_repeats(repaired, edits)) & ~stale & ~untraded
    carried = ~stale & (~given | untraded) & (_since(believed, stale) <= params.max_gap_sessions)
    gone = stale | (untraded & ~carried)
    rows = np.maximum.accumulate(np.where(given, np.arange(len(given))[:, None], 0), axis=0)
    last = np.take_along_axis(repaired.close, rows, axis=0)
    close = np.where(gone, np.nan, np.where(carried, last, repaired.close))
    removed = alter(repaired, "close", gone, np.nan, rule="stale", detail="repeated too long, by then")
    return close, [*removed, *_remarks(repaired, close, carried & ~given & np.isfinite(last))]


def _removed_as_repeats(panel: Panel, edits: tuple[Edit, ...]) -> BoolArray:
    cells = np.zeros(panel.close.shape, dtype=np.bool_)
    row = {session.item(): t for t, session in enumerate(panel.sessions)}
    for edit in edits:
        if edit.rule in {"stale", "carried_forward"}:
            cells[row[edit.session], panel.symbols.index(edit.symbol)] = True
    return cells


def _since(believed: BoolArray, stale: BoolArray) -> FloatArray:
    """Sessions since the last close that was believed (T, N); infinite before the first, and after one that was stale."""
    rows = np.arange(len(believed), dtype=np.float64)[:, None]
    last = np.maximum.accumulate(np.where(believed | stale, rows, -np.inf), axis=0)
    doubted = np.maximum.accumulate(np.where(stale, rows, -np.inf), axis=0)
    return np.where(last > doubted, rows - last, np.inf)


def _impossible(close: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((close[1:] / close[:-1] - 1.0 >= GREATEST_RETURN).any(axis=0))


def _remarks(panel: Panel, close: FloatArray, carried: BoolArray) -> list[Edit]:
    return [
        Edit(
            panel.symbols[i],
            panel.sessions[t].item(),
            "gap",
            "repaired",
            "close",
            None,
            float(close[t, i]),
            "no close, for how long nobody knew then: the one before is carried over",
        )
        for t, i in np.argwhere(carried)
    ]


def _left_out(symbol: str) -> Edit:
    detail = f"not one usable close, or a return of {GREATEST_RETURN:+.0%} and more is left"
    return Edit(symbol, None, "no_prices", "excluded", None, None, None, detail)
