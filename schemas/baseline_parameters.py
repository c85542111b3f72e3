"""The parameters of the strategies that risk parity is measured against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.forms import Parameters


class EqualWeightParameters(Parameters):
    """The same weight for every asset."""

    name: Literal["equal_weight"] = "equal_weight"
    lookback: int = Field(default=20, ge=2, le=5000)
    """Daily returns an asset must have to be held (sessions)."""
    cash_buffer: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of equity kept in cash (fraction)."""


class InverseVolatilityParameters(Parameters):
    """Weights in proportion to one over the volatility."""

    name: Literal["inverse_volatility"] = "inverse_volatility"
    lookback: int = Field(default=63, ge=2, le=5000)
    """Daily returns in the window (sessions)."""
    cash_buffer: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of equity kept in cash (fraction)."""
