"""The small values that the stages of a sweep hand on."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.artifacts import ArtifactRef
from schemas.identity import Sweep
from schemas.sweep_parameters import SweepParameters


class Part(NamedTuple):
    """Points of the design that one task evaluates: from ``first`` up to, not with, ``end``."""

    first: int
    end: int


class OpenedSweep(BaseModel):
    """What every part of a sweep needs to know; prices are only referred to."""

    model_config = ConfigDict(frozen=True)

    sweep: Sweep
    parameters: SweepParameters
    """As they were given, with what the prices settle: the first session of a trade, and where trades can fill."""
    symbols: tuple[str, ...]
    """The whole universe."""
    weeks_from: dt.date
    """Last session of a week, by whose close every account has begun: where weekly returns begin."""
    points: int
    parts: tuple[Part, ...]
    prices: ArtifactRef
    cash: ArtifactRef
    source: str
    """Where the prices came from, in words."""
    data_hash: str
    """sha256 of the prices as delivered."""
    code_version: str
    """Of whoever began; others must run the same."""
    started_at: AwareDatetime
    said: str


class SweepResult(BaseModel):
    """How a sweep ended and where everything it wrote is."""

    model_config = ConfigDict(frozen=True)

    sweep: Sweep
    points: int
    failed: int
    artifacts: tuple[ArtifactRef, ...]
    """sweep_points, sweep_returns, sweep_weights."""
    committed: ArtifactRef
    """The sweep's own row."""
    said: str
