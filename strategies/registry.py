"""Strategies by name. A new one needs its module in this package and its parameter model, nothing else."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import strategies
from schemas.errors import ConfigError
from strategies.base import BaseStrategy, StrategySettings
from strategies.journal import Journal

S = TypeVar("S", bound=BaseStrategy[Any])

_STRATEGIES: dict[str, type[BaseStrategy[Any]]] = {}


def register(strategy: type[S]) -> type[S]:
    """Class decorator: make a strategy known under the name in its parameter model.

    Raises:
        ConfigError: Another class has that name.
    """
    name = strategy.registered_name()
    known = _STRATEGIES.setdefault(name, strategy)
    if known is not strategy:
        raise ConfigError(
            f"Two strategies are called '{name}'",
            figures={"first": known.__qualname__, "second": strategy.__qualname__},
            remedy="Give one parameter model another name.",
        )
    return strategy


def registered() -> Mapping[str, type[BaseStrategy[Any]]]:
    """All strategies by name, in alphabetical order, read-only."""
    for module in pkgutil.iter_modules(strategies.__path__, prefix="strategies."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_STRATEGIES.items())))


def strategy_class(name: str) -> type[BaseStrategy[Any]]:
    """The strategy registered as ``name``.

    Raises:
        ConfigError: There is none; names the nearest match.
    """
    known = _STRATEGIES if name in _STRATEGIES else registered()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"Did you mean '{near[0]}'?" if near else "Choose a known one."
        raise ConfigError(f"There is no strategy '{name}'", figures={"known": ", ".join(known)}, remedy=hint)
    return known[name]


def create(parameters: StrategySettings, journal: Journal | None = None) -> BaseStrategy[Any]:
    """The strategy that ``parameters`` belong to, ready to decide."""
    return strategy_class(parameters.name)(parameters, journal)
