"""Machine code for the inner loops of the numerics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])

_REORDERING = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be reordered, so that they use the processor's vector units. The blanket ``fastmath=True`` would
also let the compiler assume that there is no NaN and no infinity, and drop the guards against them."""


def compiled(function: F) -> F:
    """Compile at the first call with each set of types, and keep the machine code beside the module."""
    return cast("F", numba.njit(cache=True, error_model="numpy", fastmath=_REORDERING)(function))
