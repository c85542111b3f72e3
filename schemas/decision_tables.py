"""What a run knew of the account, what it decided, and why."""

from __future__ import annotations

import pandera.pandas as pa

from schemas.columns import Amount, Artifact, Instant, OfStrategy, Session


class Holdings(Artifact):
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


class TargetWeights(Artifact):
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


class Certificates(Artifact):
    """The optimiser's proof that the weights are optimal; no row for strategies that solve nothing."""

    objective: float = pa.Field(ge=0, description="Daily downside variance of the target portfolio")
    relative_gap: float = pa.Field(le=1e-8, description="Relative duality gap")
    violation: float = pa.Field(le=1e-9, description="Largest constraint violation, fraction")
    iterations: int = pa.Field(ge=0, description="Outer iterations of the solver")
    active: str = pa.Field(description="Names of the constraints that bind, comma separated")
    multipliers: str = pa.Field(
        description="Shadow price of each binding constraint, JSON, objective per unit of weight"
    )


class Notes(Artifact):
    """What a person should know of a decision, one row a remark."""

    kind: str = pa.Field(
        isin=["note", "fallback"],
        description="fallback: a configured substitute was used instead of an optimum",
    )
    text: str = pa.Field(description="The remark")


class Explanations(Artifact):
    """Why each weight: what moved it, what it adds to risk, what stops it. drift + signal = change, exactly."""

    symbol: str = pa.Field(unique=True, description="Ticker")
    current_weight: float = pa.Field(description="Share of equity held when deciding, fraction")
    previous_target: float = pa.Field(
        nullable=True, description="Target of the decision before, fraction; null when this is the first"
    )
    target_weight: float = pa.Field(ge=0, le=1, description="Share of equity to hold, fraction")
    drift: float = pa.Field(
        description="previous_target - current_weight: undoes what the market moved or was not traded; 0 at first"
    )
    signal: float = pa.Field(description="What the new decision changes: change - drift, fraction")
    change: float = pa.Field(description="target_weight - current_weight, fraction")
    mean_return: float = pa.Field(description="Mean daily return over the lookback, fraction")
    downside_deviation: float = pa.Field(ge=0, description="Daily downside deviation of the asset, fraction")
    risk_contribution: float = pa.Field(description="Share of the portfolio's downside variance, fraction")
    marginal_risk: float = pa.Field(
        description="Daily downside deviation that 1 pp more of the asset adds to the target portfolio, bp"
    )
    binding: str = pa.Field(description="Names of the constraints that bind on the asset, comma separated")
    shadow_price: float = pa.Field(
        nullable=True,
        description="What the asset's own floor or cap costs, bp of daily risk per 1 pp; null when free",
    )


class ShadowPrices(Artifact):
    """What each binding constraint costs; no row for strategies that solve nothing."""

    constraint_name: str = pa.Field(unique=True, description="Name of the row, as in certificates.active")
    kind: str = pa.Field(
        description="Rule: max_weight, min_weight, band_max, band_min, turnover_limit, budget, ..."
    )
    symbol: str = pa.Field(nullable=True, description="Asset it limits; null when it limits several")
    limit_value: float = pa.Field(description="Where the row stands, fraction of equity")
    multiplier: float = pa.Field(description="Fall of the optimiser's objective per unit of room")
    cost_bp_per_pp: float = pa.Field(
        description="Daily risk (see measure) that 1 pp of room would save, bp; of the budget, that 1 pp more to invest adds"
    )
    measure: str = pa.Field(description="Risk the cost is stated in: downside deviation or volatility")
    free_at: float = pa.Field(
        nullable=True,
        description="Marginal risk, bp per pp, at which the asset would leave its bound by itself; null for other rows",
    )
    sentence: str = pa.Field(description="The same in words")


class Decisions(OfStrategy):
    """What was decided and why: one row a run, done or skipped."""

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


class OrderPlan(Artifact):
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
