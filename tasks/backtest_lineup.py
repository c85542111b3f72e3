"""Who takes part in a backtest: the strategy, its benchmark, and the alternatives, on the same dates and costs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

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


def rules_for(history: PriceHistory, rules: Rules) -> Rules:
    """The rules as far as the prices allow: without opens, trades at the next open fill at the next close."""
    if history.open is None and rules.execution == "next_open":
        return rules.model_copy(update={"execution": "next_close"})
    return rules


def lineup(history: PriceHistory, prices: GatheredPrices, parameters: BacktestParameters) -> list[Entrant]:
    """The strategy first, its benchmark second; all keep the strategy's share of cash.

    Raises:
        DataError: There are no prices of the benchmark.
    """
    chosen, symbol = with_hedges(parameters.strategy, prices.hedges), parameters.benchmark
    if symbol not in history.symbols:
        raise DataError(
            f"There are no prices of the benchmark {symbol}",
            figures={"prices of": ", ".join(history.symbols)},
            remedy="Choose one of them: --benchmark SYMBOL",
        )
    universe, buffer = history.of(prices.held), chosen.cash_buffer
    benchmark = BenchmarkParameters(symbol=symbol, cash_buffer=buffer)
    entrants = [
        Entrant(chosen.name, create(chosen), universe),
        Entrant(symbol, create(benchmark), history.of((symbol,))),
    ]
    settings = load_settings()
    for name in parameters.beside:
        if name == "sixty_forty":
            entrants += _sixty_forty(history, prices, parameters, buffer)
        elif name != chosen.name:
            other = settings.strategy(name).model_copy(update={"cash_buffer": buffer})
            entrants.append(Entrant(name, create(other), universe))
    return entrants


def with_hedges(strategy: StrategyParameters, hedges: tuple[str, ...]) -> StrategyParameters:
    """The universe's hedges are the sleeve of the strategy that has one."""
    return strategy.with_hedges(hedges) if isinstance(strategy, RiskParityParameters) else strategy


def earliest_trade(entrants: list[Entrant], rules: Rules, wanted: dt.date | None) -> dt.date:
    """First session in which every account may trade: half of the universe has the longest lookback behind it.

    Where somebody wants to begin earlier, two assets are enough; others join as they come.

    Raises:
        DataError: The history is too short for that.
    """
    history, lookback = entrants[0].history, max(entrant.strategy.lookback for entrant in entrants)
    ready = (history.returns_in_a_row >= lookback).sum(axis=1)
    enough = ready >= (len(history.symbols) / 2 if wanted is None else min(2, len(history.symbols)))
    delay = 0 if rules.execution == "same_close" else 1
    row = int(enough.argmax()) + delay
    if not enough.any() or row >= len(history.sessions):
        raise DataError(
            "The prices are too short for this lookback",
            figures={
                "lookback": lookback,
                "sessions": len(history.sessions),
                "from": history.sessions[0],
                "to": history.sessions[-1],
            },
            remedy="Shorten the lookback (--set lookback=126), or take longer prices (--prices FILE).",
        )
    first: dt.date = history.sessions[row].item()
    return first if wanted is None else max(first, wanted)


def _sixty_forty(
    history: PriceHistory, prices: GatheredPrices, parameters: BacktestParameters, buffer: float
) -> list[Entrant]:
    """Nothing when there are no bonds."""
    bonds = next((symbol for symbol in prices.beside if symbol != parameters.benchmark), None)
    if bonds is None:
        return []
    weights = dict(zip((parameters.benchmark, bonds), _SHARES, strict=True))
    fixed = FixedWeightsParameters(weights=weights, cash_buffer=buffer)
    return [Entrant(SIXTY_FORTY, create(fixed), history.of(tuple(weights)))]
