"""A sweep before its first point: prices, design, and the identity under which a killed one is found again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from portfolio.price_history import PriceHistory
from portfolio.schedule import rebalance_schedule, week_ends
from schemas.identity import Sweep, Trial
from schemas.simulation_parameters import Rules
from schemas.sweep_parameters import SweepParameters
from schemas.sweep_results import OpenedSweep, Part
from strategies.sweep_design import Design
from tasks.backtest_lineup import rules_for, too_short, with_hedges
from tasks.backtest_prices import cash_table, gather, price_table
from warehouse import Warehouse
from warehouse.version import code_version


class Prices(NamedTuple):
    """What the points of a sweep live through."""

    histories: Mapping[float, PriceHistory]
    """By outlier rule; of the assets that may be held and no others."""
    hedges: tuple[str, ...]
    source: str
    """Where they came from, in words."""
    data_hash: str
    """sha256 of the prices as delivered."""


def begin_sweep(store: Warehouse, parameters: SweepParameters, now: dt.datetime) -> OpenedSweep:
    """Gather and write the prices, and settle what all points must agree on.

    Args:
        store: Where artifacts are.
        parameters: What the sweep was told.
        now: Host clock, aware.

    Raises:
        DataError: The prices cannot be used, or are too short for the longest lookback.
        ConfigError: There is no such universe, or the design is too large.
    """
    return begin_sweep_on(_gathered(store, parameters, now), store, parameters, now)


def begin_sweep_on(
    prices: Prices, store: Warehouse, parameters: SweepParameters, now: dt.datetime
) -> OpenedSweep:
    """The same on prices that are at hand. The same prices, design and code make the same sweep, whenever it is begun.

    Raises:
        DataError: The prices are too short for the longest lookback.
        ConfigError: The design is too large.
    """
    history = next(iter(prices.histories.values()))
    settled = _settled(parameters, prices, history)
    design = Design(settled, history.symbols)
    settled = _from_common_start(settled, design, history)
    cash = cash_table(history, settled.backtest)
    sweep = Sweep(
        strategy=parameters.backtest.strategy.name,
        session=history.sessions[-1].item(),
        digest=_digest(prices.histories, cash, settled),
    )
    count, size = len(design), parameters.chunk
    return OpenedSweep(
        sweep=sweep,
        parameters=settled,
        symbols=history.symbols,
        weeks_from=_weeks_from(history, settled),
        points=count,
        parts=tuple(Part(first, min(first + size, count)) for first in range(0, count, size)),
        prices=store.put(sweep, "sweep_prices", _by_rule(prices.histories)),
        cash=store.put(sweep, "sweep_cash", cash),
        source=prices.source,
        data_hash=prices.data_hash,
        code_version=code_version(),
        started_at=now,
        said=f"{count:,} points on {len(history.symbols)} symbols from {history.sessions[0]} to "
        f"{history.sessions[-1]}; {prices.source}",
    )


def _gathered(store: Warehouse, parameters: SweepParameters, now: dt.datetime) -> Prices:
    """All assets judge a print together, also for points that hold some of them only."""
    base = parameters.backtest
    trial = Trial(strategy=base.strategy.name, decided_at=now)
    rules = parameters.axes.spike_threshold or (base.cleaning.spike_threshold,)
    variants = {
        rule: base.model_copy(update={"cleaning": base.cleaning.model_copy(update={"spike_threshold": rule})})
        for rule in rules
    }
    gathered = {rule: gather(store, trial, variant) for rule, variant in variants.items()}
    _, delivered, wanted, _ = gathered[rules[0]]
    histories = {rule: each.history.of(wanted.held) for rule, each in gathered.items()}
    return Prices(histories, wanted.hedges, delivered.source, delivered.sha256)


def _settled(parameters: SweepParameters, prices: Prices, history: PriceHistory) -> SweepParameters:
    """What the prices decide: hedges of the universe, and where trades can fill."""
    base = parameters.backtest
    strategies = tuple(with_hedges(each, prices.hedges) for each in parameters.axes.strategies)
    settled = base.model_copy(
        update={
            "strategy": with_hedges(base.strategy, prices.hedges),
            "rules": rules_for(history, base.rules),
        }
    )
    axes = parameters.axes.model_copy(update={"strategies": strategies})
    return parameters.model_copy(update={"backtest": settled, "axes": axes})


def _from_common_start(parameters: SweepParameters, design: Design, history: PriceHistory) -> SweepParameters:
    """All points trade from one day on: when half of each universe has the longest lookback behind it."""
    base, wanted = parameters.backtest, parameters.backtest.start
    longest = design.longest_lookback
    ready = history.returns_in_a_row >= longest
    enough = np.ones(len(ready), dtype=np.bool_)
    for universe in design.universes:
        least = min(2, len(universe)) if wanted else len(universe) / 2
        enough &= ready[:, np.isin(history.symbols, universe)].sum(axis=1) >= least
    row = int(enough.argmax()) + (0 if base.rules.execution == "same_close" else 1)
    if not enough.any() or row >= len(enough):
        raise too_short(history, longest)
    first: dt.date = history.sessions[row].item()
    start = max(first, wanted) if wanted else first
    return parameters.model_copy(update={"backtest": base.model_copy(update={"start": start})})


def _weeks_from(history: PriceHistory, parameters: SweepParameters) -> dt.date:
    """The first close of a week at which every account has begun, whatever its day of the week."""
    base, sessions = parameters.backtest, history.sessions
    start = int(np.searchsorted(sessions, np.datetime64(base.start)))
    days = parameters.axes.weekday or (base.rules.weekday,)
    begun = max(_first_decision(history, base.rules, weekday, start) for weekday in days)
    ends = week_ends(sessions)
    day: dt.date = sessions[ends[np.searchsorted(ends, begun)]].item()
    return day


def _first_decision(history: PriceHistory, rules: Rules, weekday: int, first: int) -> int:
    on_that_day = rules.model_copy(update={"weekday": weekday})
    return int(rebalance_schedule(history.sessions, on_that_day, first=first).decided[0])


def _digest(prices: Mapping[float, PriceHistory], cash: pd.DataFrame, settled: SweepParameters) -> str:
    """Of everything that a point can depend on; not of who computes."""
    digest = hashlib.sha256(code_version().encode())
    digest.update(settled.model_dump_json(exclude={"runner", "workers", "chunk"}).encode())
    digest.update(pd.util.hash_pandas_object(cash, index=False).to_numpy().tobytes())
    for history in prices.values():
        digest.update(",".join(history.symbols).encode())
        for values in history.filled:
            digest.update(values.tobytes())
    return digest.hexdigest()


def _by_rule(prices: Mapping[float, PriceHistory]) -> pd.DataFrame:
    tables = [price_table(history).assign(spike_threshold=rule) for rule, history in prices.items()]
    return pd.concat(tables, ignore_index=True)
