"""What a stress test leaves behind: what broke the portfolio, what it lost, which limit bound and what it cost."""

from __future__ import annotations

import pandera.pandas as pa

from schemas.backtest_tables import BacktestCash, BacktestCleaningLog, BacktestPrices
from schemas.columns import Artifact, Session, SimulationMarker

_OUTCOME = pa.Field(
    isin=["decided", "fallback", "refused"],
    description="decided: the strategy found weights; fallback: a configured substitute stood in; refused: there were none, "
    "and what was held is kept",
)
_SAID = "What the strategy said: the refusal with its figures, or its notes; empty when nothing"
_DEAREST = "Limit that costs most, with its shadow price; empty when none binds"


class StressTests(SimulationMarker):
    """Every stress test, one row each; written last, and what makes its other rows visible."""

    prices: str = pa.Field(description="Where the prices came from, in words")
    data_hash: str = pa.Field(description="sha256 of the prices as delivered")
    symbols: str = pa.Field(description="Assets that could be held, comma separated")
    as_of: Session = pa.Field(description="Session at whose close the portfolio stands")
    worst: str = pa.Field(description="Scenario of the greatest loss")
    worst_loss: float = pa.Field(description="What it loses, fraction of equity; negative")
    refused: int = pa.Field(ge=0, description="Scenarios in which the strategy found no weights of its own")
    code_version: str = pa.Field(description="Version of this project that ran")


class StressPrices(BacktestPrices):
    """Cleaned prices that a stress test rests on; an asset that is not listed in a session has no row."""


class StressCash(BacktestCash):
    """What cash earned in each session of a stress test's prices."""


class StressCleaningLog(BacktestCleaningLog):
    """What was altered in the prices of a stress test, every symbol left out, and why."""


class StressScenarios(Artifact):
    """The portfolio of the last close in each scenario, and what the strategy does next."""

    scenario: str = pa.Field(unique=True, description="Its name")
    kind: str = pa.Field(
        description="today, correlation, volatility, single asset, rates, halted, stale, trend, infeasible"
    )
    loss: float = pa.Field(
        description="Of equity, fraction: of the shock itself, else of the worst five sessions in a row of the stressed window"
    )
    volatility: float = pa.Field(description="Of the portfolio in the stressed window, a year, fraction")
    downside_deviation: float = pa.Field(description="Likewise")
    cvar: float = pa.Field(description="Mean of its worst 5% of days, fraction")
    outcome: str = _OUTCOME
    invested: float = pa.Field(description="In assets after the next rebalance, fraction of equity")
    turnover: float = pa.Field(ge=0, description="Of that rebalance under the turnover cap, fraction")
    cost_bp: float = pa.Field(ge=0, description="Of that rebalance, basis points of equity")
    after: float = pa.Field(description="Downside deviation of what is then held, a year, fraction")
    dearest: str = pa.Field(description=_DEAREST)
    live: str = pa.Field(
        description="What a live run would have stopped for; empty when it would have gone on"
    )
    said: str = pa.Field(description=_SAID)


class StressLimits(Artifact):
    """Which limits bind in each scenario and what each costs; floors at zero and the budget are left out."""

    scenario: str = pa.Field(description="Its name")
    constraint_name: str = pa.Field(description="Name of the cap, floor, band or limit")
    limit_value: float = pa.Field(description="Where it stands, fraction of equity")
    cost_bp_per_pp: float = pa.Field(
        description="Shadow price: basis points a day of what the strategy minimises, per percentage point of room"
    )

    class Config:
        unique = ["scenario", "constraint_name"]


class StressWeights(Artifact):
    """Weights around the rebalance that follows each scenario, fractions of equity."""

    scenario: str = pa.Field(description="Its name")
    symbol: str = pa.Field(description="Ticker")
    held: float = pa.Field(description="After the shock, before anything is traded")
    target: float = pa.Field(nullable=True, description="What the strategy wants; null when refused")
    traded: float = pa.Field(description="Held after the rebalance")

    class Config:
        unique = ["scenario", "symbol"]


class StressCrises(Artifact):
    """Named crises: what the simulated account lived through, and what today's portfolio, held, would have."""

    crisis: str = pa.Field(unique=True, description="Its name")
    first: Session = pa.Field(description="First day, at whose close it begins")
    last: Session = pa.Field(description="Last day")
    reached: str = pa.Field(
        isin=["account", "holdings", "both", "no"],
        description="Whose prices reach it: those of the simulated account, of today's holdings, of both, of neither",
    )
    lived: float = pa.Field(nullable=True, description="Return of the account, fraction")
    lived_drawdown: float = pa.Field(nullable=True, description="Its deepest fall between closes, fraction")
    benchmark: float = pa.Field(nullable=True, description="Return of the benchmark's account, fraction")
    held: float = pa.Field(nullable=True, description="Return of today's portfolio without a trade, fraction")
    held_drawdown: float = pa.Field(nullable=True, description="Its deepest fall between closes, fraction")
    turnover: float = pa.Field(nullable=True, description="Of the account, half the value traded over equity")
    cost_bp: float = pa.Field(nullable=True, description="Costs of the account, basis points of equity")
    refused: float = pa.Field(nullable=True, description="Decisions skipped or fallen back in it")
    dearest: str = pa.Field(
        description="Limit that cost most on average over its decisions; empty when none bound"
    )


class StressResamples(Artifact):
    """The whole strategy through histories drawn by the stationary block bootstrap, one row each, and through the one that was."""

    draw: int = pa.Field(unique=True, ge=-1, description="Number of the history; -1 is the one that was")
    cagr: float = pa.Field(description="Compound annual growth, fraction")
    volatility: float = pa.Field(description="A year, fraction")
    max_drawdown: float = pa.Field(le=0, description="Deepest fall between closes, fraction")
    turnover: float = pa.Field(
        ge=0, description="Half the value traded over equity, first funding left out, a year"
    )
    costs_bp: float = pa.Field(
        ge=0, description="Costs over equity, first funding left out, basis points a year"
    )
    refused: int = pa.Field(ge=0, description="Decisions skipped or fallen back")


class StressUniverses(Artifact):
    """The strategy's decision on assets that nobody has traded."""

    universe: str = pa.Field(unique=True, description="Its structure and number of assets")
    assets: int = pa.Field(ge=1, description="How many there are")
    outcome: str = _OUTCOME
    held: int = pa.Field(ge=0, description="How many are held")
    invested: float = pa.Field(ge=0, description="In assets, fraction of equity")
    volatility: float = pa.Field(nullable=True, description="Of the weights, a year, fraction")
    least: float = pa.Field(
        nullable=True,
        description="Least there is for as much invested, in closed form, a year; null when it is not known",
    )
    apart: float = pa.Field(
        nullable=True,
        description="Greatest distance of a weight from the closed form; null when it is not known",
    )
    limits: int = pa.Field(ge=0, description="Limits that bind, floors at zero apart")
    gap: float = pa.Field(
        nullable=True, description="Relative duality gap of the certificate; null without one"
    )
    milliseconds: float = pa.Field(gt=0, description="Wall time of the decision, the least of three")
    dearest: str = pa.Field(description=_DEAREST)
    said: str = pa.Field(description="The refusal, or why a fallback stands in; empty when decided")


class StressLeverage(Artifact):
    """The same account with everything multiplied: growth, falls, interest and margin calls."""

    leverage: float = pa.Field(gt=0, description="Factor on all weights")
    what: str = pa.Field(
        description="grid; Kelly: by the formula with interest on debts; half Kelly; Kelly at the rate of cash: as if debts cost "
        "what cash earns, 10 at most; best: the empirical optimum"
    )
    growth: float = pa.Field(
        nullable=True, description="Logarithmic growth of the simulated account, a year; null when ruined"
    )
    model: float = pa.Field(
        nullable=True,
        description="The same with leverage set anew every session from the returns without leverage; null when ruined",
    )
    max_drawdown: float = pa.Field(ge=-1, le=0, description="Deepest fall between closes, fraction")
    interest: float = pa.Field(description="Paid on debts, fraction of equity a year")
    calls: int = pa.Field(ge=0, description="Closes below the maintenance margin")
    first_call: Session = pa.Field(nullable=True, description="The first of them; null when there is none")
    ruined: bool = pa.Field(description="Whether nothing was left")


class StressWeeks(Artifact):
    """Weeks of a crash lived through by the weekly flow on the loopback exchange; no row unless it was asked for."""

    week: str = pa.Field(unique=True, description="ISO week")
    session: Session = pa.Field(description="Trading date of the run")
    event: str = pa.Field(description="What was done to the market; empty when nothing")
    outcome: str = pa.Field(description="How the run ended, or the class of the error that ended it")
    equity: float = pa.Field(gt=0, description="Of the account after the run, USD")
    orders: int = pa.Field(ge=0, description="Sent")
    filled: int = pa.Field(ge=0, description="Filled whole")
    said: str = pa.Field(
        description="Why: checks that failed, or the error with its figures; empty when complete"
    )
