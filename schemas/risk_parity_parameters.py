"""The parameters of the risk parity strategy: window, objective, constraints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.forms import Fraction, Parameters


class RiskParityParameters(Parameters):
    """Downside-variance optimal weights with a band on the assets that have been falling."""

    name: Literal["risk_parity"] = "risk_parity"
    lookback: int = Field(default=252, ge=2, le=5000)
    """Daily returns in the window (sessions)."""
    minimum_acceptable_return: float = Field(default=0.0, ge=-0.05, le=0.05)
    """b: daily returns below it count as downside (fraction a day)."""
    min_weight: Fraction = 0.0
    """Least weight of each asset (fraction of equity)."""
    max_weight: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Greatest weight of each asset (fraction of equity)."""
    cash_buffer: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of equity kept in cash (fraction)."""
    negative_sleeve: tuple[str, ...] | None = None
    """Named members of the negative-return sleeve; none means by the sign of the mean return."""
    sleeve_min: Fraction = 0.0
    """Least total weight of the negative-return sleeve (fraction)."""
    sleeve_max: Fraction = 0.3
    """Greatest total weight of the negative-return sleeve (fraction)."""
    sleeve_max_weight: Fraction = 0.15
    """Greatest weight of each asset in the sleeve (fraction)."""
    sleeve_hysteresis: float = Field(default=0.5, ge=0, le=3)
    """Standard errors by which a mean return must cross zero before membership changes; less means more turnover."""
