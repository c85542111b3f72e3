"""From held weights to the step that is traded: hold or rebalance, how far, and why, asset by asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, checked_vector
from portfolio.step import NOTHING, step_towards


@dataclass(frozen=True, eq=False)
class RebalanceDecision:
    """What to do this week, in the order of the symbols."""

    decision: Literal["rebalance", "hold"]
    weights: FloatArray
    """(N,) weights to trade to: the target, a point on the way to it, or the held weights."""
    drift: float
    """Largest |target - held| weight, fraction of equity."""
    turnover: float
    """Half the sum of |weight changes| that will be traded, fraction of equity."""
    step: float
    """Share of the way to the target that is gone: 1 in full, less under the turnover cap, 0 for hold."""
    reasons: tuple[str, ...]
    """Why each asset is traded or left alone."""
    summary: str


def decide_rebalance(
    symbols: Sequence[str],
    current: ArrayLike,
    target: ArrayLike,
    *,
    drift_threshold: float,
    max_turnover: float,
) -> RebalanceDecision:
    """Hold below the drift threshold; else trade towards the target as far as the turnover cap allows.

    All changes shrink by one factor, so the step stays on the line to the target and between feasible
    weights remains feasible. The first funding, from cash alone, is exempt from the cap: it would
    leave a new account uninvested for weeks. Where more is held than there is equity, the money that is owed is
    paid back first, from all assets alike and whatever the threshold; the cap counts it, and stops short of none
    of it.

    Args:
        symbols: Names of the N assets; include those held that have no target any more.
        current: (N,) held weights, drifted, fractions of equity.
        target: (N,) weights aimed at.
        drift_threshold: Least drift that is traded, fraction.
        max_turnover: Greatest turnover, fraction.

    Raises:
        DataError: Weights misaligned or not finite; names the asset.

    >>> decide_rebalance(["SPY"], [0.2], [0.6], drift_threshold=0.01, max_turnover=0.1).weights.round(3).tolist()
    [0.4]
    """
    held = checked_vector(current, symbols, "Held weight")
    wanted = checked_vector(target, symbols, "Target weight")
    largest = float(np.abs(wanted - held).max())
    owed = float(held.sum()) - 1.0
    start = held / (1.0 + owed) if owed > NOTHING else held
    step = step_towards(start, wanted, drift_threshold, max(max_turnover - turnover(held, start), 0.0))
    if step == 0.0 and start is held:
        text = f"largest drift {_points(largest)} is below the threshold {_points(drift_threshold)}"
        reasons = tuple(f"hold: {_points(gap, signed=True)} from the target; {text}" for gap in held - wanted)
        return RebalanceDecision("hold", held, largest, 0.0, 0.0, reasons, f"hold: {text}")
    first_funding = not np.any(held > NOTHING)
    weights = wanted if step == 1.0 else start + step * (wanted - start)
    return RebalanceDecision(
        "rebalance",
        weights,
        largest,
        turnover(held, weights),
        step,
        tuple(_reason(*asset, step) for asset in zip(held, wanted, weights, strict=True)),
        _summary(
            largest,
            turnover(held, weights),
            turnover(held, wanted),
            max_turnover,
            owed=0.0 if start is held else owed,
            first_funding=first_funding,
        ),
    )


def beside_kept(current: Mapping[str, float], targets: Mapping[str, float]) -> dict[str, float]:
    """Target weights beside holdings for which there is no target, which keep the weight they have.

    The targets share what is left of the equity in their proportions.

    >>> beside_kept({"SPY": 0.1, "XYZ": 0.5}, {"SPY": 0.6, "TLT": 0.4})
    {'SPY': 0.3, 'XYZ': 0.5}
    """
    kept = {symbol: weight for symbol, weight in current.items() if symbol not in targets}
    left = 1.0 - sum(kept.values())
    return {symbol: kept.get(symbol, left * targets.get(symbol, 0.0)) for symbol in current}


def turnover(current: FloatArray, target: FloatArray) -> float:
    """Half the sum of |weight changes| of the assets, cash not counted, fraction of equity.

    >>> turnover(np.array([0.5, 0.5]), np.array([0.3, 0.7])).__round__(3)
    0.2
    """
    return 0.5 * float(np.abs(target - current).sum())


def _reason(held: float, wanted: float, traded_to: float, step: float) -> str:
    change = traded_to - held
    if abs(change) <= NOTHING:
        return f"hold: at its target {_percent(wanted)}"
    if wanted <= NOTHING:
        action = "sell out" if step == 1.0 else "sell down, no longer wanted"
    elif held <= NOTHING:
        action = "new position"
    else:
        action = "buy" if change > 0 else "sell"
    way = "" if step == 1.0 else f"; {step:.0%} of the way this week, turnover cap"
    way = way if step else "; to pay back what is owed"
    return f"{action}: held {_percent(held)}, target {_percent(wanted)}, {_points(change, signed=True)}{way}"


def _summary(
    largest: float, traded: float, full: float, max_turnover: float, *, owed: float, first_funding: bool
) -> str:
    text = f"rebalance: largest drift {_points(largest)}, turnover {_percent(traded)}"
    if owed:
        text += f", of which {_percent(owed / 2)} to pay back what is owed"
    if first_funding:
        return f"{text}; first funding, exempt from the cap of {_percent(max_turnover)}"
    if traded < full - NOTHING:
        return f"{text} of {_percent(full)} wanted; cap {_percent(max_turnover)}"
    return f"{text} within the cap of {_percent(max_turnover)}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _points(fraction: float, *, signed: bool = False) -> str:
    return f"{100 * fraction:{'+' if signed else ''}.1f}pp"
