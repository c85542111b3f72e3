"""What a sweep can be told: what all points share, what is tried, and who computes. They become the form in the Prefect UI."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.backtest_parameters import BacktestParameters
from schemas.forms import Fraction, Parameters, Share
from schemas.parameters import StrategyParameters

_Lookback = Annotated[int, Field(ge=2, le=5000)]
_Hurdle = Annotated[float, Field(ge=-0.05, le=0.05)]
_Spike = Annotated[float, Field(ge=3, le=50)]
_Weekday = Annotated[int, Field(ge=0, le=4)]
_BasisPoints = Annotated[float, Field(ge=0, le=1000)]


class Axes(Parameters):
    """Values to try of each parameter; where none are given, that of the backtest holds for all points.

    The later an axis stands here, the faster it varies: points that differ in the last three alone follow the same decisions,
    which are then made once.
    """

    strategies: tuple[StrategyParameters, ...] = ()
    """Objectives: strategies with their parameters. Axes that a strategy knows nothing of do not multiply it."""
    spike_threshold: tuple[_Spike, ...] = ()
    """Outlier rule: robust daily standard deviations beyond which a print is suspect; 50 believes nearly everything."""
    lookback: tuple[_Lookback, ...] = ()
    """Daily returns in the window (sessions)."""
    minimum_acceptable_return: tuple[_Hurdle, ...] = ()
    """b: daily returns below it count as downside (fraction a day)."""
    max_weight: tuple[Share, ...] = ()
    """Greatest weight of each asset (fraction of equity)."""
    sleeve_min: tuple[Fraction, ...] = ()
    """Least total weight of the negative-return sleeve (fraction)."""
    sleeve_max: tuple[Fraction, ...] = ()
    """Greatest total weight of the negative-return sleeve (fraction)."""
    sleeve_max_weight: tuple[Fraction, ...] = ()
    """Greatest weight of each asset in the sleeve (fraction)."""
    weekday: tuple[_Weekday, ...] = ()
    """Day of the rebalance (0 = Monday)."""
    drift_threshold: tuple[Fraction, ...] = ()
    """Drift band: largest |current - target| weight below which nothing is traded (fraction)."""
    cost_bps: tuple[_BasisPoints, ...] = ()
    """Cost level: all that a trade costs (basis points of its value)."""

    @property
    def varied(self) -> dict[str, tuple[object, ...]]:
        """The axes that have values, slowest first."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: tried for name, tried in values.items() if tried}


class SweepParameters(Parameters):
    """Everything one sweep can be told."""

    backtest: BacktestParameters = BacktestParameters()
    """What all points share."""
    axes: Axes = Axes()
    """What is tried: every combination, unless ``random`` says how many."""
    leave_one_out: bool = False
    """Try each universe that lacks one asset, beside the whole."""
    subsets: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Try so many random universes, beside the whole; of subset_size assets each."""
    subset_size: Annotated[int, Field(ge=2, le=1000)] = 8
    """Assets of a random universe."""
    random: Annotated[int, Field(ge=1)] | None = None
    """Only so many of all combinations, drawn evenly and without repetition; none takes all."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of what is random: same seed, same points."""
    chunk: Annotated[int, Field(ge=1, le=1000)] = 16
    """Points that one task evaluates in a row; what is finished when a sweep is killed is counted in these."""
    runner: Annotated[str, Field(pattern=r"^(in_process|process_pool|dask|(tcp|tls|ws|wss)://.+)$")] = (
        "in_process"
    )
    """Who computes: in_process, process_pool, dask (a local cluster for the occasion), or the address of a running Dask
    scheduler, tcp://HOST:8786."""
    workers: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Processes of the pool or the local cluster; none means one a processor."""
