"""What a backtest can be told: defaults, units, bounds and meaning. They become the form in the Prefect UI."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.forms import Parameters
from schemas.parameters import CleaningParameters, IngestionParameters, StrategyParameters
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Costs, Rules

Beside = Literal["equal_weight", "variance_risk_parity", "downside_risk_parity", "sixty_forty"]


class BacktestParameters(Parameters):
    """Everything one backtest can be told."""

    strategy: StrategyParameters = RiskParityParameters()
    """The strategy and its parameters."""
    universe: str = "auto"
    """A name in config/universes.toml, or tickers separated by commas; auto is bundled on the bundled prices, diversified
    with the broker's, and every symbol of a file."""
    prices: str = "auto"
    """bundled (real closes 2008 to 2016-07-01 without dividends), broker (bars of the endpoint that orders would go to), or a
    Parquet or CSV file of bars; auto is broker with Alpaca keys, else bundled."""
    start: dt.date | None = None
    """First session of a trade at the earliest, and once two assets have the longest lookback behind them; none begins when
    half of the assets do."""
    end: dt.date | None = None
    """Last session; none takes all there are."""
    benchmark: str = "SPY"
    """What alpha, beta and the difference in Sharpe ratio are against (ticker); it need not be in the universe."""
    bonds: str = "auto"
    """The bonds of 60/40 (ticker); auto takes the first there is of AGG, BND and IEF."""
    beside: tuple[Beside, ...] = (
        "equal_weight",
        "variance_risk_parity",
        "downside_risk_parity",
        "sixty_forty",
    )
    """What else is simulated on the same dates and costs."""
    cash_yield: Annotated[float, Field(ge=-0.1, le=1)] = 0.0
    """What cash earns (fraction a year); see cash_rates."""
    cash_rates: str = ""
    """Instead of cash_yield, a Parquet or CSV file with date and value: the rate from that day on (percent a year)."""
    cash_series: str = ""
    """Which series of cash_rates, when its column ``series`` holds several."""
    capital: float = Field(default=100_000.0, gt=0)
    """Cash at the beginning (USD)."""
    rules: Rules = Rules()
    costs: Costs = Costs()
    cleaning: CleaningParameters = CleaningParameters()
    ingestion: IngestionParameters = IngestionParameters()
    """Of the broker's prices."""
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Resamples behind the confidence intervals."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the resamples: same seed, same intervals."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> BacktestParameters:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self
