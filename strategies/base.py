"""The framework around a strategy: parameters in, record keeping out, one method in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, TypeVar, final

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import PriceHistory
from schemas.errors import ConfigError, SolverError
from schemas.forms import Parameters
from strategies.history import DecisionWindows, Holdings, TargetHistory, one_by_one
from strategies.journal import Journal, NoJournal
from strategies.window import Allocation, Window

__all__ = ["Allocation", "BaseStrategy", "Window"]

_ROUNDING = 1e-9
"""Fraction of equity by which weights may miss their bounds."""


class StrategySettings(Protocol):
    """What every strategy's parameter model has."""

    @property
    def name(self) -> str:
        """The strategy's registered name."""

    @property
    def lookback(self) -> int:
        """Daily returns in the window (sessions)."""


P = TypeVar("P", bound=StrategySettings)


class BaseStrategy(ABC, Generic[P]):
    """A rule that turns a window of returns into target weights.

    An author names the parameter model and writes ``target_weights``; the framework cuts the window,
    checks the answer and records state, status and log.

    Args:
        parameters: A validated instance of ``parameters_type``.
        journal: Where records go; nowhere when left out.

    Raises:
        ConfigError: Parameters of another strategy.
    """

    parameters_type: ClassVar[type[Parameters]]
    parameters: P
    journal: Journal

    @final
    def __init__(self, parameters: P, journal: Journal | None = None) -> None:
        if not isinstance(parameters, self.parameters_type):
            raise ConfigError(
                f"{type(self).__name__} cannot work with {type(parameters).__name__}",
                remedy=f"Pass {self.parameters_type.__name__}.",
            )
        self.parameters = parameters
        self.journal = journal or NoJournal()

    @classmethod
    @final
    def registered_name(cls) -> str:
        """The default of the parameter model's ``name``; the key in the registry."""
        return str(cls.parameters_type.model_fields["name"].default)

    @property
    def name(self) -> str:
        """Registered name."""
        return self.parameters.name

    @property
    def lookback(self) -> int:
        """Daily returns the strategy looks at (sessions)."""
        return self.parameters.lookback

    @property
    def minimum_acceptable_return(self) -> float:
        """Daily return below which this strategy speaks of downside: b, fraction."""
        return 0.0

    @abstractmethod
    def target_weights(self, window: Window) -> Allocation:
        """The weights to hold, given exactly ``lookback`` sessions. All an author has to write.

        Raises:
            InfeasibleError: The constraints contradict each other.
            DataError: The window cannot be used.
        """

    def target_history(self, history: PriceHistory, decided: IntArray, holdings: Holdings) -> TargetHistory:
        """The targets of a whole history; nothing is recorded.

        Decides one by one, as live. A strategy whose answers do not depend on what is held may have a quicker way to the
        same weights.

        Args:
            history: Prices.
            decided: Rows of the history at whose close a decision is due (W,), ascending.
            holdings: What is held at each.

        Raises:
            ConfigError: The strategy names an asset that is not there.
        """
        return one_by_one(self._decided, DecisionWindows(history, decided, self.lookback), holdings)

    @final
    def decide(self, window: Window) -> Allocation:
        """Target weights from the last ``lookback`` sessions, checked and recorded.

        Raises:
            DataError: Too little history.
            SolverError: The answer is not within its own bounds, or invests more than there is.
        """
        seen = window.tail(self.lookback)
        allocation = self._decided(seen)
        weights = dict(zip(allocation.symbols, allocation.weights.tolist(), strict=True))
        decided = {"data_as_of": seen.sessions[-1].isoformat(), "target_weights": weights}
        self.journal.record_state(self.name, decided | {"sleeve": sorted(allocation.sleeve)})
        remarks = {"notes": list(allocation.notes), "fallback": allocation.fallback}
        self.record_status({"stage": "decided", **decided, **remarks})
        held = sum(weight > 0 for weight in weights.values())
        self.journal.log(
            self.name,
            f"decided on data as of {seen.sessions[-1]}: {held} of {len(weights)} assets, "
            f"{sum(weights.values()):.2%} invested"
            + (f"; {allocation.fallback}" if allocation.fallback else ""),
        )
        return allocation

    def _decided(self, window: Window) -> Allocation:
        return _checked(self.target_weights(window), window)

    @final
    def record_status(self, status: Mapping[str, object]) -> None:
        """Keep how the strategy stands."""
        self.journal.record_status(self.name, status)

    @final
    def record_performance(self, performance: Mapping[str, object]) -> None:
        """Add an entry to the performance history."""
        self.journal.record_performance(self.name, performance)


def _checked(allocation: Allocation, window: Window) -> Allocation:
    w = allocation.weights
    aligned = allocation.symbols == window.symbols and w.shape == (len(window.symbols),)
    good = (
        aligned
        and bool(np.all(np.isfinite(w)))
        and bool(np.all((w >= allocation.lower - _ROUNDING) & (w <= allocation.upper + _ROUNDING)))
        and w.sum() <= 1 + _ROUNDING
    )
    if not good:
        raise SolverError(
            "The strategy's weights are not usable",
            figures={"symbols": allocation.symbols, "weights": w.tolist(), "sum": w.sum()},
            remedy="Weights must be finite, within their bounds, and sum to at most one.",
        )
    return allocation
