"""Where a strategy's record keeping goes; the strategy neither knows nor cares where that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Journal(Protocol):
    """Keeps what the framework records of a strategy. Values are plain JSON: numbers, texts, lists, mappings."""

    def record_state(self, strategy: str, state: Mapping[str, object]) -> None:
        """Replace the state that the next decision builds on."""

    def record_status(self, strategy: str, status: Mapping[str, object]) -> None:
        """Replace what a person sees when asking how the strategy stands."""

    def record_performance(self, strategy: str, performance: Mapping[str, object]) -> None:
        """Add one entry to the performance history."""

    def log(self, strategy: str, line: str) -> None:
        """Append one line to the strategy's log."""


class NoJournal:
    """Keeps nothing: for backtests and experiments."""

    def record_state(self, strategy: str, state: Mapping[str, object]) -> None:
        """Forget it."""

    def record_status(self, strategy: str, status: Mapping[str, object]) -> None:
        """Forget it."""

    def record_performance(self, strategy: str, performance: Mapping[str, object]) -> None:
        """Forget it."""

    def log(self, strategy: str, line: str) -> None:
        """Forget it."""
