"""The parameter sets of a run: defaults, units, bounds and meaning. They become the form in the Prefect UI.

Unknown keys are errors that name the nearest match.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.baseline_parameters import (
    BenchmarkParameters,
    DownsideRiskParityParameters,
    EqualWeightParameters,
    FixedWeightsParameters,
    HierarchicalRiskParityParameters,
    InverseVolatilityParameters,
    MinimumVarianceParameters,
    VarianceRiskParityParameters,
)
from schemas.forms import Fraction, Parameters
from schemas.risk_parity_parameters import RiskParityParameters


class IngestionParameters(Parameters):
    """Which bars to pull."""

    feed: Literal["iex", "sip"] = "iex"
    """Market data feed: iex is free and thin, sip is consolidated."""
    adjustment: Literal["raw", "split", "dividend", "all"] = "all"
    """Corporate actions taken out of the prices."""
    spare_sessions: int = Field(default=60, ge=1, le=1000)
    """Sessions pulled beyond the strategy's lookback, as room for cleaning."""
    overlap_sessions: int = Field(default=10, ge=1, le=100)
    """Sessions pulled again each week to notice revised history."""
    revision_tolerance: float = Field(default=1e-6, ge=0, le=0.01)
    """Relative price difference above which stored history counts as revised (fraction)."""


class CleaningParameters(Parameters):
    """When a price is not believed. Real crashes must survive; bad prints must not."""

    spike_threshold: float = Field(default=5.0, ge=3, le=50)
    """A print is suspect beyond this many robust daily standard deviations."""
    reversal: Fraction = 0.7
    """Share of a suspect move that must come back the next day for it to be a bad print."""
    crowd: Fraction = 0.3
    """A suspect move is real when this share of the other assets moves hard on the same day."""
    stale_sessions: int = Field(default=10, ge=2, le=100)
    """Identical closes in a row after which an asset that normally moves counts as stale."""
    max_gap_sessions: int = Field(default=3, ge=0, le=20)
    """Missing sessions in a row that are bridged; longer gaps exclude the asset."""
    max_missing: Fraction = 0.05
    """Share of missing sessions in the window above which the asset is excluded."""
    min_assets: int = Field(default=2, ge=1, le=1000)
    """Fewer usable assets than this is an error."""


StrategyParameters = Annotated[
    RiskParityParameters
    | DownsideRiskParityParameters
    | VarianceRiskParityParameters
    | MinimumVarianceParameters
    | HierarchicalRiskParityParameters
    | InverseVolatilityParameters
    | EqualWeightParameters
    | BenchmarkParameters
    | FixedWeightsParameters,
    Field(discriminator="name"),
]


class GuardParameters(Parameters):
    """When a rebalance may happen at all."""

    window_start: dt.time = dt.time(9, 45)
    """Earliest time of day, New York."""
    window_end: dt.time = dt.time(15, 30)
    """Latest time of day, New York; never later than 30 minutes before an early close."""
    drift_threshold: Fraction = 0.005
    """Largest |current - target| weight below which nothing is traded (fraction)."""
    max_turnover: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Greatest turnover of one rebalance, half the sum of |weight changes|; the first funding is exempt (fraction)."""


class ExecutionParameters(Parameters):
    """How the trade list is sent."""

    order_type: Literal["market", "marketable_limit"] = "market"
    """market: at the market. marketable_limit: limited to the far side of the quote and `collar` beyond it."""
    collar: Annotated[float, Field(gt=0, le=0.05)] = 0.005
    """How far beyond the far side of the quote a marketable limit may reach (fraction)."""
    reattempts: int = Field(default=1, ge=0, le=5)
    """How often a buy that the account could not pay for is tried again, for what there is."""
    min_trade: Decimal = Field(default=Decimal(5), ge=1)
    """Trades below this are skipped (USD)."""
    poll_seconds: float = Field(default=1.0, gt=0, le=60)
    """Pause between looks at an open order (seconds)."""
    deadline_seconds: float = Field(default=300.0, gt=0, le=3600)
    """Longest wait for the orders of one side to finish (seconds)."""
    max_price_deviation: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Greatest distance of the sizing price from the last close (fraction)."""


class RebalanceParameters(Parameters):
    """Everything one weekly rebalance can be told."""

    strategy: StrategyParameters = RiskParityParameters()
    """The strategy and its parameters."""
    universe: str = "auto"
    """A name in config/universes.toml, or tickers separated by commas; auto is bundled on the loopback
    exchange and diversified with keys."""
    ingestion: IngestionParameters = IngestionParameters()
    cleaning: CleaningParameters = CleaningParameters()
    guard: GuardParameters = GuardParameters()
    execution: ExecutionParameters = ExecutionParameters()
    dry_run: bool = False
    """Plan only: nothing is sent."""
    force: bool = False
    """Rebalance although the weekly guard says no; needs a reason. Market hours still hold."""
    reason: str = ""
    """Why the guard was overridden; recorded with the decision."""
    approved: str = ""
    """Id of a plan that is sent as it is; empty decides afresh. See `riskparity apply`."""
    approved_sha256: str = ""
    """Hash of the trade list that was approved, from the signed file."""

    @model_validator(mode="after")
    def _force_needs_a_reason(self) -> RebalanceParameters:
        if self.force and not self.reason.strip():
            raise ValueError("force needs a reason: it is recorded with the decision")
        return self

    @model_validator(mode="after")
    def _approved_with_its_hash(self) -> RebalanceParameters:
        if bool(self.approved) != bool(self.approved_sha256):
            raise ValueError(
                "approved and approved_sha256 go together: `riskparity apply FILE` takes both from it"
            )
        return self
