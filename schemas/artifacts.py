"""The artifacts by name: their models, their versions, and the reference that tasks hand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pydantic import BaseModel, ConfigDict

from schemas.account_tables import (
    Acknowledgements,
    Claims,
    Fills,
    Lineage,
    Openings,
    Orders,
    Performance,
    Positions,
    Runs,
    StrategyLog,
)
from schemas.backtest_tables import (
    BacktestBinding,
    BacktestCash,
    BacktestCleaningLog,
    BacktestCrises,
    BacktestDecisions,
    BacktestDrawdowns,
    BacktestEquity,
    BacktestGains,
    BacktestLuck,
    BacktestMonths,
    BacktestPrices,
    BacktestRolling,
    Backtests,
    BacktestStatistics,
    BacktestTracking,
    BacktestTrades,
    BacktestWeights,
    BacktestYears,
)
from schemas.decision_tables import (
    Certificates,
    Decisions,
    Explanations,
    Holdings,
    Notes,
    OrderPlan,
    ShadowPrices,
    TargetWeights,
)
from schemas.manifest_table import Manifest
from schemas.market_tables import Bars, CleaningLog, PriceChecks, PricePulls, Returns, WindowBars
from schemas.stress_tables import (
    StressCash,
    StressCleaningLog,
    StressCrises,
    StressLeverage,
    StressLimits,
    StressPrices,
    StressResamples,
    StressScenarios,
    StressTests,
    StressUniverses,
    StressWeeks,
    StressWeights,
)
from schemas.sweep_tables import SweepCash, SweepPoints, SweepPrices, SweepReturns, Sweeps, SweepWeights


class ArtifactRef(BaseModel):
    """What tasks hand to each other instead of data: where an artifact is and how to know it is intact."""

    model_config = ConfigDict(frozen=True)

    name: str
    run_id: str
    uri: str
    """Path of the Parquet file relative to the warehouse's root, so that a copied folder still works."""
    rows: int
    sha256: str
    schema_version: int


def named(references: Iterable[ArtifactRef], name: str) -> ArtifactRef:
    """The artifact called ``name`` among those that a stage wrote; it must be there."""
    return next(reference for reference in references if reference.name == name)


class ArtifactKind(NamedTuple):
    """A table's model and the version of that model; bump it when a column changes."""

    model: type[pa.DataFrameModel]
    version: int
    marker: str = "runs"
    """The artifact that, written last, makes this one visible; any: whichever its run has."""


ARTIFACTS: dict[str, ArtifactKind] = {
    "runs": ArtifactKind(Runs, 1),
    "openings": ArtifactKind(Openings, 2),
    "lineage": ArtifactKind(Lineage, 1),
    "claims": ArtifactKind(Claims, 1),
    "acknowledgements": ArtifactKind(Acknowledgements, 1),
    "bars": ArtifactKind(Bars, 1),
    "window_bars": ArtifactKind(WindowBars, 1),
    "price_pulls": ArtifactKind(PricePulls, 1, "price_pulls"),
    "price_checks": ArtifactKind(PriceChecks, 1, "price_pulls"),
    "holdings": ArtifactKind(Holdings, 1),
    "strategy_log": ArtifactKind(StrategyLog, 1),
    "returns": ArtifactKind(Returns, 1),
    "cleaning_log": ArtifactKind(CleaningLog, 1),
    "target_weights": ArtifactKind(TargetWeights, 1),
    "certificates": ArtifactKind(Certificates, 1),
    "explanations": ArtifactKind(Explanations, 1),
    "shadow_prices": ArtifactKind(ShadowPrices, 1),
    "notes": ArtifactKind(Notes, 1),
    "decisions": ArtifactKind(Decisions, 1),
    "order_plan": ArtifactKind(OrderPlan, 1),
    "orders": ArtifactKind(Orders, 1),
    "fills": ArtifactKind(Fills, 1),
    "positions": ArtifactKind(Positions, 1),
    "performance": ArtifactKind(Performance, 1),
    "backtests": ArtifactKind(Backtests, 1, "backtests"),
    "backtest_prices": ArtifactKind(BacktestPrices, 1, "backtests"),
    "backtest_cash": ArtifactKind(BacktestCash, 1, "backtests"),
    "backtest_cleaning_log": ArtifactKind(BacktestCleaningLog, 1, "backtests"),
    "backtest_equity": ArtifactKind(BacktestEquity, 1, "backtests"),
    "backtest_decisions": ArtifactKind(BacktestDecisions, 1, "backtests"),
    "backtest_weights": ArtifactKind(BacktestWeights, 1, "backtests"),
    "backtest_trades": ArtifactKind(BacktestTrades, 1, "backtests"),
    "backtest_gains": ArtifactKind(BacktestGains, 1, "backtests"),
    "backtest_statistics": ArtifactKind(BacktestStatistics, 1, "backtests"),
    "backtest_luck": ArtifactKind(BacktestLuck, 1, "backtests"),
    "backtest_binding": ArtifactKind(BacktestBinding, 1, "backtests"),
    "backtest_drawdowns": ArtifactKind(BacktestDrawdowns, 1, "backtests"),
    "backtest_months": ArtifactKind(BacktestMonths, 1, "backtests"),
    "backtest_years": ArtifactKind(BacktestYears, 1, "backtests"),
    "backtest_rolling": ArtifactKind(BacktestRolling, 1, "backtests"),
    "backtest_crises": ArtifactKind(BacktestCrises, 1, "backtests"),
    "backtest_tracking": ArtifactKind(BacktestTracking, 1, "backtests"),
    "sweeps": ArtifactKind(Sweeps, 1, "sweeps"),
    "sweep_prices": ArtifactKind(SweepPrices, 1, "sweeps"),
    "sweep_cash": ArtifactKind(SweepCash, 1, "sweeps"),
    "sweep_points": ArtifactKind(SweepPoints, 1, "sweeps"),
    "sweep_returns": ArtifactKind(SweepReturns, 1, "sweeps"),
    "sweep_weights": ArtifactKind(SweepWeights, 1, "sweeps"),
    "stress_tests": ArtifactKind(StressTests, 1, "stress_tests"),
    "stress_prices": ArtifactKind(StressPrices, 1, "stress_tests"),
    "stress_cash": ArtifactKind(StressCash, 1, "stress_tests"),
    "stress_cleaning_log": ArtifactKind(StressCleaningLog, 1, "stress_tests"),
    "stress_crises": ArtifactKind(StressCrises, 1, "stress_tests"),
    "stress_scenarios": ArtifactKind(StressScenarios, 1, "stress_tests"),
    "stress_limits": ArtifactKind(StressLimits, 1, "stress_tests"),
    "stress_weights": ArtifactKind(StressWeights, 1, "stress_tests"),
    "stress_resamples": ArtifactKind(StressResamples, 1, "stress_tests"),
    "stress_universes": ArtifactKind(StressUniverses, 1, "stress_tests"),
    "stress_leverage": ArtifactKind(StressLeverage, 1, "stress_tests"),
    "stress_weeks": ArtifactKind(StressWeeks, 1, "stress_tests"),
    "artifacts": ArtifactKind(Manifest, 1, "any"),
}

MARKERS = tuple(name for name, kind in ARTIFACTS.items() if kind.marker == name)
"""What a run, a backtest, a sweep, a stress test writes last."""
SIMULATED = {"backtests": "backtest", "sweeps": "sweep", "stress_tests": "stress"}
"""Markers of what was never lived, and what it is called, in run ids too."""


def arrow_schema(model: type[pa.DataFrameModel]) -> pyarrow.Schema:
    """The Arrow schema of a model's Parquet files, derived from its pandera dtypes."""
    columns = model.to_schema().columns
    return pyarrow.schema([(name, _arrow_type(column.dtype.type)) for name, column in columns.items()])


def _arrow_type(dtype: object) -> pyarrow.DataType:
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.pyarrow_dtype
    if isinstance(dtype, pd.StringDtype) or dtype is str:
        return pyarrow.string()
    return pyarrow.from_numpy_dtype(dtype)
