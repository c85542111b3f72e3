"""What every artifact model has in common, and the exact column types.

Sessions are dates of the exchange calendar, instants are naive UTC (DuckDB needs ``pytz`` for aware
ones), weights and returns are fractions, money is USD.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import pandas as pd
import pandera.pandas as pa
import pyarrow

Session = Annotated[pd.ArrowDtype, pyarrow.date32()]
Instant = Annotated[pd.ArrowDtype, pyarrow.timestamp("us")]
Amount = Annotated[pd.ArrowDtype, pyarrow.decimal128(24, 9)]


def naive_utc(instant: dt.datetime) -> dt.datetime:
    """An instant with a zone as the artifacts hold it."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None)


class Artifact(pa.DataFrameModel):
    """Base of every artifact model: strict about columns and types, never coerced."""

    run_id: str = pa.Field(description="Run that wrote the row")

    class Config:
        strict = True
        coerce = False
        ordered = True


class OfStrategy(Artifact):
    """Base of tables whose rows name the strategy that they are of."""

    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name")


class SimulationMarker(OfStrategy):
    """Base of the rows that a backtest, a sweep and a stress test write last, each about itself."""

    started_at: Instant = pa.Field(description="Host clock when it began, UTC")
    committed_at: Instant = pa.Field(description="Host clock when it became visible, UTC")
    parameters: str = pa.Field(description="Everything it was told, JSON")
