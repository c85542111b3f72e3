"""The day's prices: pulled after the close, kept, and looked at before they are needed. It never sends an order."""

from __future__ import annotations

from prefect import flow

from config import load_settings
from schemas.artifacts import ArtifactRef
from schemas.upkeep_parameters import DailyPricesParameters
from tasks.daily_prices import check_prices, pull_prices

_SETTINGS = load_settings()
CONFIGURED = DailyPricesParameters(ingestion=_SETTINGS.ingestion, cleaning=_SETTINGS.cleaning)
"""What the form in the Prefect UI starts from."""


@flow(name="daily-prices")
def daily_prices(parameters: DailyPricesParameters = CONFIGURED) -> ArtifactRef:
    """Pull the day's bars of every universe; fails when an asset is stale or damaged. Retry asks for all of it again."""
    return check_prices(pull_prices(parameters), parameters)


if __name__ == "__main__":
    daily_prices()
