"""Risk budgets by ticker, put in the order of the assets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from portfolio.arrays import FloatArray
from schemas.errors import ConfigError


def budgets_of(symbols: tuple[str, ...], named: Mapping[str, float] | None) -> FloatArray | None:
    """Risk budgets (N,), shares in any unit; none when none are named, which means equal ones.

    A budget for an asset that is not there, because its data were not usable this week, is shared by the others.

    Raises:
        ConfigError: An asset has no budget, or all that are there have one of zero; names them.
    """
    if named is None:
        return None
    missing = [symbol for symbol in symbols if symbol not in named]
    budgets = np.array([named.get(symbol, 0.0) for symbol in symbols])
    if missing or not budgets.any():
        raise ConfigError(
            "Not every asset has a risk budget" if missing else "No asset has a risk budget above zero",
            figures={"without": ", ".join(missing or symbols), "risk_budgets": dict(named)},
            remedy="Name every asset of the universe in risk_budgets, with zero for its least weight.",
        )
    return budgets


def budget_notes(symbols: tuple[str, ...], named: Mapping[str, float] | None) -> tuple[str, ...]:
    """A note about budgets that no asset takes; none when there are none."""
    idle = sorted(set(named or ()) - set(symbols))
    return (f"the others share the risk budget of {', '.join(idle)}: not among the assets",) if idle else ()
