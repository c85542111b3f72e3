"""The parameter sets of what runs beside the rebalance: the day's prices, and the report of the week."""

from __future__ import annotations

from pydantic import Field

from schemas.forms import Parameters
from schemas.parameters import CleaningParameters, IngestionParameters


class DailyPricesParameters(Parameters):
    """Which bars to pull after the close, and when they are not believed."""

    universes: tuple[str, ...] = ()
    """Names in config/universes.toml; empty means all of them."""
    sessions: int = Field(default=313, ge=2, le=10_000)
    """Sessions kept up to date and looked at: the lookback, one more, and the spare ones of the weekly run."""
    ingestion: IngestionParameters = IngestionParameters()
    cleaning: CleaningParameters = CleaningParameters()


class WeeklyReportParameters(Parameters):
    """What the report of a week is about."""

    strategy: str = "risk_parity"
    """A registered strategy."""
    week: str = Field(default="", pattern=r"^(\d{4}-W\d{2})?$")
    """ISO week, as 2026-W47; empty means that of the last session that has closed."""
