"""The parameters of the strategies that risk parity is measured against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.forms import Fraction, Parameters

RiskBudgets = dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]


class _Baseline(Parameters):
    cash_buffer: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of equity kept in cash (fraction)."""


class _Bounded(_Baseline):
    min_weight: Fraction = 0.0
    """Least weight of each asset (fraction of equity)."""
    max_weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Greatest weight of each asset (fraction of equity)."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> _Bounded:
        if self.min_weight > self.max_weight:
            raise ValueError(f"min_weight {self.min_weight} is above max_weight {self.max_weight}")
        return self


class _Budgeted(_Bounded):
    risk_budgets: RiskBudgets | None = None
    """Share of the risk by ticker, in any unit, one for each asset; zero gives it min_weight; none means equal shares."""

    @model_validator(mode="after")
    def _some_risk(self) -> _Budgeted:
        if self.risk_budgets is not None and not any(self.risk_budgets.values()):
            raise ValueError("risk_budgets share out no risk: give one asset at least more than zero")
        return self


class _FromCovariance(Parameters):
    covariance: Literal["sample", "ledoit_wolf", "ewma"] = "ledoit_wolf"
    """Estimator: sample, shrunk (Ledoit and Wolf 2004), or exponentially weighted."""
    half_life: float = Field(default=63.0, gt=0, le=5000)
    """Of ewma: sessions after which a return counts for half; 11.2 is RiskMetrics' decay of 0.94."""


class EqualWeightParameters(_Baseline):
    """The same weight for every asset."""

    name: Literal["equal_weight"] = "equal_weight"
    lookback: int = Field(default=20, ge=2, le=5000)
    """Daily returns an asset must have to be held (sessions)."""


class InverseVolatilityParameters(_Baseline):
    """Weights in proportion to one over the volatility."""

    name: Literal["inverse_volatility"] = "inverse_volatility"
    lookback: int = Field(default=63, ge=2, le=5000)
    """Daily returns in the window (sessions)."""


class DownsideRiskParityParameters(_Budgeted):
    """Equal, or budgeted, contributions to the portfolio's downside variance."""

    name: Literal["downside_risk_parity"] = "downside_risk_parity"
    lookback: int = Field(default=252, ge=2, le=5000)
    """Daily returns in the window (sessions)."""
    minimum_acceptable_return: float = Field(default=0.0, ge=-0.05, le=0.05)
    """b: daily returns below it count as downside (fraction a day)."""


class VarianceRiskParityParameters(_FromCovariance, _Budgeted):
    """Equal, or budgeted, contributions to the portfolio's variance: classical risk parity."""

    name: Literal["variance_risk_parity"] = "variance_risk_parity"
    lookback: int = Field(default=252, ge=2, le=5000)
    """Daily returns in the window (sessions)."""


class MinimumVarianceParameters(_FromCovariance, _Bounded):
    """Least variance."""

    name: Literal["minimum_variance"] = "minimum_variance"
    lookback: int = Field(default=252, ge=2, le=5000)
    """Daily returns in the window (sessions)."""


class HierarchicalRiskParityParameters(_FromCovariance, _Baseline):
    """Risk split evenly at each fork of a tree of what moves together (López de Prado 2016)."""

    name: Literal["hierarchical_risk_parity"] = "hierarchical_risk_parity"
    lookback: int = Field(default=252, ge=2, le=5000)
    """Daily returns in the window (sessions)."""


class BenchmarkParameters(_Baseline):
    """One asset alone, to measure the others against."""

    name: Literal["benchmark"] = "benchmark"
    symbol: Annotated[str, Field(min_length=1)] = "SPY"
    """The asset (ticker); it must be in the universe."""
    lookback: int = Field(default=2, ge=2, le=5000)
    """Daily returns the asset must have to be held (sessions)."""


class FixedWeightsParameters(_Baseline):
    """Weights that somebody once chose, such as 60/40."""

    name: Literal["fixed_weights"] = "fixed_weights"
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {"SPY": 0.6, "IEF": 0.4}
    """Weight by ticker, in any unit; each must be in the universe, as these are in bundled and diversified."""
    lookback: int = Field(default=2, ge=2, le=5000)
    """Daily returns an asset must have to be held (sessions)."""

    @model_validator(mode="after")
    def _something_is_held(self) -> FixedWeightsParameters:
        if not any(self.weights.values()):
            raise ValueError("weights invest nothing: give one asset at least more than zero")
        return self
