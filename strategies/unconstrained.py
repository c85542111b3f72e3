"""Allocations in proportion to a score, bounded by nothing but the budget."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from strategies.window import Allocation, Window


def unconstrained(window: Window, scores: FloatArray, budget: float) -> Allocation:
    """Weights budget * score / Σ score for positive scores (N,)."""
    N = len(window.symbols)
    return Allocation(
        symbols=window.symbols,
        weights=budget * scores / scores.sum(),
        lower=np.zeros(N),
        upper=np.ones(N),
        in_sleeve=np.zeros(N, dtype=np.bool_),
        binding=((),) * N,
    )
