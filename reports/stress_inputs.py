"""What the page of a stress test is made of: its tables as they stand in the warehouse, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

TABLES = ("scenarios", "limits", "weights", "crises", "resamples", "universes", "leverage", "weeks")
"""Inputs that are artifacts: ``stress_<name>``."""


@dataclass(frozen=True, eq=False)
class StressInputs:
    """Everything one page shows; columns as in ``schemas.stress_tables``, without ``run_id``.

    Args:
        summary: The test's own row, ``stress_tests``.
        scenarios: ``stress_scenarios``.
        limits: ``stress_limits``.
        weights: ``stress_weights``.
        crises: ``stress_crises``.
        resamples: ``stress_resamples``.
        universes: ``stress_universes``.
        leverage: ``stress_leverage``.
        weeks: ``stress_weeks``; no row unless a crash was lived through.
        benchmark: Whose account stands beside in the crises.
        notes: What a reader must know before all figures, one sentence each.
        assumptions: Sizes of the shocks, rules and costs, by name.
        provenance: Code version and hashes, by name.
        command: Shell command that runs it again.
    """

    summary: Mapping[str, object]
    scenarios: pd.DataFrame
    limits: pd.DataFrame
    weights: pd.DataFrame
    crises: pd.DataFrame
    resamples: pd.DataFrame
    universes: pd.DataFrame
    leverage: pd.DataFrame
    weeks: pd.DataFrame
    benchmark: str
    notes: tuple[str, ...]
    assumptions: Mapping[str, str]
    provenance: Mapping[str, str]
    command: str

    @cached_property
    def worst_first(self) -> pd.DataFrame:
        """The scenarios by loss; today's own stays at the end of those alike."""
        return self.scenarios.sort_values("loss", kind="stable")

    @cached_property
    def reached(self) -> pd.DataFrame:
        """The crises that some price reaches."""
        return self.crises[self.crises["reached"] != "no"]

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """The histories that were drawn; none when there was nothing to draw from."""
        return self.resamples[self.resamples["draw"] >= 0]

    def own(self, figure: str) -> float:
        """A figure of the history that was, in the units of ``stress_resamples``."""
        return float(self.resamples.loc[self.resamples["draw"] < 0, figure].iloc[0])
