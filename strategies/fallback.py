"""What is held when no weights satisfy the constraints and the configuration says so."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray
from schemas.errors import InfeasibleError
from strategies.window import Allocation, Window


def keep_current(
    window: Window, in_sleeve: BoolArray, conflict: InfeasibleError, notes: tuple[str, ...] = ()
) -> Allocation:
    """The weights held now, bound by nothing, with the conflict on record as the reason."""
    N = len(window.symbols)
    return Allocation(
        symbols=window.symbols,
        weights=window.current_weights,
        lower=np.zeros(N),
        upper=np.ones(N),
        in_sleeve=in_sleeve,
        binding=((),) * N,
        notes=notes,
        fallback=f"current weights are kept, as on_infeasible says: {conflict}",
    )
