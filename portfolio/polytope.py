"""Bounds and rows as the compiled code takes them."""

from __future__ import annotations

from typing import NamedTuple

from portfolio.arrays import FloatArray


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
