"""What became of the orders, and the account after the run."""

from __future__ import annotations

import pandera.pandas as pa

from schemas.columns import Amount, Artifact, Instant, OfStrategy, Session


class Openings(OfStrategy):
    """Every run as it began, allowed or not; its row reserves the run's id."""

    iso_week: str = pa.Field(description="ISO week of the session")
    session: Session = pa.Field(description="Trading date")
    attempt: int = pa.Field(ge=1, description="Number of the attempt at this week")
    venue: str = pa.Field(description="Where orders go: loopback or paper")
    account: str = pa.Field(description="Venue and fingerprint of the account")
    decided_at: Instant = pa.Field(description="Exchange clock, UTC")
    allowed: bool = pa.Field(description="Whether the guard said yes")
    checks: str = pa.Field(description="Each check and its figures, one a line")
    flows: Amount = pa.Field(description="Money paid in, less paid out, since the last run that traded, USD")
    parameters: str = pa.Field(description="What the run was told, JSON")
    redo: str = pa.Field(
        description="Stages that were to be done again, while what comes before is taken over; empty: all of them"
    )
    flow_run_id: str = pa.Field(nullable=True, description="Prefect flow run")
    code_version: str = pa.Field(description="Version of this project that ran, and digest of its code")


class Lineage(Artifact):
    """What a run took over from an earlier one instead of doing it itself: a resumed run, and one that sends an approved plan."""

    artifact: str = pa.Field(unique=True, description="Name of the artifact, as its view is called")
    taken_from: str = pa.Field(description="Run whose artifact it was")
    sha256: str = pa.Field(str_length=64, description="Checksum of the file that was taken over, hexadecimal")


class Claims(OfStrategy):
    """A run that is about to send orders claims its week first, so that nothing else trades it, whatever crashes."""

    iso_week: str = pa.Field(description="ISO week claimed")
    account: str = pa.Field(description="Venue and fingerprint of the account")
    claimed_at: Instant = pa.Field(description="Exchange clock just before the first order, UTC")


class Acknowledgements(OfStrategy):
    """A person has looked at a run that needed one: from then on the strategy may trade the account again."""

    iso_week: str = pa.Field(description="ISO week of the session")
    account: str = pa.Field(description="Venue and fingerprint of the account")
    reason: str = pa.Field(description="What was found and done, in the person's words")
    acknowledged_at: Instant = pa.Field(description="Host clock, UTC")


class Orders(Artifact):
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


class Fills(Artifact):
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


class Positions(Artifact):
    """Holdings after the run, beside what was aimed at; cash is the row CASH."""

    symbol: str = pa.Field(unique=True, description="Ticker, or CASH")
    qty: Amount = pa.Field(description="Shares held; USD for CASH")
    price: Amount = pa.Field(description="Price of the valuation, USD")
    market_value: Amount = pa.Field(description="Value, USD")
    weight: float = pa.Field(description="Share of equity held, fraction")
    target_weight: float = pa.Field(ge=0, le=1, description="Share of equity aimed at, fraction")
    difference: float = pa.Field(description="weight - target_weight, fraction")


class Performance(OfStrategy):
    """The account after the run, one row a run."""

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


class StrategyLog(OfStrategy):
    """What a strategy recorded about itself: its state, status and performance after a run."""

    kind: str = pa.Field(isin=["state", "status", "performance"], description="What was recorded")
    content: str = pa.Field(description="The record, JSON")
    recorded_at: Instant = pa.Field(description="Exchange clock of the run, UTC")


class Runs(OfStrategy):
    """The commit marker of a run, written last: views show a run's artifacts only once it is here."""

    iso_week: str = pa.Field(description="ISO week of the session")
    session: Session = pa.Field(description="Trading date")
    venue: str = pa.Field(description="Where orders went: loopback or paper")
    account: str = pa.Field(description="Venue and fingerprint of the account")
    status: str = pa.Field(isin=["ok"], description="ok: every artifact of the run is in place")
    outcome: str = pa.Field(
        isin=["complete", "adjusted", "aborted", "needs_human", "hold", "refused", "planned"],
        description="complete: at target; adjusted: some orders did not fill; aborted: stopped on the way, nothing in doubt; "
        "needs_human: a person must look; hold: nothing to trade; refused: by a guard; planned: dry run",
    )
    decided_at: Instant = pa.Field(description="Exchange clock when deciding, UTC")
    committed_at: Instant = pa.Field(description="Host clock when the run became visible, UTC")
    flow_run_id: str = pa.Field(nullable=True, description="Prefect flow run")
    code_version: str = pa.Field(description="Version of this project that ran, and digest of its code")
