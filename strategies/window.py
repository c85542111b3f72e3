"""What a strategy sees when it decides, and what it answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, checked_returns, checked_vector
from portfolio.certificate import Certificate
from portfolio.explanation import ShadowPrice
from schemas.errors import DataError


@dataclass(frozen=True, eq=False)
class Window:
    """Everything known at the decision; nothing later.

    Raises:
        DataError: Misaligned, empty or not finite; names asset and session.
    """

    symbols: tuple[str, ...]
    sessions: tuple[dt.date, ...]
    """T trading dates, oldest first."""
    returns: FloatArray
    """(T, N) daily simple returns, fractions."""
    current_weights: FloatArray
    """(N,) held weights, drifted, fractions of equity."""
    previous_sleeve: frozenset[str] = frozenset()
    """Members of the negative-return sleeve at the last decision."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "returns", checked_returns(self.returns, self.symbols, self.sessions))
        weights = checked_vector(self.current_weights, self.symbols, "Held weight")
        object.__setattr__(self, "current_weights", weights)

    def tail(self, lookback: int) -> Window:
        """The last ``lookback`` sessions.

        Raises:
            DataError: The window is shorter.
        """
        if len(self.sessions) < lookback:
            raise DataError(
                "There is too little history for this strategy",
                figures={
                    "sessions": len(self.sessions),
                    "lookback": lookback,
                    "first session": self.sessions[0],
                    "assets": f"{len(self.symbols)} ({', '.join(self.symbols)})",
                },
                remedy="Ingest more history (--set ingestion.spare_sessions=...) or shorten the lookback.",
            )
        return replace(self, sessions=self.sessions[-lookback:], returns=self.returns[-lookback:])

    def require_movement(self) -> None:
        """Refuse assets whose return never changes: without risk, they would attract all the weight.

        Cash-like funds do move, if little; what is exactly constant is no price history.

        Raises:
            DataError: Names the assets and the dates.
        """
        moves = np.ptp(self.returns, axis=0) > 0
        still = [symbol for symbol, moved in zip(self.symbols, moves, strict=True) if not moved]
        if still:
            raise DataError(
                f"{', '.join(still)} did not move from {self.sessions[0]} to {self.sessions[-1]}",
                figures={"sessions": len(self.sessions), "daily return": self.returns[0, ~moves][0]},
                remedy="Leave it out of the universe, or take a longer lookback.",
            )


@dataclass(frozen=True, eq=False)
class Allocation:
    """The weights to hold and what determined them; all arrays (N,) in the order of the symbols."""

    symbols: tuple[str, ...]
    weights: FloatArray
    """Fractions of equity; what is missing to one stays in cash."""
    lower: FloatArray
    upper: FloatArray
    in_sleeve: BoolArray
    binding: tuple[tuple[str, ...], ...]
    """Names of the constraints on which each asset's weight stands."""
    certificate: Certificate | None = None
    """Proof of optimality; none for strategies that solve nothing."""
    scale: float = 1.0
    """Factor by which the strategy's programme, its b included, was shrunk into cash."""
    shadow_prices: tuple[ShadowPrice, ...] = ()
    """What each binding constraint costs; none for strategies that solve nothing."""
    notes: tuple[str, ...] = ()
    """What a person should know, e.g. cash that no asset could take."""
    fallback: str = ""
    """Why a configured substitute stands in for the strategy's own weights; empty when these are its own."""

    @property
    def sleeve(self) -> frozenset[str]:
        """Members of the negative-return sleeve; the next decision's ``previous_sleeve``."""
        return frozenset(s for s, member in zip(self.symbols, self.in_sleeve, strict=True) if member)
