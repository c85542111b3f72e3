"""The points of a sweep: which combinations of parameters and assets are tried, numbered once and for all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from portfolio.arrays import IntArray
from schemas.backtest_parameters import BacktestParameters
from schemas.errors import ConfigError
from schemas.parameters import StrategyParameters
from schemas.sweep_parameters import Axes, SweepParameters

MOST = 1_000_000
"""Points of a design."""
_PLACES = {
    "spike_threshold": "cleaning",
    "weekday": "rules",
    "drift_threshold": "rules",
    "cost_bps": "costs",
}
"""Where in a backtest's parameters an axis acts, unless in those of the strategy."""
_SUBSETS, _POINTS = 1, 2
"""What the seed is for: each use has random numbers of its own."""


@dataclass(frozen=True)
class Point:
    """One backtest of a sweep."""

    number: int
    parameters: BacktestParameters
    symbols: tuple[str, ...]
    """Assets that may be held."""


@dataclass(frozen=True)
class _Block:
    """All combinations of one strategy: the product of the universes and of the axes that concern it."""

    strategy: StrategyParameters
    universes: tuple[tuple[str, ...], ...]
    axes: dict[str, tuple[Any, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.universes), *(len(values) for values in self.axes.values())

    def chosen(self, place: int) -> tuple[tuple[str, ...], dict[str, object]]:
        """Assets, and the value of each axis, the last one varying fastest."""
        universe, *places = np.unravel_index(place, self.shape)
        values = {name: tried[k] for (name, tried), k in zip(self.axes.items(), places, strict=True)}
        return self.universes[universe], values


@dataclass(frozen=True)
class Design:
    """A grid, or a random sample of one. The same parameters and symbols make the same points in the same order.

    Args:
        parameters: Axes, universes, seed.
        symbols: The whole universe.
    """

    parameters: SweepParameters
    symbols: tuple[str, ...]

    def __len__(self) -> int:
        return len(self._places)

    def points(self, first: int = 0, end: int | None = None) -> Iterator[Point]:
        """The points from number ``first`` up to, not with, ``end``."""
        for number in range(len(self))[first:end]:
            yield self._point(number)

    @cached_property
    def universes(self) -> tuple[tuple[str, ...], ...]:
        """The whole, the whole without each one, and random ones; each once, assets in the order of the whole.

        Raises:
            ConfigError: A random universe would need more assets than there are.
        """
        p, N = self.parameters, len(self.symbols)
        if p.subsets and p.subset_size > N:
            raise ConfigError(
                "A random universe cannot be larger than the whole",
                figures={"subset_size": p.subset_size, "assets": N},
                remedy=f"Ask for fewer: --subset-size {max(2, N // 2)}",
            )
        kept = [list(range(N))]
        if p.leave_one_out:
            kept += [[i for i in range(N) if i != left] for left in range(N)]
        rng = np.random.default_rng([p.seed, _SUBSETS])
        kept += [np.sort(rng.choice(N, p.subset_size, replace=False)).tolist() for _ in range(p.subsets)]
        return tuple(dict.fromkeys(tuple(self.symbols[i] for i in some) for some in kept))

    @property
    def longest_lookback(self) -> int:
        """Sessions that the points with the longest window look back."""
        tried = [(block.strategy.lookback, block.axes.get("lookback", ())) for block in self._blocks]
        return max(max(axis, default=own) for own, axis in tried)

    @cached_property
    def _blocks(self) -> list[_Block]:
        axes = self.parameters.axes
        strategies = axes.strategies or (self.parameters.backtest.strategy,)
        return [_Block(each, self.universes, _concerning(each, axes)) for each in strategies]

    @cached_property
    def _places(self) -> IntArray:
        """Where each point stands among all combinations, ascending: neighbours share most."""
        total = sum(math.prod(block.shape) for block in self._blocks)
        wanted = self.parameters.random
        if min(total, wanted or total) > MOST:
            raise ConfigError(
                "The design has too many points",
                figures={"combinations": f"{total:,}", "at most": f"{MOST:,}"},
                remedy="Try fewer values, or some of the combinations: --random 200",
            )
        if wanted is None or wanted >= total:
            return np.arange(total)
        rng = np.random.default_rng([self.parameters.seed, _POINTS])
        return np.sort(rng.choice(total, wanted, replace=False))

    def _point(self, number: int) -> Point:
        place = int(self._places[number])
        for block in self._blocks:
            size = math.prod(block.shape)
            if place < size:
                break
            place -= size
        symbols, chosen = block.chosen(place)
        parameters = self.parameters.backtest.model_copy(update={"strategy": block.strategy})
        if symbols != self.symbols:
            parameters = parameters.model_copy(update={"universe": ",".join(symbols)})
        return Point(number, _changed(parameters, chosen), symbols)


def _concerning(strategy: StrategyParameters, axes: Axes) -> dict[str, tuple[Any, ...]]:
    known = {*_PLACES, *type(strategy).model_fields}
    return {name: tuple(dict.fromkeys(tried)) for name, tried in axes.varied.items() if name in known}


def _changed(parameters: BacktestParameters, chosen: dict[str, object]) -> BacktestParameters:
    """Values were validated as those of an axis; what contradicts another parameter is found when the point is evaluated."""
    updates: dict[str, dict[str, object]] = {}
    for name, value in chosen.items():
        changes = {"slippage_bps": value, "commission_bps": 0.0} if name == "cost_bps" else {name: value}
        updates.setdefault(_PLACES.get(name, "strategy"), {}).update(changes)
    sections = {place: getattr(parameters, place).model_copy(update=new) for place, new in updates.items()}
    return parameters.model_copy(update=sections)
