"""Array types of the numerics, and the one gate through which outside numbers come in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from schemas.errors import DataError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def checked_returns(returns: ArrayLike, symbols: Sequence[str]) -> FloatArray:
    """Returns as a finite C-ordered (T, N) matrix, one column a symbol.

    Comparisons with NaN are false, so a solver walks past NaN without noticing: it is stopped here.

    Args:
        returns: Simple returns (T, N), fractions.
        symbols: Names of the N columns, for the error text.

    Raises:
        DataError: Empty, misaligned, or not finite; names the first offending asset and row.
    """
    matrix = np.ascontiguousarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape or matrix.shape[1] != len(symbols):  # noqa: PLR2004
        raise DataError(
            "Returns are not a matrix of sessions by assets",
            figures={"shape": matrix.shape, "assets": len(symbols)},
            remedy="Pass at least one row, and one column for each asset.",
        )
    faulty = np.argwhere(~np.isfinite(matrix))
    if len(faulty):
        row, column = faulty[0]
        raise DataError(
            f"Return of {symbols[column]} in row {row} is not a finite number",
            figures={"value": matrix[row, column], "faulty cells": len(faulty)},
            remedy="Clean the window first: every asset needs a return in every session.",
        )
    return matrix


def checked_vector(values: ArrayLike, symbols: Sequence[str], what: str) -> FloatArray:
    """A finite, read-only (N,) copy of ``values``, one entry a symbol.

    Raises:
        DataError: Misaligned or not finite; names the first offending asset.
    """
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (len(symbols),):
        raise DataError(
            f"{what} is not one number for each asset",
            figures={"shape": vector.shape, "assets": len(symbols)},
            remedy="Pass the values in the order of the symbols.",
        )
    faulty = np.flatnonzero(~np.isfinite(vector))
    if len(faulty):
        raise DataError(
            f"{what} of {symbols[faulty[0]]} is not a finite number",
            figures={"value": vector[faulty[0]]},
            remedy="Give every asset a number.",
        )
    vector.flags.writeable = False
    return vector
