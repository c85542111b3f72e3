"""What a stress test can be told: the backtest behind it, and every shock with its size and unit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from schemas.backtest_parameters import BacktestParameters, Beside
from schemas.forms import Fraction, Share

_Sessions = Annotated[int, Field(ge=1, le=60)]
_Leverage = Annotated[float, Field(gt=0, le=10)]

DURATIONS = {
    "BIL": 0.1,
    "SHY": 1.9,
    "CSJ": 2.7,
    "IEF": 7.2,
    "TLT": 16.5,
    "AGG": 6.0,
    "BND": 6.0,
    "LQD": 8.3,
    "HYG": 3.2,
    "EMB": 7.0,
    "TIP": 6.6,
}
"""Modified durations in years, rounded, as the issuers have stated them over the years; of TIP it is that to real yields. A
fund's own changes from month to month: give today's with --set durations.TLT=15.9."""


class StressParameters(BacktestParameters):
    """Everything one stress test can be told."""

    beside: tuple[Beside, ...] = ()
    """What else is simulated; a stress test looks at the strategy and its benchmark alone."""
    draws: Annotated[int, Field(ge=20, le=100_000)] = 200
    """Histories drawn by the stationary block bootstrap, each lived through by the whole strategy."""
    mean_block: Annotated[float, Field(ge=1, le=252)] = 21.0
    """Mean length of a block of the bootstrap (sessions)."""
    correlations_to: tuple[Fraction, ...] = (0.5, 1.0)
    """How far the window's correlations go towards one (fraction of the way)."""
    volatility_factors: tuple[Annotated[float, Field(gt=0, le=10)], ...] = (2.0, 3.0)
    """Factors on every asset's deviations from its mean."""
    single_fall: Share = 0.5
    """What one asset loses in a day, each in turn (fraction)."""
    rate_rises: tuple[Annotated[float, Field(gt=0, le=0.1)], ...] = (0.01, 0.02, 0.03)
    """Rises of every yield in a day (fraction); bonds lose duration times rise, everything else nothing."""
    durations: dict[str, float] = DURATIONS
    """Modified duration by ticker (years)."""
    halted_sessions: tuple[_Sessions, ...] = (2, 5)
    """How long the largest holding does not trade (sessions)."""
    halted_gap: Share = 0.2
    """How much lower it trades when it trades again (fraction)."""
    stale_sessions: tuple[_Sessions, ...] = (5, 15)
    """How long the price of the largest holding stands still (sessions)."""
    correlations: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99)
    """Of synthetic assets, every pair alike."""
    universes: tuple[Annotated[int, Field(ge=2, le=2000)], ...] = (20, 100, 500)
    """Sizes of random universes (assets)."""
    leverages: tuple[_Leverage, ...] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    """Factors on all weights, each an account of its own; debts cost costs.margin_rate."""
    maintenance_margin: Share = 0.25
    """Least equity before the broker calls (fraction of what is held; 0.25 is FINRA rule 4210, brokers ask for more)."""

    @classmethod
    def of(cls, backtest: BacktestParameters) -> StressParameters:
        """The stress test of what a backtest is configured for."""
        own = {name: field.default for name, field in cls.model_fields.items() if name in cls.__annotations__}
        return cls.model_validate({**dict(backtest), **own})

    @model_validator(mode="after")
    def _leverage_is_in_its_table(self) -> StressParameters:
        if self.rules.leverage != 1.0:
            raise ValueError("a stress test is of the portfolio without leverage; its table has leverages")
        return self
