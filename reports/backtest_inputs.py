"""What a backtest's report is made of: plain tables, computed elsewhere, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from reports.format import MISSING, percent, ratio, signed_percent
from reports.sweep_inputs import SweepInputs
from schemas.errors import DataError
from schemas.metrics import METRICS


class Estimate(NamedTuple):
    """A figure with the limits of its interval; NaN where it does not exist."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class BacktestInputs:
    """Everything one report shows. ``series`` is the name of an account; returns and weights are fractions.

    Args:
        strategy: The account that the report is about.
        benchmark: The account that it is measured against.
        equity: By session, one column an account, USD; strategy and benchmark among them.
        statistics: series, metric, estimate, low, high.
        luck: One row of ``backtest_luck``, of the strategy; empty when it was not judged.
        drawdowns: series, peak, trough, recovered, depth, sessions; deepest first.
        months: series, year, month, period_return.
        years: series, year, period_return, turnover, costs_bp.
        rolling: session, series, volatility, sharpe.
        crises: series, crisis, first, last, period_return, max_drawdown; may be empty.
        decisions: The strategy's: decided, executed, mark, drift, turnover, costs (USD), reason.
        weights: By day of execution, one column an asset: weights traded to, or kept.
        risk_shares: By day of execution, one column an asset: share of the downside variance; may be empty.
        binding: decided, constraint_name; may be empty.
        sweep: The strategy's latest sweep, none when there is none.
        trials: The ledger, one row a configuration: kind, strategy, started_at, prices, first, last, cagr, volatility, sharpe,
            max_drawdown; this backtest need not be in it yet.
        tracking: session, live, model (equity, USD); empty when nothing was run live.
        quality: What a reader must know of the data, one row an asset; shown as it is; may be empty.
        notes: What a reader must know before all figures, one sentence each.
        assumptions: Costs, rules, dates and the bootstrap's settings, by name.
        provenance: Code version, data hash, configuration hash, by name.
        parameters: The strategy's parameters, JSON.
        command: Shell command that reproduces the report.
    """

    strategy: str
    benchmark: str
    equity: pd.DataFrame
    statistics: pd.DataFrame
    drawdowns: pd.DataFrame
    months: pd.DataFrame
    years: pd.DataFrame
    rolling: pd.DataFrame
    crises: pd.DataFrame
    decisions: pd.DataFrame
    weights: pd.DataFrame
    risk_shares: pd.DataFrame
    binding: pd.DataFrame
    parameters: str
    command: str
    luck: pd.DataFrame = field(default_factory=pd.DataFrame)
    sweep: SweepInputs | None = None
    trials: pd.DataFrame = field(default_factory=pd.DataFrame)
    tracking: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["session", "live", "model"]))
    quality: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    assumptions: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = {self.strategy, self.benchmark} - set(self.equity.columns)
        if missing:
            raise DataError(
                "The report needs the equity of strategy and benchmark",
                figures={"missing": ", ".join(sorted(missing)), "given": ", ".join(self.equity.columns)},
                remedy="Name the two as their columns are named.",
            )

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """Strategy, benchmark, then the others as they come."""
        others = [name for name in self.equity.columns if name not in {self.strategy, self.benchmark}]
        return (self.strategy, self.benchmark, *others)

    @cached_property
    def estimates(self) -> Mapping[tuple[str, str], Estimate]:
        """By account and metric."""
        rows = self.statistics[["series", "metric", "estimate", "low", "high"]].itertuples(
            index=False, name=None
        )
        return {(series, metric): Estimate(*figures) for series, metric, *figures in rows}

    def of(self, series: str, metric: str) -> Estimate:
        """A figure of an account; NaN when it was not computed."""
        nothing = float("nan")
        return self.estimates.get((series, metric), Estimate(nothing, nothing, nothing))

    def written(self, series: str, metric: str) -> str:
        """The same as the report writes it."""
        return written(metric, self.of(series, metric).value)

    def rows(self, table: pd.DataFrame, series: str) -> pd.DataFrame:
        """The rows of one account."""
        return table[table["series"] == series]


def written(metric: str, value: float) -> str:
    """A figure in its unit, with the digits that it deserves.

    >>> written("max_drawdown", -0.5519), written("sharpe", 0.614), written("costs", 3.2)
    ('-55.2%', '0.61', '3.2 bp')
    """
    unit, digits = METRICS[metric].unit, METRICS[metric].digits
    if unit == "bp":
        return MISSING if pd.isna(value) else f"{ratio(value, digits)} bp"
    return {"percent": percent, "signed_percent": signed_percent, "ratio": ratio}[unit](value, digits)


def shown(name: str) -> str:
    """The name of an account or a rule as people write it.

    >>> shown("equal_weight")
    'equal weight'
    """
    return name.replace("_", " ")
