"""The small values that tasks hand on beside artifact references."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict

from schemas.artifacts import ArtifactRef
from schemas.identity import PricePull, Run, Trial

Outcome = Literal["complete", "adjusted", "aborted", "needs_human", "hold", "refused", "planned"]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
DONE: tuple[Outcome, ...] = ("complete", "adjusted", "hold")
"""Outcomes that use up the week; a run that was refused, planned or stopped on its way does not."""


class Check(NamedTuple):
    """One question a guard asks, and its answer in words."""

    name: str
    passed: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok' if self.passed else 'NO'}  {self.name}: {self.detail}"


class Opening(BaseModel):
    """What the guard decided when the run began; a retried run begins with the same opening."""

    model_config = ConfigDict(frozen=True)

    run: Run
    allowed: bool
    checks: tuple[Check, ...]
    remedy: str
    """When the next opportunity is; empty when allowed."""
    symbols: tuple[str, ...]
    hedges: tuple[str, ...]


class Executed(BaseModel):
    """What became of the trade list."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    orders: ArtifactRef
    fills: ArtifactRef
    positions: ArtifactRef
    remarks: tuple[str, ...] = ()
    """What a person should know of how it went, or must settle."""


class PulledPrices(BaseModel):
    """Whom the day's bars were asked of, and for which assets."""

    model_config = ConfigDict(frozen=True)

    pull: PricePull
    members: dict[str, str]
    """Each asset, and the configured universes that hold it."""
    traded: tuple[str, ...]
    """Those that the venue trades."""
    learnt: int
    """Bars that were new or revised."""


class RunResult(BaseModel):
    """How a run ended and where everything it wrote is."""

    model_config = ConfigDict(frozen=True)

    run: Run
    outcome: Outcome
    checks: tuple[Check, ...]
    remedy: str
    summary: str
    """The one-page summary, relative to the state folder; empty when nothing was decided."""
    artifacts: tuple[ArtifactRef, ...]

    @classmethod
    def of(
        cls, opening: Opening, outcome: Outcome, artifacts: tuple[ArtifactRef, ...], summary: str = ""
    ) -> RunResult:
        """How the run that began with ``opening`` ended."""
        return cls(
            run=opening.run,
            outcome=outcome,
            checks=opening.checks,
            remedy=opening.remedy,
            summary=summary,
            artifacts=artifacts,
        )


class GatheredPrices(BaseModel):
    """What a backtest will live through, and who takes part."""

    model_config = ConfigDict(frozen=True)

    source: str
    """Where the prices came from, in words."""
    sha256: str
    """Of the prices as delivered."""
    held: tuple[str, ...]
    """Symbols that may be held."""
    hedges: tuple[str, ...]
    beside: tuple[str, ...]
    """The benchmark and the bonds of 60/40, as far as there are prices of them."""
    artifacts: tuple[ArtifactRef, ...]
    """Prices, cash, cleaning log."""
    said: str
    remarks: tuple[str, ...] = ()
    """What a reader must know of them before any figure."""


class SimulatedAccounts(BaseModel):
    """What became of the strategy and of what stands beside it."""

    model_config = ConfigDict(frozen=True)

    strategy: str
    """Name of the strategy's account."""
    benchmark: str
    notes: tuple[str, ...]
    """What a reader must know before all figures."""
    assumptions: dict[str, str]
    artifacts: tuple[ArtifactRef, ...]
    said: str


class BacktestResult(BaseModel):
    """How a backtest ended and where everything it wrote is."""

    model_config = ConfigDict(frozen=True)

    trial: Trial
    prices: GatheredPrices
    accounts: SimulatedAccounts
    committed: ArtifactRef
    """The trial's own row."""
    report: str
    """The page, relative to the state folder."""
