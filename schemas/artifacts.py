"""The artifact models: every table that crosses a task, column by column.

Sessions are dates of the exchange calendar, instants are naive UTC (DuckDB needs ``pytz`` for aware
ones), weights and returns are fractions, money is USD.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pydantic import BaseModel, ConfigDict

Session = Annotated[pd.ArrowDtype, pyarrow.date32()]
Instant = Annotated[pd.ArrowDtype, pyarrow.timestamp("us")]
Amount = Annotated[pd.ArrowDtype, pyarrow.decimal128(24, 9)]


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


class _Artifact(pa.DataFrameModel):
    run_id: str = pa.Field(description="Run that wrote the row")

    class Config:
        strict = True
        coerce = False
        ordered = True


class Bars(_Artifact):
    """Daily OHLCV bars as delivered, every version kept: dirty ones included, cleaning decides."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(description="Exchange trading date of the bar (New York)")
    open: float = pa.Field(nullable=True, description="First price, USD, as delivered")
    high: float = pa.Field(nullable=True, description="Highest price, USD, as delivered")
    low: float = pa.Field(nullable=True, description="Lowest price, USD, as delivered")
    close: float = pa.Field(nullable=True, description="Last price, USD, as delivered")
    volume: float = pa.Field(nullable=True, description="Shares traded, as delivered")
    source: str = pa.Field(description="Who delivered the bar: loopback or alpaca")
    feed: str = pa.Field(description="Market data feed: iex or sip")
    adjustment: str = pa.Field(
        description="Corporate actions taken out of the prices: raw, split, dividend, all"
    )
    known_at: Instant = pa.Field(description="When this version of the bar was learnt, UTC (exchange clock)")


class WindowBars(Bars):
    """The exact bars a run decided on, as it knew them then."""


class Holdings(_Artifact):
    """The account before the run decides: what is held, what it costs, and what may be traded."""

    symbol: str = pa.Field(unique=True, description="Ticker, or CASH")
    qty: Amount = pa.Field(description="Shares held; USD for CASH")
    price: Amount = pa.Field(
        nullable=True, gt=0, description="Price used for sizing, USD; null when there is none"
    )
    last_close: Amount = pa.Field(nullable=True, gt=0, description="Close of the last completed session, USD")
    market_value: Amount = pa.Field(description="Value, USD")
    weight: float = pa.Field(description="Share of investable equity, fraction; 0 for foreign positions")
    in_universe: bool = pa.Field(
        description="False for a position that is not this strategy's and never touched"
    )
    tradable: bool = pa.Field(description="Whether the broker trades the asset now")
    fractionable: bool = pa.Field(description="Whether fractions of a share trade")


class Returns(_Artifact):
    """Cleaned daily simple returns of the assets that may be held."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(description="Trading date on which the return was earned")
    daily_return: float = pa.Field(gt=-1.0, lt=10.0, description="close / previous close - 1, fraction")

    class Config:
        unique = ["symbol", "session"]


class CleaningLog(_Artifact):
    """Every cell that cleaning altered, every symbol it excluded, and why."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(
        nullable=True, description="Trading date; null when the whole symbol is meant"
    )
    rule: str = pa.Field(description="Rule that fired, e.g. bad_print or unadjusted_split")
    action: str = pa.Field(isin=["repaired", "removed", "excluded", "flagged"], description="What was done")
    field: str = pa.Field(nullable=True, description="Column altered: open, high, low, close, volume")
    raw_value: float = pa.Field(nullable=True, description="Value as delivered")
    clean_value: float = pa.Field(nullable=True, description="Value used instead; null when removed")
    detail: str = pa.Field(description="The figures behind the decision")


class TargetWeights(_Artifact):
    """The weights to hold and what determined them, one row an asset."""

    symbol: str = pa.Field(description="Ticker")
    target_weight: float = pa.Field(ge=0, le=1, description="Share of equity to hold, fraction")
    current_weight: float = pa.Field(
        ge=0, description="Share of equity held when deciding (drifted), fraction"
    )
    lower_bound: float = pa.Field(ge=0, le=1, description="Least weight allowed, fraction")
    upper_bound: float = pa.Field(ge=0, le=1, description="Greatest weight allowed, fraction")
    mean_return: float = pa.Field(description="Mean daily return over the lookback, fraction")
    downside_deviation: float = pa.Field(ge=0, description="Daily downside deviation of the asset, fraction")
    risk_contribution: float = pa.Field(description="Share of the portfolio's downside variance, fraction")
    in_sleeve: bool = pa.Field(description="Member of the negative-return sleeve")
    binding: str = pa.Field(description="Names of the constraints that bind on the asset, comma separated")

    class Config:
        unique = ["symbol"]


class Certificates(_Artifact):
    """The optimiser's proof that the weights are optimal; no row for strategies that solve nothing."""

    objective: float = pa.Field(ge=0, description="Daily downside variance of the target portfolio")
    relative_gap: float = pa.Field(le=1e-8, description="Relative duality gap")
    violation: float = pa.Field(le=1e-9, description="Largest constraint violation, fraction")
    iterations: int = pa.Field(ge=0, description="Outer iterations of the solver")
    active: str = pa.Field(description="Names of the constraints that bind, comma separated")
    multipliers: str = pa.Field(
        description="Shadow price of each binding constraint, JSON, objective per unit of weight"
    )


class Decisions(_Artifact):
    """What was decided and why: one row a run, done or skipped."""

    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name")
    iso_week: str = pa.Field(description="ISO week of the session, e.g. 2015-W23")
    session: Session = pa.Field(description="Trading date of the decision")
    decided_at: Instant = pa.Field(description="Exchange clock when deciding, UTC")
    decision: str = pa.Field(
        isin=["rebalance", "hold", "refused"], description="What the guard and the rules said"
    )
    reasons: str = pa.Field(description="Each check and its figures, one a line")
    forced_because: str = pa.Field(
        nullable=True, description="Reason given with --force; null when not forced"
    )
    drift: float = pa.Field(nullable=True, description="Largest |current - target| weight, fraction")
    turnover: float = pa.Field(
        nullable=True, description="Half the sum of |weight changes|, fraction of equity"
    )
    data_as_of: Session = pa.Field(nullable=True, description="Newest session whose close was used")
    parameters: str = pa.Field(description="Resolved parameters of the run, JSON")
    config_hash: str = pa.Field(description="sha256 of the resolved parameters")


class OrderPlan(_Artifact):
    """The trade list: what is to be sent, or why an asset is left alone."""

    sequence: int = pa.Field(ge=1, description="Order of sending; sells come first")
    symbol: str = pa.Field(description="Ticker")
    action: str = pa.Field(isin=["buy", "sell", "hold"], description="What to do")
    client_order_id: str = pa.Field(nullable=True, description="Deterministic order id; null for hold")
    qty: Amount = pa.Field(nullable=True, description="Shares to trade; null when sized by notional")
    notional: Amount = pa.Field(nullable=True, description="USD to buy; null when sized in shares")
    reference_price: Amount = pa.Field(description="Price used for sizing, USD")
    current_qty: Amount = pa.Field(description="Shares held when planning")
    current_value: Amount = pa.Field(description="Value held when planning, USD")
    target_value: Amount = pa.Field(description="Value aimed at, USD")
    current_weight: float = pa.Field(ge=0, description="Share of equity held, fraction")
    target_weight: float = pa.Field(ge=0, le=1, description="Share of equity aimed at, fraction")
    reason: str = pa.Field(description="Why this trade, or why none")

    class Config:
        unique = ["symbol"]


class Orders(_Artifact):
    """Orders as the broker last reported them."""

    client_order_id: str = pa.Field(unique=True, description="Deterministic order id")
    order_id: str = pa.Field(
        nullable=True, description="The broker's order id; null when it refused the order"
    )
    symbol: str = pa.Field(description="Ticker")
    side: str = pa.Field(isin=["buy", "sell"], description="Side")
    qty: Amount = pa.Field(nullable=True, description="Shares asked for")
    notional: Amount = pa.Field(nullable=True, description="USD asked for")
    status: str = pa.Field(description="Broker status: filled, canceled, expired, rejected, ...")
    filled_qty: Amount = pa.Field(ge=0, description="Shares filled")
    filled_avg_price: Amount = pa.Field(nullable=True, description="Average fill price, USD")
    submitted_at: Instant = pa.Field(nullable=True, description="When the broker accepted it, UTC")
    closed_at: Instant = pa.Field(nullable=True, description="When it reached a terminal status, UTC")
    message: str = pa.Field(description="The broker's reason when refused or rejected; empty otherwise")


class Fills(_Artifact):
    """What was really bought and sold, with slippage against the price the plan was sized on."""

    client_order_id: str = pa.Field(unique=True, description="Deterministic order id")
    symbol: str = pa.Field(description="Ticker")
    side: str = pa.Field(isin=["buy", "sell"], description="Side")
    qty: Amount = pa.Field(gt=0, description="Shares filled")
    price: Amount = pa.Field(gt=0, description="Average fill price, USD")
    value: Amount = pa.Field(description="qty * price, USD")
    reference_price: Amount = pa.Field(gt=0, description="Price used for sizing, USD")
    slippage_bps: float = pa.Field(
        description="Cost against the reference price, basis points; positive is worse"
    )
    filled_at: Instant = pa.Field(nullable=True, description="Last fill, UTC")


class Positions(_Artifact):
    """Holdings after the run, beside what was aimed at; cash is the row CASH."""

    symbol: str = pa.Field(unique=True, description="Ticker, or CASH")
    qty: Amount = pa.Field(description="Shares held; USD for CASH")
    price: Amount = pa.Field(description="Price of the valuation, USD")
    market_value: Amount = pa.Field(description="Value, USD")
    weight: float = pa.Field(description="Share of equity held, fraction")
    target_weight: float = pa.Field(ge=0, le=1, description="Share of equity aimed at, fraction")
    difference: float = pa.Field(description="weight - target_weight, fraction")


class Performance(_Artifact):
    """The account after the run, one row a run."""

    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name")
    session: Session = pa.Field(description="Trading date")
    equity: Amount = pa.Field(gt=0, description="Cash and holdings, USD")
    cash: Amount = pa.Field(description="Cash, USD")
    period_return: float = pa.Field(
        nullable=True, description="Equity change since the last run, fraction; null first"
    )
    cumulative_return: float = pa.Field(description="Equity change since the first run, fraction")
    drawdown: float = pa.Field(
        le=0, description="Equity against its highest so far, fraction, never positive"
    )
    turnover: float = pa.Field(ge=0, description="Half the value traded over equity, fraction")
    orders: int = pa.Field(ge=0, description="Orders sent")
    slippage_cost: Amount = pa.Field(description="Fill cost against reference prices, USD; positive is worse")
    tracking_error: float = pa.Field(
        ge=0, description="Largest |weight - target_weight| after the run, fraction"
    )


class StrategyLog(_Artifact):
    """What a strategy recorded about itself: its state, status and performance after a run."""

    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name")
    kind: str = pa.Field(isin=["state", "status", "performance"], description="What was recorded")
    content: str = pa.Field(description="The record, JSON")
    recorded_at: Instant = pa.Field(description="Exchange clock of the run, UTC")


class Runs(_Artifact):
    """The commit marker of a run, written last: views show a run's artifacts only once it is here."""

    strategy_: str = pa.Field(alias="strategy", description="Registered strategy name")
    iso_week: str = pa.Field(description="ISO week of the session")
    session: Session = pa.Field(description="Trading date")
    venue: str = pa.Field(description="Where orders went: loopback or paper")
    status: str = pa.Field(isin=["ok"], description="ok: every artifact of the run is in place")
    outcome: str = pa.Field(
        isin=["complete", "adjusted", "hold", "refused", "planned"],
        description="complete: at target; adjusted: some orders did not fill; hold: nothing to trade; "
        "refused: by a guard; planned: dry run",
    )
    decided_at: Instant = pa.Field(description="Exchange clock when deciding, UTC")
    committed_at: Instant = pa.Field(description="Host clock when the run became visible, UTC")
    flow_run_id: str = pa.Field(nullable=True, description="Prefect flow run")
    code_version: str = pa.Field(description="Version of this project that ran")


class ArtifactKind(NamedTuple):
    """A table's model and the version of that model; bump it when a column changes."""

    model: type[pa.DataFrameModel]
    version: int


ARTIFACTS: dict[str, ArtifactKind] = {
    "runs": ArtifactKind(Runs, 1),
    "bars": ArtifactKind(Bars, 1),
    "window_bars": ArtifactKind(WindowBars, 1),
    "holdings": ArtifactKind(Holdings, 1),
    "strategy_log": ArtifactKind(StrategyLog, 1),
    "returns": ArtifactKind(Returns, 1),
    "cleaning_log": ArtifactKind(CleaningLog, 1),
    "target_weights": ArtifactKind(TargetWeights, 1),
    "certificates": ArtifactKind(Certificates, 1),
    "decisions": ArtifactKind(Decisions, 1),
    "order_plan": ArtifactKind(OrderPlan, 1),
    "orders": ArtifactKind(Orders, 1),
    "fills": ArtifactKind(Fills, 1),
    "positions": ArtifactKind(Positions, 1),
    "performance": ArtifactKind(Performance, 1),
}


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
