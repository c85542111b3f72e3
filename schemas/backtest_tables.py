"""What a backtest leaves behind: what it lived through, what it decided, and what is to be said of it.

``series`` names the simulated account: the strategy, or what stands beside it. A simulation counts in floats, so its USD
are not exact as an account's are.
"""

from __future__ import annotations

import pandera.pandas as pa

from schemas.columns import Artifact, Session, SimulationMarker
from schemas.market_tables import CleaningLog

_SERIES = "Account: the strategy, or what stands beside it"


class _OfAccount(Artifact):
    series: str = pa.Field(description=_SERIES)


class Backtests(SimulationMarker):
    """Every backtest ever run, one row each; written last, and what makes the backtest's other rows visible."""

    config_hash: str = pa.Field(description="sha256 of the parameters; the same again is no new trial")
    prices: str = pa.Field(description="Where the prices came from, in words")
    data_hash: str = pa.Field(description="sha256 of the prices as delivered")
    symbols: str = pa.Field(description="Assets that could be held, comma separated")
    first: Session = pa.Field(description="Session at whose close the account begins")
    last: Session = pa.Field(description="Last session")
    sessions: int = pa.Field(ge=2, description="Sessions from first to last")
    decisions: int = pa.Field(ge=1, description="Decisions taken")
    cagr: float = pa.Field(description="Compound annual growth, fraction")
    volatility: float = pa.Field(nullable=True, description="Annual, fraction")
    sharpe: float = pa.Field(nullable=True, description="Sharpe ratio, annual")
    skewness: float = pa.Field(nullable=True, description="Of the daily returns in excess of cash")
    kurtosis: float = pa.Field(nullable=True, description="Of the same; a normal distribution has 3")
    max_drawdown: float = pa.Field(le=0, description="Deepest fall between closes, fraction")
    turnover: float = pa.Field(
        nullable=True, ge=0, description="Half the value traded over equity, first funding left out, a year"
    )
    code_version: str = pa.Field(description="Version of this project that ran")


class BacktestPrices(Artifact):
    """Cleaned prices that a backtest lived through; an asset that is not listed in a session has no row."""

    symbol: str = pa.Field(description="Ticker")
    session: Session = pa.Field(description="Exchange trading date")
    open: float = pa.Field(
        nullable=True, gt=0, description="First price, USD; null when only closes are known"
    )
    close: float = pa.Field(gt=0, description="Last price, USD")

    class Config:
        unique = ["symbol", "session"]


class BacktestCash(Artifact):
    """What cash earned in each session of a backtest's prices."""

    session: Session = pa.Field(unique=True, description="Exchange trading date")
    cash_yield: float = pa.Field(description="Since the session before, fraction")


class BacktestCleaningLog(CleaningLog):
    """What was altered in the prices of a backtest, every symbol left out, and why."""


class BacktestEquity(_OfAccount):
    """The simulated accounts at every close."""

    session: Session = pa.Field(description="Trading date")
    equity: float = pa.Field(description="Cash and holdings at the close, USD")
    cash: float = pa.Field(description="At the close, USD; negative when borrowed")
    costs: float = pa.Field(ge=0, description="Of the session's trades, USD")
    tax: float = pa.Field(description="Paid in the session, USD")


class BacktestDecisions(_OfAccount):
    """What each simulated account decided, done or not."""

    decided: Session = pa.Field(description="Session on whose close the decision rests")
    executed: Session = pa.Field(description="Session in which it was traded")
    mark: str = pa.Field(
        isin=["done", "held", "skipped", "fallback"],
        description="done: traded; held: drift below the threshold; skipped: nothing could be decided; "
        "fallback: a configured substitute stood in for the strategy's weights",
    )
    drift: float = pa.Field(
        nullable=True, description="Largest |target - held| weight, fraction; null when skipped"
    )
    turnover: float = pa.Field(ge=0, description="Half the value traded over equity, fraction")
    costs: float = pa.Field(ge=0, description="Of its trades, USD")
    reason: str = pa.Field(description="Why skipped or fallen back; empty otherwise")


class BacktestWeights(_OfAccount):
    """Weights of each decision, one row an asset; what is nowhere in them was neither held nor wanted."""

    decided: Session = pa.Field(description="Session on whose close the decision rests")
    symbol: str = pa.Field(description="Ticker")
    target: float = pa.Field(
        nullable=True, description="What the strategy wants, fraction of equity; null when skipped"
    )
    held: float = pa.Field(description="Drifted weight at the close that was decided on, fraction of equity")
    traded: float = pa.Field(description="Weight that was traded to, fraction of equity")
    risk_share: float = pa.Field(
        nullable=True,
        description="Share of the target portfolio's downside variance over the lookback, fraction",
    )


class BacktestTrades(_OfAccount):
    """Changes of holdings, of adjusted prices: the shares are not those that would have been traded then."""

    session: Session = pa.Field(description="Trading date")
    symbol: str = pa.Field(description="Ticker")
    shares: float = pa.Field(description="Bought; negative when sold")
    price: float = pa.Field(gt=0, description="Before costs, USD")
    costs: float = pa.Field(ge=0, description="USD")
    decided: Session = pa.Field(
        nullable=True, description="Session of the decision; null when nobody decided it"
    )


class BacktestGains(_OfAccount):
    """Lots, or parts of them, that were sold."""

    session: Session = pa.Field(description="Trading date of the sale")
    symbol: str = pa.Field(description="Ticker")
    bought: Session = pa.Field(description="Trading date of the purchase")
    shares: float = pa.Field(description="Sold")
    gain: float = pa.Field(description="Proceeds minus what was paid, both after costs, USD")
    long_term: bool = pa.Field(description="Held for more than a year")


class BacktestStatistics(_OfAccount):
    """The headline figures with their confidence intervals; schemas/metrics.py defines them."""

    metric: str = pa.Field(description="Key of the figure: cagr, volatility, sharpe, ...")
    estimate: float = pa.Field(
        nullable=True, description="Of the account itself; null when it does not exist"
    )
    low: float = pa.Field(nullable=True, description="Lower limit of the bootstrap interval")
    high: float = pa.Field(nullable=True, description="Upper limit of the bootstrap interval")

    class Config:
        unique = ["series", "metric"]


class BacktestLuck(Artifact):
    """How much of the strategy's Sharpe ratio is luck, by the trials known when it ran; ``portfolio.luck`` defines it."""

    series: str = pa.Field(unique=True, description=_SERIES)
    sharpe: float = pa.Field(nullable=True, description="Sharpe ratio, annual; null without spread")
    probabilistic: float = pa.Field(
        nullable=True, ge=0, le=1, description="Probability that the true one is above zero: PSR, fraction"
    )
    trials: int = pa.Field(ge=1, description="Different configurations tried until then, this one included")
    expected_maximum: float = pa.Field(
        ge=0, description="Sharpe ratio that the best of as many without skill would show, annual"
    )
    deflated: float = pa.Field(
        nullable=True, ge=0, le=1, description="The probability, given the trials: DSR, fraction"
    )
    track_record: float = pa.Field(
        nullable=True, description="Sessions it takes until the probability is 0.95; null when it never is"
    )


class BacktestBinding(Artifact):
    """Limits on which the strategy's weights stand, one row a decision and limit; floors at zero are left out."""

    decided: Session = pa.Field(description="Session on whose close the decision rests")
    constraint_name: str = pa.Field(description="Name of the cap, floor or band")


class BacktestDrawdowns(_OfAccount):
    """The deepest falls of each account."""

    peak: Session = pa.Field(description="Highest close before the fall")
    trough: Session = pa.Field(description="Lowest close of it")
    recovered: Session = pa.Field(
        nullable=True, description="First close at the peak's height again; null while it lasts"
    )
    depth: float = pa.Field(le=0, description="Trough against peak, fraction")
    sessions: int = pa.Field(ge=1, description="From the peak to the recovery, or to the end")


class BacktestMonths(_OfAccount):
    """Returns by month; the first and the last may be parts of one."""

    year: int = pa.Field(description="Year")
    month: int = pa.Field(ge=1, le=12, description="Month")
    period_return: float = pa.Field(description="Change of equity, fraction")


class BacktestYears(_OfAccount):
    """Returns, turnover and costs by year; the first and the last may be parts of one."""

    year: int = pa.Field(description="Year")
    period_return: float = pa.Field(description="Change of equity, fraction")
    turnover: float = pa.Field(
        ge=0, description="Half the value traded over equity, first funding left out, fraction"
    )
    costs_bp: float = pa.Field(ge=0, description="Costs over equity, first funding left out, basis points")


class BacktestRolling(Artifact):
    """Volatility and Sharpe ratio of the 252 sessions up to each."""

    session: Session = pa.Field(description="Last session of the window")
    series: str = pa.Field(description=_SERIES)
    volatility: float = pa.Field(ge=0, description="A year, fraction")
    sharpe: float = pa.Field(description="A year")


class BacktestCrises(_OfAccount):
    """What became of each account in the named crises that its history covers."""

    crisis: str = pa.Field(description="Its name")
    first: Session = pa.Field(description="First day, at whose close it begins")
    last: Session = pa.Field(description="Last day")
    period_return: float = pa.Field(description="Last close over first close - 1, fraction")
    max_drawdown: float = pa.Field(le=0, description="Deepest fall between closes, fraction")


class BacktestTracking(Artifact):
    """The account that was really traded beside the simulation of the same weeks; no row when nothing was."""

    session: Session = pa.Field(unique=True, description="Trading date")
    live: float = pa.Field(description="Equity of the account at the close, USD")
    model: float = pa.Field(description="Equity of the simulation at the close, USD")
