"""Which assets have history enough, and which sessions all of them share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portfolio.cleaning.panel import Edit, Floats, Panel, cut
from schemas.parameters import CleaningParameters

GREATEST_RETURN = 10.0
"""A one-period return of a fund at or beyond this (fraction) is a fault, whatever its cause."""


@dataclass(frozen=True)
class _History:
    """What one asset offers: row of its first usable close, usable closes, and why it cannot be used."""

    start: int
    closes: int
    fault: tuple[str, str] | None


def common_history(
    panel: Panel, params: CleaningParameters, min_history: int
) -> tuple[Panel, tuple[Edit, ...]]:
    """The assets that can be used, on the sessions on which every one of them has a close.

    A session that one asset misses is left out for all: the next return of every asset then covers the
    same, longer holding period. The history starts where the youngest asset's does, but an asset that
    would leave fewer than ``min_history`` returns is excluded instead, the one with the least to offer
    first. Closes before a gap longer than ``max_gap_sessions`` are not used.

    Args:
        panel: Repaired panel.
        params: ``max_gap_sessions`` and ``max_missing``.
        min_history: Returns wanted of every asset.

    Returns:
        A panel without a missing close, and the exclusions and bridged sessions.
    """
    histories = {
        symbol: _history(panel.close[:, i], params.max_gap_sessions, params.max_missing)
        for i, symbol in enumerate(panel.symbols)
    }
    edits = [_excluded(symbol, *h.fault) for symbol, h in histories.items() if h.fault]
    kept = sorted(
        (symbol for symbol, history in histories.items() if not history.fault),
        key=lambda symbol: (histories[symbol].closes, symbol),
    )
    while kept and np.sum(_shared(panel, kept, histories)) <= min_history:
        worst = kept.pop(0)
        returns = max(histories[worst].closes - 1, 0)
        detail = f"{returns} usable returns; {min_history} shared with the others are needed"
        edits.append(_excluded(worst, "short_history", detail))
    usable = cut(panel, _shared(panel, kept, histories), np.isin(panel.symbols, kept))
    return usable, (*edits, *_bridged(panel, usable))


def _history(close: Floats, max_gap: int, max_missing: float) -> _History:
    known = np.flatnonzero(~np.isnan(close))
    if not len(known):
        return _History(0, 0, ("no_prices", "not one usable close in the window"))
    long_gaps = np.flatnonzero(np.diff(known) > max_gap + 1)
    usable = known[long_gaps[-1] + 1 :] if len(long_gaps) else known
    start, late = int(usable[0]), len(close) - 1 - int(usable[-1])
    missing = 1 - len(usable) / (len(close) - start)
    greatest = np.max(close[usable[1:]] / close[usable[:-1]] - 1, initial=-1.0)
    fault = None
    if late > max_gap:
        fault = "gap", f"no usable close on the last {late} sessions"
    elif missing > max_missing:
        fault = "missing", f"{missing:.1%} of its sessions have no usable close"
    elif greatest >= GREATEST_RETURN:
        fault = "impossible_return", f"a return of {greatest:+.0%} is left"
    return _History(start, len(usable), fault)


def _shared(panel: Panel, kept: list[str], histories: dict[str, _History]) -> NDArray[np.bool_]:
    """Sessions on which all of the assets kept have a usable close; none without assets."""
    missing = np.isnan(panel.close[:, np.isin(panel.symbols, kept)])
    start = max((histories[symbol].start for symbol in kept), default=len(missing))
    return ~missing.any(axis=1) & (np.arange(len(missing)) >= start)


def _excluded(symbol: str, rule: str, detail: str) -> Edit:
    return Edit(symbol, None, rule, "excluded", None, None, None, detail)


def _bridged(panel: Panel, usable: Panel) -> list[Edit]:
    """A remark for every session that a kept asset made all of them leave out."""
    edits = []
    for t, i in np.argwhere(np.isnan(panel.close) & np.isin(panel.symbols, usable.symbols)):
        session = panel.sessions[t]
        if session > usable.sessions[0]:
            late = session > usable.sessions[-1]
            detail = (
                "no close yet: the session is left out for every asset"
                if late
                else "no close: the session is part of the next holding period of every asset"
            )
            edits.append(
                Edit(panel.symbols[i], session.item(), "gap", "flagged", "close", None, None, detail)
            )
    return edits
