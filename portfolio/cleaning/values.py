"""Faults that one bar shows by itself: prices that are no prices, and envelopes that do not envelop."""

from __future__ import annotations

import numpy as np

from portfolio.cleaning.panel import FIELDS, PRICES, Edit, Panel, alter
from schemas.parameters import CleaningParameters

ROUNDING = 1e-6
"""Relative violation of the envelope below which it is the vendor's rounding, not a fault."""


def not_prices(panel: Panel, _params: CleaningParameters) -> list[Edit]:
    """Exclude series whose closes are negative by different amounts: rates and spreads, not prices.

    One repeated negative value is a vendor's mark for a missing price and is left to
    :func:`impossible_values`.
    """
    edits = []
    for i, symbol in enumerate(panel.symbols):
        negative = np.unique(panel.close[panel.close[:, i] < 0, i])
        if len(negative) > 1:
            detail = f"closes down to {negative[0]:g}: a rate or a spread, not a price"
            edits.append(Edit(symbol, None, "not_a_price", "excluded", None, None, None, detail))
    return edits


def impossible_values(panel: Panel, _params: CleaningParameters) -> list[Edit]:
    """Remove prices that are not positive and finite, and volumes that are negative or infinite."""
    edits = []
    for name in FIELDS:
        values = panel.field(name)
        possible = np.isfinite(values) & ((values > 0) if name in PRICES else (values >= 0))
        detail = f"no {name} can be this"
        edits += alter(panel, name, ~possible, np.nan, rule="impossible_value", detail=detail)
    return edits


def broken_envelopes(panel: Panel, _params: CleaningParameters) -> list[Edit]:
    """Stretch high and low until they hold open and close.

    The close is never touched here: when it is the culprit it leaves its neighbours too, and
    :func:`~portfolio.cleaning.prints.bad_prints` removes it on that evidence before this rule runs.
    """
    top, bottom = np.fmax(panel.open, panel.close), np.fmin(panel.open, panel.close)
    low_high = panel.high < top * (1 - ROUNDING)
    high_low = panel.low > bottom * (1 + ROUNDING)
    detail = "open or close of its own bar lies beyond it"
    return [
        *alter(panel, "high", low_high, top, rule="broken_envelope", detail=detail),
        *alter(panel, "low", high_low, bottom, rule="broken_envelope", detail=detail),
    ]
