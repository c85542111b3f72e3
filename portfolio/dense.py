"""Compiled dense linear algebra for matrices of a few dozen rows, where a library call costs more than the work."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.compiled import compiled

_BLAS_FROM = 10
"""Rows from which the library's matrix product beats plain loops."""
_RAISES = 10
_PROXIMAL = 1e-11
"""Least share of the mean diagonal that is added to it."""


@compiled
def dot(a: FloatArray, b: FloatArray) -> float:
    """A · b of two vectors."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled
def products(B: FloatArray, Y: FloatArray) -> FloatArray:
    """The matrix B Yᵀ, symmetric by the caller's word."""
    n = len(B)
    C = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            C[i, j] = dot(B[i], Y[j])
            C[j, i] = C[i, j]
    return C


@compiled
def gram_matrix(G: FloatArray) -> FloatArray:
    """G Gᵀ, (n, n)."""
    return G @ G.T if len(G) >= _BLAS_FROM else products(G, G)


@compiled
def cholesky(H: FloatArray) -> int:
    """Factor in place, inverses on the diagonal; the first dependent row, or -1 when there is none."""
    n = len(H)
    for j in range(n):
        row = H[j]
        pivot = row[j]
        for k in range(j):
            pivot -= row[k] * row[k]
        if not pivot > 1e-14 * row[j]:
            return j
        row[j] = 1.0 / np.sqrt(pivot)
        for i in range(j + 1, n):
            other = H[i]
            rest = other[j]
            for k in range(j):
                rest -= other[k] * row[k]
            other[j] = rest * row[j]
    return -1


@compiled
def factored(H: FloatArray) -> tuple[FloatArray, float]:
    """Cholesky factor of H + εI and the least ε of a few that makes it definite."""
    n, trace = len(H), 0.0
    for i in range(n):
        trace += H[i, i]
    proximal = _PROXIMAL * trace / n if trace > 0.0 else 1.0
    L = H.copy()
    for _ in range(_RAISES):
        for i in range(n):
            L[i, i] += proximal
        if cholesky(L) < 0:
            break
        proximal *= 100.0
        L = H.copy()
    return L, proximal


@compiled
def solved(L: FloatArray, b: FloatArray) -> FloatArray:
    """(L Lᵀ)⁻¹ b with the factor of ``cholesky``."""
    y = b.copy()
    for i in range(len(b)):
        row, rest = L[i], y[i]
        for k in range(i):
            rest -= row[k] * y[k]
        y[i] = rest * row[i]
    for i in range(len(b) - 1, -1, -1):
        row = L[i]
        y[i] *= row[i]
        for k in range(i):
            y[k] -= row[k] * y[i]
    return y


@compiled
def add(y: FloatArray, share: float, v: FloatArray) -> None:
    """Add ``share`` of v to ``y``; an array expression would make another array first."""
    for i in range(len(y)):
        y[i] += share * v[i]


@compiled
def subtract(y: FloatArray, B: FloatArray, v: FloatArray) -> None:
    """Take B v away from ``y``."""
    for a in range(len(y)):
        y[a] -= dot(B[a], v)


@compiled
def largest(values: FloatArray) -> float:
    """The largest absolute value; zero when there are none."""
    most = 0.0
    for i in range(len(values)):
        most = max(most, abs(values[i]))
    return most
