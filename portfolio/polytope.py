"""Bounds and rows as the compiled code takes them."""

from __future__ import annotations

from typing import NamedTuple

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled


class Polytope(NamedTuple):
    """lower <= x <= upper and low <= A x <= high; equal low and high make an equation."""

    lower: FloatArray
    """(N,)"""
    upper: FloatArray
    """(N,)"""
    A: FloatArray
    """(K, N), C-ordered"""
    low: FloatArray
    """(K,)"""
    high: FloatArray
    """(K,)"""


@compiled
def largest_miss(P: Polytope, x: FloatArray) -> float:
    """Largest amount by which a row is broken; zero when all hold."""
    worst = 0.0
    for k in range(len(P.low)):
        value = 0.0
        for i in range(len(x)):
            value += P.A[k, i] * x[i]
        worst = max(worst, P.low[k] - value, value - P.high[k])
    return worst
