"""The parameters of the risk parity strategy: window, objective, constraints."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.forms import Fraction, Parameters

SLEEVE = "negative sleeve"
"""What notes and rows call the assets that have been falling, or are meant to."""


class Group(Parameters):
    """An asset class with a band on its total weight."""

    name: Annotated[str, Field(pattern=r"^\w[\w &/+-]*$")]
    """What reports call it; its rows are "<name> min" and "<name> max"."""
    symbols: Annotated[tuple[str, ...], Field(min_length=1)]
    """Members (tickers). One that is not among the assets is passed over, and a note says so."""
    min: Fraction = 0.0
    """Least total weight (fraction of equity)."""
    max: Fraction = 1.0
    """Greatest total weight (fraction of equity)."""

    @model_validator(mode="after")
    def _is_a_band(self) -> Group:
        if self.min > self.max:
            raise ValueError(f"group '{self.name}' has min {self.min:g} above max {self.max:g}")
        return self


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
    groups: tuple[Group, ...] = ()
    """Asset classes with a band on their total weight: [{name="bonds", symbols=["TLT","IEF"], min=0.2, max=0.6}];
    they may overlap."""
    turnover_limit: Annotated[float, Field(gt=0, le=1)] | None = None
    """Greatest turnover from the held weights to the target, half the sum of |weight changes| (fraction of equity); none
    means no limit. The optimum is sought within it, so every weight may move a little; guard.max_turnover, by contrast,
    leaves the target as it is and trades a part of the way. Where holdings are further than this from any weights the
    other constraints allow, there are none: see on_infeasible. The first funding is exempt."""
    target_volatility: Annotated[float, Field(gt=0, le=2)] | None = None
    """Annual volatility over the window above which budget, bounds and bands shrink by one factor, the rest in cash
    (fraction); none means fully invested."""
    on_infeasible: Literal["refuse", "keep_current"] = "refuse"
    """When no weights satisfy the constraints: refuse stops the run with the conflict; keep_current keeps what is held,
    and records why. With nothing held it refuses too."""

    @model_validator(mode="after")
    def _group_names_are_unique(self) -> RiskParityParameters:
        names = Counter([SLEEVE, *(group.name for group in self.groups)])
        if repeated := [name for name, times in names.items() if times > 1]:
            raise ValueError(f"two groups are called '{repeated[0]}'; the {SLEEVE} is one of them by itself")
        return self

    def with_hedges(self, hedges: tuple[str, ...]) -> RiskParityParameters:
        """A universe may name its hedges as the sleeve; parameters that name their own know better."""
        return (
            self
            if self.negative_sleeve is not None or not hedges
            else self.model_copy(update={"negative_sleeve": hedges})
        )
