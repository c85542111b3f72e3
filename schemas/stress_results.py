"""The small values that the stages of a stress test hand on."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from schemas.artifacts import ArtifactRef
from schemas.identity import StressTest
from schemas.results import GatheredPrices


class StressTables(BaseModel):
    """What a stage wrote, and what is to be said of it."""

    model_config = ConfigDict(frozen=True)

    artifacts: tuple[ArtifactRef, ...]
    said: str
    notes: tuple[str, ...] = ()
    """What a reader must know before all figures."""

    @classmethod
    def together(cls, parts: Iterable[StressTables]) -> StressTables:
        """All that several stages wrote."""
        parts = list(parts)
        return cls(
            artifacts=tuple(reference for part in parts for reference in part.artifacts),
            said="; ".join(part.said for part in parts if part.said),
            notes=tuple(note for part in parts for note in part.notes),
        )


class StressResult(BaseModel):
    """How a stress test ended and where everything it wrote is."""

    model_config = ConfigDict(frozen=True)

    test: StressTest
    prices: GatheredPrices
    tables: StressTables
    committed: ArtifactRef
    """The test's own row."""
    report: str
    """The page, relative to the state folder."""
