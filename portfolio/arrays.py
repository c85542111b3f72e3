"""Array types of the numerics, and the one gate through which outside numbers come in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portfolio.compiled import compiled
from schemas.errors import DataError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def checked_returns(
    returns: ArrayLike, symbols: Sequence[str], sessions: Sequence[object] | None = None
) -> FloatArray:
    """Returns as a finite C-ordered (T, N) matrix, one column a symbol.

    Comparisons with NaN are false, so a solver walks past NaN without noticing: it is stopped here.

    Args:
        returns: Simple returns (T, N), fractions.
        symbols: Names of the N columns, for the error text.
        sessions: Dates or other labels of the T rows, for the error text; row numbers when left out.

    Raises:
        DataError: Empty, misaligned, or not finite; names the first offending asset and session.
    """
    matrix = as_matrix(returns)
    if matrix.ndim != 2 or 0 in matrix.shape or matrix.shape[1] != len(symbols):  # noqa: PLR2004
        raise DataError(
            "Returns are not a matrix of sessions by assets",
            figures={"shape": matrix.shape, "assets": f"{len(symbols)} ({', '.join(symbols)})"},
            remedy="Pass at least one row, and one column for each asset.",
        )
    if sessions is not None and len(sessions) != len(matrix):
        raise DataError(
            "Returns and sessions do not match",
            figures={"rows": len(matrix), "sessions": _span(sessions), "assets": ", ".join(symbols)},
            remedy="Pass one row of returns for each session.",
        )
    if not _all_finite(matrix.reshape(-1)):
        finite = np.isfinite(matrix)
        row, column = np.argwhere(~finite)[0]
        when = f"in row {row}" if sessions is None else f"on {sessions[row]}"
        raise DataError(
            f"Return of {symbols[column]} {when} is not a finite number",
            figures={"value": matrix[row, column], "faulty cells": int((~finite).sum())},
            remedy="Clean the window first: every asset needs a return in every session.",
        )
    return matrix


def as_matrix(values: ArrayLike) -> FloatArray:
    """``values`` itself when it is an array as compiled code takes it, else a copy that is."""
    if type(values) is np.ndarray and values.dtype == np.float64 and values.flags.carray:
        return values
    # writeable too: to compiled code a read-only array is another type, compiled once more
    return np.require(values, dtype=np.float64, requirements=["C", "W"])


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
    if not _all_finite(vector):
        faulty = np.flatnonzero(~np.isfinite(vector))
        raise DataError(
            f"{what} of {symbols[faulty[0]]} is not a finite number",
            figures={"value": vector[faulty[0]]},
            remedy="Give every asset a number.",
        )
    vector.flags.writeable = False
    return vector


@compiled
def _all_finite(values: FloatArray) -> bool:
    nothing = 0.0
    for i in range(len(values)):
        nothing += values[i] * 0.0  # NaN for what is not finite, and sums need no branches
    return nothing == 0.0


def _span(sessions: Sequence[object]) -> str:
    return f"{len(sessions)}, {sessions[0]} to {sessions[-1]}" if sessions else "none"
