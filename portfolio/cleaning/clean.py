"""From a panel of bars to a matrix of daily returns that can be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portfolio.cleaning.history import common_history
from portfolio.cleaning.panel import Edit, Floats, Panel, Sessions, apply, in_order
from portfolio.cleaning.prints import bad_prints, unconfirmed_moves
from portfolio.cleaning.splits import unadjusted_splits
from portfolio.cleaning.stale import carried_forward, stale_runs
from portfolio.cleaning.units import unit_errors
from portfolio.cleaning.values import broken_envelopes, impossible_values, not_prices
from schemas.errors import DataError
from schemas.parameters import CleaningParameters

Rule = Callable[[Panel, CleaningParameters], list[Edit]]

RULES: tuple[Rule, ...] = (
    not_prices,
    impossible_values,
    unit_errors,
    bad_prints,
    stale_runs,
    unadjusted_splits,
    broken_envelopes,
    carried_forward,
)
"""What one fault hides may be another: a rule reads the panel as the rules before it left it. The jump out of a price that
stood still is the move of all those sessions, hence stale runs before splits."""
PASSES = 20
"""Data that are still changing after so many passes are not price data."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Simple returns on common holding periods, and how they came about.

    Attributes:
        symbols: Tickers that can be used (N').
        sessions: Session that ends each holding period, ``datetime64[D]`` (T').
        returns: close / previous close - 1, fractions, all finite (T', N').
        edits: Everything that was altered, excluded or flagged, in order of application.
    """

    symbols: tuple[str, ...]
    sessions: Sessions
    returns: Floats
    edits: tuple[Edit, ...]


def clean(panel: Panel, params: CleaningParameters, *, min_history: int) -> Cleaned:
    """Repair what can be repaired, leave out what cannot, and compute returns.

    Args:
        panel: Bars as delivered (T, N).
        params: Thresholds.
        min_history: Returns the caller needs. The result has at least as many rows: it starts with its
            youngest asset, but an asset that would make it shorter than this is excluded instead. A
            backtest that must not lose early years to a late listing asks for them here.

    Raises:
        DataError: Fewer than ``params.min_assets`` assets are left; it names each with its reason.
    """
    repaired, edits = repair(panel, params)
    usable, chosen = common_history(repaired, params, min_history)
    if len(usable.symbols) < params.min_assets:
        raise DataError(
            f"{len(usable.symbols)} of {len(panel.symbols)} assets have usable prices, "
            f"{params.min_assets} are needed",
            figures={edit.symbol: edit.detail for edit in (*edits, *chosen) if edit.action == "excluded"},
            remedy="Shorten the lookback (--set lookback=126), take the assets named out of the universe, "
            "or mend their bars.",
        )
    returns = usable.close[1:] / usable.close[:-1] - 1
    edits = (*edits, *unconfirmed_moves(usable, params), *chosen)
    return Cleaned(usable.symbols, usable.sessions[1:], returns, edits)


def repair(panel: Panel, params: CleaningParameters) -> tuple[Panel, tuple[Edit, ...]]:
    """Apply every rule until none finds anything more; repairing the result again changes nothing.

    Returns:
        The repaired panel and the edits that lead to it: ``apply(panel, edits)`` gives the same panel.

    Raises:
        DataError: The rules do not come to rest.
    """
    log: list[Edit] = []
    for _ in range(PASSES):
        found = len(log)
        for rule in RULES:
            edits = in_order(rule(panel, params))
            panel = apply(panel, edits)
            log += edits
        if len(log) == found:
            return panel, tuple(log)
    raise DataError(
        "The bars cannot be repaired",
        figures={edit.symbol: edit.detail for edit in log[found:]},
        remedy="Take the assets named out of the universe, or mend their bars",
    )
