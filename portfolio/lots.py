"""Compiled: which lots a sale takes, and what that gains."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.compiled import compiled

_DUST = 1e-9
"""What is left of a lot below this share of it is sold with it."""


@compiled
def sold_lots(
    assets: IntArray, shares: FloatArray, values: FloatArray, highest_cost: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Match sales with lots, the oldest or the dearest first.

    Args:
        assets: Column of each trade (K,), in order of time.
        shares: Bought, or sold when negative (K,).
        values: What each trade paid a share, or brought, costs included (K,).
        highest_cost: The dearest lots first; else the oldest.

    Returns:
        For each part of a lot that was sold: the sale and the purchase, rows of the trades, the shares and the gain (L,).
    """
    K = len(assets)
    sale, purchase = np.empty(2 * K, dtype=np.int64), np.empty(2 * K, dtype=np.int64)
    amount, gain, count = np.empty(2 * K), np.empty(2 * K), 0
    left = np.maximum(shares, 0.0)
    order = np.argsort(assets, kind="mergesort")  # by asset, and in order of time within
    oldest = 0
    for place in range(K):
        k = order[place]
        while oldest < place and (left[order[oldest]] == 0.0 or assets[order[oldest]] != assets[k]):
            oldest += 1
        wanted = -shares[k]
        while wanted > 0.0:
            lot = _next_lot(order[oldest:place], left, values, highest_cost)
            if lot < 0:
                break
            taken = left[lot] if wanted >= left[lot] * (1.0 - _DUST) else wanted
            sale[count], purchase[count], amount[count] = k, lot, taken
            gain[count] = taken * (values[k] - values[lot])
            left[lot] -= taken
            wanted = 0.0 if wanted - taken <= _DUST * taken else wanted - taken
            count += 1
    return sale[:count], purchase[:count], amount[:count], gain[:count]


@compiled
def _next_lot(trades: IntArray, left: FloatArray, values: FloatArray, highest_cost: int) -> int:
    best = -1
    for lot in trades:
        if left[lot] > 0.0 and (best < 0 or values[lot] > values[best]):
            best = lot
            if not highest_cost:
                break
    return best
