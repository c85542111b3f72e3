"""What a sweep leaves behind: one row a point, and what is needed to judge how far the best of them was luck.

A point is a backtest: the parameters that all share with some of them changed. ``point`` is its number in the design. All
points begin on one day and live through the same weeks.
"""

from __future__ import annotations

import pandera.pandas as pa

from schemas.backtest_tables import BacktestCash, BacktestPrices
from schemas.columns import Artifact, Instant, Session, SimulationMarker

_POINT = "Number of the point in the design, from 0"
_NONE_OF = "null when the strategy has no such parameter"
_FAILED = "null when the point failed"


class Sweeps(SimulationMarker):
    """Every finished sweep, one row each; written last, and what makes the sweep's other rows visible."""

    started_at: Instant = pa.Field(description="Host clock when it was begun for the last time, UTC")
    parameters: str = pa.Field(description="The design and what all points share, JSON")
    axes: str = pa.Field(description="The values tried of each parameter that has more than one, JSON")
    prices: str = pa.Field(description="Where the prices came from, in words")
    data_hash: str = pa.Field(description="sha256 of the prices as delivered")
    symbols: str = pa.Field(description="Assets of the whole universe, comma separated")
    first: Session = pa.Field(description="Close at which the first of the weeks in sweep_returns begins")
    last: Session = pa.Field(description="Last session")
    points: int = pa.Field(ge=1, description="Points of the design")
    failed: int = pa.Field(ge=0, description="Points that failed; why stands in sweep_points")
    runner: str = pa.Field(description="How the last of its parts were run: in_process, process_pool or dask")
    code_version: str = pa.Field(description="Version of this project that ran")


class SweepPoints(Artifact):
    """One row a point of a sweep: what was changed, and what became of it. Statistics as in ``backtest_statistics``."""

    point: int = pa.Field(ge=0, unique=True, description=_POINT)
    config_hash: str = pa.Field(description="sha256 of the parameters, as in trials")
    parameters: str = pa.Field(description="Everything a backtest must be told to be this point, JSON")
    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name: the objective")
    lookback: int = pa.Field(description="Daily returns in the window, sessions")
    minimum_acceptable_return: float = pa.Field(nullable=True, description=f"b, fraction a day; {_NONE_OF}")
    max_weight: float = pa.Field(nullable=True, description=f"Cap on each asset, fraction; {_NONE_OF}")
    sleeve_min: float = pa.Field(
        nullable=True, description=f"Floor of the negative sleeve, fraction; {_NONE_OF}"
    )
    sleeve_max: float = pa.Field(
        nullable=True, description=f"Ceiling of the negative sleeve, fraction; {_NONE_OF}"
    )
    sleeve_max_weight: float = pa.Field(
        nullable=True, description=f"Cap on each of its members, fraction; {_NONE_OF}"
    )
    drift_threshold: float = pa.Field(description="Drift below which nothing is traded, fraction")
    weekday: int = pa.Field(ge=0, le=4, description="Day of the rebalance, 0 is Monday")
    cost_bps: float = pa.Field(ge=0, description="Commission and slippage of a trade, basis points")
    spike_threshold: float = pa.Field(
        description="Outlier rule: robust daily deviations beyond which a print is suspect"
    )
    assets: int = pa.Field(ge=1, description="Assets that could be held")
    symbols: str = pa.Field(description="Which, comma separated")
    left_out: str = pa.Field(description="Assets of the sweep that could not, comma separated")
    status: str = pa.Field(isin=["done", "failed"], description="failed: there are no figures, but an error")
    error_class: str = pa.Field(description="Kind of the error; empty when done")
    error_text: str = pa.Field(description="What it said; empty when done")
    first: Session = pa.Field(
        nullable=True, description=f"Session at whose close the account begins; {_FAILED}"
    )
    last: Session = pa.Field(nullable=True, description=f"Last session; {_FAILED}")
    sessions: float = pa.Field(nullable=True, description=f"Sessions from first to last; {_FAILED}")
    decisions: float = pa.Field(nullable=True, description=f"Decisions taken; {_FAILED}")
    skipped: float = pa.Field(nullable=True, description=f"Decisions without weights; {_FAILED}")
    traded: float = pa.Field(nullable=True, description=f"Decisions that were traded; {_FAILED}")
    cagr: float = pa.Field(nullable=True, description="Compound annual growth, fraction")
    volatility: float = pa.Field(nullable=True, description="Annual, fraction")
    downside_deviation: float = pa.Field(nullable=True, description="Annual, fraction")
    sharpe: float = pa.Field(nullable=True, description="Sharpe ratio of daily returns, annual")
    sortino: float = pa.Field(nullable=True, description="Sortino ratio, annual")
    skewness: float = pa.Field(nullable=True, description="Of the daily returns in excess of cash")
    kurtosis: float = pa.Field(nullable=True, description="Of the same; a normal distribution has 3")
    max_drawdown: float = pa.Field(nullable=True, description="Deepest fall between closes, fraction")
    calmar: float = pa.Field(nullable=True, description="Growth over the deepest fall")
    cvar: float = pa.Field(nullable=True, description="Mean of the worst 5 % of daily returns, fraction")
    turnover: float = pa.Field(
        nullable=True, description="Half the value traded over equity, first funding left out, a year"
    )
    costs: float = pa.Field(nullable=True, description="Of trades over equity, basis points a year")


class SweepReturns(Artifact):
    """Returns of each point week by week, after costs; every point that did not fail has the same weeks."""

    point: int = pa.Field(ge=0, description=_POINT)
    session: Session = pa.Field(description="Last session of the ISO week")
    weekly_return: float = pa.Field(description="Equity over that at the close of the week before - 1")
    excess_return: float = pa.Field(description="The same less what cash earned in the week")


class SweepWeights(Artifact):
    """Where each point put its money: distances between points are distances between these rows."""

    point: int = pa.Field(ge=0, description=_POINT)
    symbol: str = pa.Field(description="Ticker; an asset that was left out, or never wanted, has no row")
    mean_target: float = pa.Field(ge=0, description="Mean over all decisions, fraction of equity")
    last_target: float = pa.Field(ge=0, description="Of the last decision, fraction of equity")


class SweepPrices(BacktestPrices):
    """Cleaned prices that the points lived through, once for each outlier rule."""

    spike_threshold: float = pa.Field(description="Outlier rule by which they were cleaned")

    class Config:
        unique = ["symbol", "session", "spike_threshold"]


class SweepCash(BacktestCash):
    """What cash earned in each session of a sweep's prices."""
