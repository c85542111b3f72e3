"""A strategy's answer when things go wrong: weights with the limits they stand on, a fallback, or a refusal; never silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.explanation import ShadowPrice
from portfolio.step import step_towards
from schemas.errors import RiskParityError
from schemas.simulation_parameters import Rules
from strategies.base import BaseStrategy
from strategies.window import Allocation, Window

_FLOORS = frozenset({"min_weight", "band_min"})


class Answer(NamedTuple):
    """What a strategy decides on a window, on all N assets of a universe."""

    outcome: Literal["decided", "fallback", "refused"]
    target: FloatArray
    """(N,) fractions of equity, zero for what is not in the window; NaN when refused."""
    limits: tuple[ShadowPrice, ...]
    """Limits that bind, the dearest first; floors at zero and the budget apart."""
    said: str
    """The refusal with its figures, why a fallback stands in, or notes; may be empty."""
    gap: float
    """Relative duality gap; NaN without a certificate."""

    @property
    def dearest(self) -> str:
        """The limit that costs most, in words; empty when none binds."""
        return self.limits[0].sentence if self.limits else ""


def answer(strategy: BaseStrategy[Any], window: Window, symbols: Sequence[str]) -> Answer:
    """Let the strategy decide, and take down whatever comes of it.

    Args:
        strategy: Decides.
        window: What it sees; may lack some of the assets.
        symbols: The N assets of the universe.
    """
    try:
        allocation = strategy.decide(window)
    except RiskParityError as refusal:
        return Answer("refused", np.full(len(symbols), np.nan), (), str(refusal), float("nan"))
    weights = dict(zip(allocation.symbols, allocation.weights.tolist(), strict=True))
    proof = allocation.certificate
    return Answer(
        "fallback" if allocation.fallback else "decided",
        np.array([weights.get(symbol, 0.0) for symbol in symbols]),
        _chosen(allocation),
        allocation.fallback or "; ".join(allocation.notes),
        proof.relative_gap if proof else float("nan"),
    )


def traded(
    held: FloatArray, target: FloatArray, rules: Rules, frozen: FloatArray | None = None
) -> FloatArray:
    """Weights (N,) after the rebalance towards ``target``: under the drift threshold and the turnover cap, as live.

    Args:
        held: (N,) before.
        target: (N,) wanted; NaN when nothing could be decided, and then nothing is traded.
        rules: Threshold and cap.
        frozen: (N,) one for what cannot be traded, zero for the rest.
    """
    if np.isnan(target).any():
        return held
    free = np.ones(len(held)) if frozen is None else 1.0 - frozen
    wanted = held + free * (target - held)
    if (over := wanted.sum() - max(target.sum(), held.sum())) > 0:
        # what cannot be sold leaves less for what was to be bought
        bought = np.maximum(wanted - held, 0.0)
        wanted = wanted - over * bought / bought.sum()
    return held + step_towards(held, wanted, rules.drift_threshold, rules.max_turnover) * (wanted - held)


def _chosen(allocation: Allocation) -> tuple[ShadowPrice, ...]:
    return tuple(
        price
        for price in allocation.shadow_prices
        if price.kind != "budget" and not (price.kind in _FLOORS and price.limit_value == 0.0)
    )
