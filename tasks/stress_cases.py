"""The scenarios of a stress test: what happens to the prices, what the strategy sees of it, what cannot be traded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.cleaning.clean import clean
from portfolio.cleaning.panel import Panel
from portfolio.scenarios import (
    correlated,
    drifted,
    falling,
    more_volatile,
    next_day,
    rates_up,
    single_fall,
)
from reports.format import percent
from schemas.errors import DataError
from schemas.stress_parameters import StressParameters
from strategies.base import BaseStrategy
from strategies.registry import create
from strategies.window import Window
from tasks.stress_base import StressBase

TREND = 2.0
"""Standard errors below zero at which every asset counts as falling, whatever the hysteresis of the sleeve."""
TIGHT = 0.05
"""Turnover limit that contradicts a sleeve of everything: most of the portfolio would have to be sold."""


class Case(NamedTuple):
    """One scenario."""

    name: str
    kind: str
    returns: FloatArray
    """(T, N) the window as it really is then."""
    shock: FloatArray | None
    """(N,) what is lost in a day; none where the window itself is the scenario."""
    held: FloatArray
    """(N,) before the next rebalance."""
    seen: Window | DataError
    """What the strategy sees, or why it sees nothing."""
    strategy: BaseStrategy[Any]
    frozen: FloatArray
    """(N,) one for what cannot be traded."""
    note: str = ""


def cases(base: StressBase, parameters: StressParameters) -> Iterator[Case]:
    """Every scenario, today's own first."""
    yield _case(base, "today", "today", base.window.returns)
    yield from _moving_together(base, parameters)
    yield from _fallen(base, parameters)
    yield from _without_prices(base, parameters)
    yield from _trends(base)


def _moving_together(base: StressBase, parameters: StressParameters) -> Iterator[Case]:
    R = base.window.returns
    moves = np.ptp(R, axis=0) > 0
    for share in parameters.correlations_to if moves.all() else ():
        name = "correlations to one" if share == 1.0 else f"correlations {percent(share, 0)} to one"
        yield _case(base, name, "correlation", correlated(R, share))
    for factor in parameters.volatility_factors:
        yield _case(base, f"volatility × {factor:g}", "volatility", more_volatile(R, factor))  # noqa: RUF001


def _fallen(base: StressBase, parameters: StressParameters) -> Iterator[Case]:
    N, symbols = len(base.window.symbols), base.window.symbols
    for i, symbol in enumerate(symbols):
        if base.portfolio[i] > 0.0:
            size = parameters.single_fall
            yield _shocked(
                base, f"{symbol} falls {percent(size, 0)}", "single asset", single_fall(N, i, size)
            )
    durations = np.array([parameters.durations.get(symbol, 0.0) for symbol in symbols])
    for rise in parameters.rate_rises if durations.any() else ():
        yield _shocked(base, f"rates up {1e4 * rise:.0f} bp", "rates", rates_up(durations, rise))


def _without_prices(base: StressBase, parameters: StressParameters) -> Iterator[Case]:
    """The largest holding does not trade, or its price stands still: what cleaning lets the strategy see then."""
    i = int(base.portfolio.argmax())
    symbol, N = base.window.symbols[i], len(base.window.symbols)
    frozen = np.eye(N)[i]
    gap = single_fall(N, i, parameters.halted_gap)
    for sessions in parameters.halted_sessions:
        name = f"{symbol} halted {sessions} sessions, then {percent(-parameters.halted_gap, 0)}"
        seen, note = _cleaned(base, parameters, _missing(i, sessions))
        case = _case(base, name, "halted", base.window.returns)
        yield case._replace(shock=gap, seen=seen, frozen=frozen, note=note)
    for sessions in parameters.stale_sessions:
        seen, note = _cleaned(base, parameters, _repeated(i, sessions))
        name = f"{symbol} stale for {sessions} sessions"
        yield _case(base, name, "stale", base.window.returns)._replace(seen=seen, note=note)


def _trends(base: StressBase) -> Iterator[Case]:
    R = falling(base.window.returns, TREND)
    yield _case(base, "every asset falling", "trend", R)
    parameters = base.strategy.parameters
    if not hasattr(parameters, "on_infeasible"):
        return
    for rule in ("refuse", "keep_current"):
        tight = create(parameters.model_copy(update={"turnover_limit": TIGHT, "on_infeasible": rule}))
        name = f"falling, turnover limit {percent(TIGHT, 0)}, {rule.replace('_', ' ')}"
        yield _case(base, name, "infeasible", R)._replace(strategy=tight)


def _case(base: StressBase, name: str, kind: str, returns: FloatArray) -> Case:
    w = base.portfolio
    seen = replace(base.window, returns=returns, current_weights=w)
    return Case(name, kind, returns, None, w, seen, base.strategy, np.zeros(len(w)))


def _shocked(base: StressBase, name: str, kind: str, shock: FloatArray) -> Case:
    returns, held = next_day(base.window.returns, shock), drifted(base.portfolio, shock)
    case = _case(base, name, kind, returns)
    seen = replace(base.window, returns=returns, current_weights=held)
    return case._replace(shock=shock, held=held, seen=seen)


def _missing(asset: int, sessions: int) -> Callable[[FloatArray], None]:
    def alter(close: FloatArray) -> None:
        close[-sessions:, asset] = np.nan

    return alter


def _repeated(asset: int, sessions: int) -> Callable[[FloatArray], None]:
    def alter(close: FloatArray) -> None:
        close[-sessions:, asset] = close[-sessions - 1, asset]

    return alter


def _cleaned(
    base: StressBase, parameters: StressParameters, alter: Callable[[FloatArray], None]
) -> tuple[Window | DataError, str]:
    """What the live cleaning leaves of the altered closes, and what it says of it."""
    window, lookback = base.window, base.strategy.lookback
    rows = slice(-lookback - parameters.ingestion.spare_sessions - 1, None)
    sessions = base.history.sessions[rows]
    close = base.history.of(window.symbols).close[rows].copy()
    alter(close)
    nothing = np.full_like(close, np.nan)
    panel = Panel(window.symbols, sessions, nothing, nothing, nothing, close, nothing)
    try:
        cleaned = clean(panel, parameters.cleaning, min_history=lookback)
    except DataError as refusal:
        return refusal, ""
    there = np.isin(window.symbols, cleaned.symbols)
    equity = 1.0 - base.portfolio[~there].sum()  # live, what is left alone is no part of what is invested
    seen = Window(
        cleaned.symbols,
        tuple(cleaned.sessions[-lookback:].tolist()),
        cleaned.returns[-lookback:],
        base.portfolio[there] / equity,
        window.previous_sleeve,
    )
    return seen, "; ".join(
        f"{edit.symbol} is left out: {edit.detail}" for edit in cleaned.edits if edit.action == "excluded"
    )
