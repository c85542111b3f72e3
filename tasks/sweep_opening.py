"""A sweep before its first point: prices, design, and the identity under which a killed one is found again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

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
from tasks.backtest_prices import Gathered, cash_table, gather, price_table
from warehouse import Warehouse
from warehouse.version import code_version


def begin_sweep(store: Warehouse, parameters: SweepParameters, now: dt.datetime) -> OpenedSweep:
    """Gather and write the prices, and settle what all points must agree on.

    The same prices, design and code make the same sweep, whenever it is begun.

    Args:
        store: Where artifacts are.
        parameters: What the sweep was told.
        now: Host clock, aware.

    Raises:
        DataError: The prices cannot be used, or are too short for the longest lookback.
        ConfigError: There is no such universe, or the design is too large.
    """
    gathered = _gather(store, parameters, now)
    prices = {rule: each.history.of(each.wanted.held) for rule, each in gathered.items()}
    one, history = next(iter(gathered.values())), next(iter(prices.values()))
    settled = _settled(parameters, one, history)
    design = Design(settled, one.wanted.held)
    settled = _from_common_start(settled, design, history)
    cash = cash_table(history, settled.backtest)
    sweep = Sweep(
        strategy=parameters.backtest.strategy.name,
        session=history.sessions[-1].item(),
        digest=_digest(prices, cash, settled),
    )
    count, size = len(design), parameters.chunk
    return OpenedSweep(
        sweep=sweep,
        parameters=settled,
        symbols=one.wanted.held,
        weeks_from=_weeks_from(history, settled),
        points=count,
        parts=tuple(Part(first, min(first + size, count)) for first in range(0, count, size)),
        prices=store.put(sweep, "sweep_prices", _by_rule(prices)),
        cash=store.put(sweep, "sweep_cash", cash),
        source=one.delivered.source,
        data_hash=one.delivered.sha256,
        started_at=now,
        said=f"{count:,} points on {len(one.wanted.held)} symbols from {history.sessions[0]} to "
        f"{history.sessions[-1]}; {one.delivered.source}",
    )


def _gather(store: Warehouse, parameters: SweepParameters, now: dt.datetime) -> dict[float, Gathered]:
    """By outlier rule. All assets judge a print together, also for points that hold some of them only."""
    base = parameters.backtest
    trial = Trial(strategy=base.strategy.name, decided_at=now)
    rules = parameters.axes.spike_threshold or (base.cleaning.spike_threshold,)
    variants = {
        rule: base.model_copy(update={"cleaning": base.cleaning.model_copy(update={"spike_threshold": rule})})
        for rule in rules
    }
    return {rule: gather(store, trial, variant) for rule, variant in variants.items()}


def _settled(parameters: SweepParameters, gathered: Gathered, history: PriceHistory) -> SweepParameters:
    """What the prices decide: hedges of the universe, and where trades can fill."""
    base, hedges = parameters.backtest, gathered.wanted.hedges
    strategies = tuple(with_hedges(each, hedges) for each in parameters.axes.strategies)
    settled = base.model_copy(
        update={
            "strategy": with_hedges(base.strategy, hedges),
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
