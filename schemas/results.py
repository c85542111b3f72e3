"""The small values that tasks hand on beside artifact references."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict

from schemas.artifacts import ArtifactRef
from schemas.identity import Run

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
