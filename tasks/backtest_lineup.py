"""Who takes part in a backtest: the strategy, its benchmark, and the alternatives, on the same dates and costs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from config import load_settings
from portfolio.price_history import PriceHistory
from schemas.backtest_parameters import BacktestParameters
from schemas.baseline_parameters import BenchmarkParameters, FixedWeightsParameters
from schemas.errors import DataError
from schemas.parameters import StrategyParameters
from schemas.results import GatheredPrices
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Rules
from strategies.base import BaseStrategy
from strategies.registry import create

SIXTY_FORTY = "60/40"
_SHARES = 0.6, 0.4


@dataclass(frozen=True, eq=False)
class Entrant:
    """One account to be simulated."""

    name: str
    strategy: BaseStrategy[Any]
    history: PriceHistory
    rules: Rules


def rules_for(history: PriceHistory, rules: Rules) -> Rules:
    """The rules as far as the prices allow: without opens, trades at the next open fill at the next close."""
    if history.open is None and rules.execution == "next_open":
        return rules.model_copy(update={"execution": "next_close"})
    return rules


def lineup(
    history: PriceHistory, prices: GatheredPrices, parameters: BacktestParameters
) -> tuple[list[Entrant], dt.date]:
    """The strategy first, its benchmark second, then the alternatives. And the day from which they trade.

    Alternatives keep the strategy's share of cash and its leverage. The benchmark and 60/40 do neither: they are what one
    would hold instead, and what alpha and beta are measured against.

    Raises:
        DataError: There are no prices of the benchmark, or the history is too short.
    """
    chosen, symbol = with_hedges(parameters.strategy, prices.hedges), parameters.benchmark
    if symbol not in history.symbols:
        raise DataError(
            f"There are no prices of the benchmark {symbol}",
            figures={"prices of": ", ".join(history.symbols)},
            remedy="Choose one of them: --benchmark SYMBOL",
        )
    universe, buffer, settings = history.of(prices.held), chosen.cash_buffer, load_settings()
    rules = rules_for(history, parameters.rules)
    benchmark = BenchmarkParameters(symbol=symbol, cash_buffer=0.0)
    entrants = [
        Entrant(chosen.name, create(chosen), universe, rules),
        Entrant(symbol, create(benchmark), history.of((symbol,)), _unlevered(rules)),
    ]
    for name in parameters.beside:
        if name not in {"sixty_forty", chosen.name}:
            other = settings.strategy(name).model_copy(update={"cash_buffer": buffer})
            entrants.append(Entrant(name, create(other), universe, rules))
    start = earliest_trade(entrants, parameters.start)
    if "sixty_forty" in parameters.beside:
        entrants += _sixty_forty(history, prices, parameters, start)
    return entrants, start


def with_hedges(strategy: StrategyParameters, hedges: tuple[str, ...]) -> StrategyParameters:
    """The universe's hedges are the sleeve of the strategy that has one."""
    return strategy.with_hedges(hedges) if isinstance(strategy, RiskParityParameters) else strategy


def earliest_trade(entrants: list[Entrant], wanted: dt.date | None) -> dt.date:
    """First session in which every account may trade: half of the universe has the longest lookback behind it.

    Where somebody wants to begin earlier, two assets are enough; others join as they come. The benchmark has to be there.

    Raises:
        DataError: The history is too short for that.
    """
    history, lookback = entrants[0].history, max(entrant.strategy.lookback for entrant in entrants)
    ready = (history.returns_in_a_row >= lookback).sum(axis=1)
    market = entrants[1]
    there = (market.history.returns_in_a_row >= market.strategy.lookback).all(axis=1)
    enough = there & (ready >= (len(history.symbols) / 2 if wanted is None else min(2, len(history.symbols))))
    delay = 0 if entrants[0].rules.execution == "same_close" else 1
    row = int(enough.argmax()) + delay
    if not enough.any() or row >= len(history.sessions):
        raise too_short(history, lookback)
    first: dt.date = history.sessions[row].item()
    return first if wanted is None else max(first, wanted)


def too_short(history: PriceHistory, lookback: int) -> DataError:
    """The error for a history in which no window of ``lookback`` sessions is full before the end."""
    return DataError(
        "The prices are too short for this lookback",
        figures={
            "lookback": lookback,
            "sessions": len(history.sessions),
            "from": history.sessions[0],
            "to": history.sessions[-1],
        },
        remedy="Shorten the lookback (--set lookback=126), or take longer prices (--prices FILE).",
    )


def _sixty_forty(
    history: PriceHistory, prices: GatheredPrices, parameters: BacktestParameters, start: dt.date
) -> list[Entrant]:
    """Nothing when no bonds are listed from the start."""
    before = int(np.searchsorted(history.sessions, np.datetime64(start))) - 1
    listed = dict(zip(history.symbols, history.returns_in_a_row[before] > 1, strict=True))
    bonds = next((s for s in prices.beside if s != parameters.benchmark and listed[s]), None)
    if bonds is None:
        return []
    weights = dict(zip((parameters.benchmark, bonds), _SHARES, strict=True))
    fixed = FixedWeightsParameters(weights=weights, cash_buffer=0.0)
    rules = _unlevered(rules_for(history, parameters.rules))
    return [Entrant(SIXTY_FORTY, create(fixed), history.of(tuple(weights)), rules)]


def _unlevered(rules: Rules) -> Rules:
    return rules.model_copy(update={"leverage": 1.0})
