"""Compiled: the Hessian R_SᵀR_S of the assets met so far, kept up to date instead of formed anew at each step.

From one step to the next a few sessions enter or leave S and a few assets are met: their products are added or taken away.
Rounding that gathers in H bends a step a little but never the end of them, where the step is zero.
"""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.dense import dot, gram_matrix


@compiled
def fetch(R: FloatArray, X: FloatArray, known: BoolArray, wanted: IntArray) -> IntArray:
    """Copy the columns of R (T, N) that are wanted and not known yet to rows of X (N, T); which they are."""
    fresh = wanted[~known[wanted]]
    known[fresh] = True
    for i in fresh:
        for t in range(len(R)):
            X[i, t] = R[t, i]
    return fresh


@compiled
def bring_up_to_date(
    H: FloatArray, X: FloatArray, counted: BoolArray, known: BoolArray, fresh: IntArray, s: FloatArray
) -> None:
    """Make H (N, N) the Hessian of the known assets over the sessions with a shortfall now.

    Args:
        H: Entries of the known assets are kept, all others are undefined.
        X: Rows of the known assets.
        counted: Sessions (T,) that H counts; brought up to date.
        known: Mask (N,).
        fresh: Known assets that H does not hold yet.
        s: Slack (T,).
    """
    changed, size = _changed(counted, s)
    assets = np.flatnonzero(known)
    if 2 * len(changed) >= size or 2 * len(fresh) >= len(assets):
        _form(H, X, assets, s)
    else:
        if len(changed) > 0:
            old = known.copy()
            old[fresh] = False
            _correct(H, X, np.flatnonzero(old), changed, s)
        _extend(H, X, assets, fresh, s)


@compiled
def block(H: FloatArray, assets: IntArray) -> FloatArray:
    """The rows and columns of ``assets``, (n, n)."""
    n = len(assets)
    part = np.empty((n, n))
    for a in range(n):
        row, into = H[assets[a]], part[a]
        for b in range(n):
            into[b] = row[assets[b]]
    return part


@compiled
def gathered(X: FloatArray, sessions: IntArray, assets: IntArray) -> FloatArray:
    """The returns of some assets in some sessions, (n, |S|), contiguous."""
    G = np.empty((len(assets), len(sessions)))
    for i in range(len(assets)):
        row, into = X[assets[i]], G[i]
        for j in range(len(sessions)):
            into[j] = row[sessions[j]]
    return G


@compiled
def shortfalls(s: FloatArray) -> IntArray:
    """The sessions with a shortfall, without a branch for each."""
    short, count = np.empty(len(s), np.int64), 0
    for t in range(len(s)):
        short[count] = t
        count += s[t] < 0.0
    return short[:count]


@compiled
def _changed(counted: BoolArray, s: FloatArray) -> tuple[IntArray, int]:
    """Sessions that entered or left, which are marked so, and how many are in now."""
    changed, count, size = np.empty(len(s), np.int64), 0, 0
    for t in range(len(s)):
        now = s[t] < 0.0
        changed[count] = t
        count += now != counted[t]
        size += now
        counted[t] = now
    return changed[:count], size


@compiled
def _form(H: FloatArray, X: FloatArray, assets: IntArray, s: FloatArray) -> None:
    G = gram_matrix(gathered(X, shortfalls(s), assets))
    for a in range(len(assets)):
        for b in range(len(assets)):
            H[assets[a], assets[b]] = G[a, b]


@compiled
def _correct(H: FloatArray, X: FloatArray, assets: IntArray, changed: IntArray, s: FloatArray) -> None:
    """Add the sessions that entered, take away those that left."""
    D = gathered(X, changed, assets)
    signed = np.empty_like(D)
    for j in range(len(changed)):
        sign = 1.0 if s[changed[j]] < 0.0 else -1.0
        for a in range(len(assets)):
            signed[a, j] = sign * D[a, j]
    for a in range(len(assets)):
        i = assets[a]
        for b in range(a + 1):
            H[i, assets[b]] += dot(signed[a], D[b])
            H[assets[b], i] = H[i, assets[b]]


@compiled
def _extend(H: FloatArray, X: FloatArray, assets: IntArray, fresh: IntArray, s: FloatArray) -> None:
    """The products of fresh assets with all that are known."""
    inside = np.empty(len(s))
    for f in range(len(fresh)):
        i, row = fresh[f], X[fresh[f]]
        for t in range(len(s)):
            inside[t] = row[t] if s[t] < 0.0 else 0.0
        for a in range(len(assets)):
            j = assets[a]
            H[i, j] = dot(inside, X[j])
            H[j, i] = H[i, j]
