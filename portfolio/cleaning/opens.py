"""Whether a simulation can trade at opens, and what stands in where one is missing."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.cleaning.panel import Edit, Panel

LEAST_OPENS = 0.9
"""Share of an asset's closes that have an open beside them, below which nobody trades at the open."""


def opens_or_closes(panel: Panel, close: FloatArray) -> tuple[FloatArray | None, list[Edit]]:
    """Opens (T, N) of the closes that a simulation lives through; none when an asset has too few of them.

    An account trades all its assets at one time: one asset without opens keeps all from trading there. Where few are
    missing, the close of the same session stands in.

    Args:
        panel: Repaired bars.
        close: What is lived through (T, N); NaN where an asset is not listed.

    Returns:
        Opens, and a remark for each asset that lacks some while any are known.
    """
    given, known = np.isfinite(panel.close), np.isfinite(panel.open)
    share = (given & known).sum(axis=0) / np.maximum(given.sum(axis=0), 1)
    if not share.any():
        return None, []
    remarks = [_remark(panel.symbols[i], share[i]) for i in np.flatnonzero(share < 1)]
    if (share < LEAST_OPENS).any():
        return None, remarks
    return np.where(np.isfinite(close), np.where(known, panel.open, close), np.nan), remarks


def _remark(symbol: str, share: float) -> Edit:
    detail = (
        f"{share:.1%} of its closes have an open, {LEAST_OPENS:.0%} are needed: no asset can be traded at the open"
        if share < LEAST_OPENS
        else f"{1 - share:.2%} of its opens are missing: the close of the session stands in"
    )
    return Edit(symbol, None, "missing_opens", "flagged", "open", None, None, detail)
