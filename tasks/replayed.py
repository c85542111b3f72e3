"""Weeks that were lived, on the loopback exchange or at the broker, beside the simulation of the same weeks."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from config import load_settings
from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.replay import Lived, explain_difference
from schemas.backtest_parameters import BacktestParameters
from schemas.errors import DataError
from schemas.identity import Trial
from schemas.parameters import RebalanceParameters
from schemas.results import DONE
from schemas.simulation_parameters import Costs
from strategies.history import REFUSALS
from strategies.registry import create
from strategies.walk_forward import walk_forward
from tasks.backtest_lineup import rules_for, with_hedges
from tasks.backtest_prices import gather
from warehouse import Warehouse

CASH = "CASH"


class Comparison(NamedTuple):
    """What was lived and what was simulated."""

    days: pd.DataFrame
    """See ``explain_difference``."""
    weeks: int
    trades: int
    costs: Costs


def tracking(store: Warehouse, strategy: str) -> pd.DataFrame:
    """``session``, ``live`` and ``model`` of the weeks on record; no row where there are none that can be compared."""
    nothing = pd.DataFrame(columns=["session", "live", "model"])
    if store.last_account(strategy) is None:
        return nothing
    try:
        days = compare(store, load_settings().rebalance(strategy)).days
    except REFUSALS:
        return nothing
    return days.rename(columns={"lived": "live", "engine": "model"})[["session", "live", "model"]]


def compare(store: Warehouse, parameters: RebalanceParameters) -> Comparison:
    """Simulate the strategy over the weeks on record, and explain the difference.

    Args:
        store: Where the weeks are on record.
        parameters: With which they were lived.

    Raises:
        DataError: No week is on record.
    """
    name, settings = parameters.strategy.name, load_settings()
    account = store.last_account(name) or "none"
    runs = store.runs(name, account)
    runs = runs[runs["outcome"].isin(DONE)]
    if runs.empty:
        raise DataError("No week is on record", remedy=f"Live some: riskparity replay {name} --weeks 8")
    on_loopback = account.startswith("loopback")
    costs = Costs(slippage_bps=settings.exchange.spread_bps / 2) if on_loopback else Costs()
    told = settings.backtest(name).model_copy(
        update={
            "strategy": parameters.strategy,
            "universe": parameters.universe,
            "prices": "bundled" if on_loopback else "broker",
            "start": runs["session"].min(),
            "cleaning": parameters.cleaning,
            "end": _week_ends(runs["session"].max()),
        }
    )
    history, hedges = _history(store, told)
    lived = _lived(store, runs, history)
    rules = rules_for(history, told.rules)
    strategy = create(with_hedges(parameters.strategy, hedges))
    start = history.sessions[lived.executed[0]].item()
    engine = walk_forward(strategy, history, rules, costs, capital=lived.capital, start=start)
    days = explain_difference(engine, lived, history, rules, costs)
    return Comparison(days, len(runs), len(engine.trades.assets), costs)


def _week_ends(session: dt.date) -> dt.date:
    return session + dt.timedelta(days=6 - session.weekday())


def _history(store: Warehouse, told: BacktestParameters) -> tuple[PriceHistory, tuple[str, ...]]:
    trial = Trial(strategy=told.strategy.name, decided_at=dt.datetime.now(dt.UTC))
    gathered = gather(store, trial, told)
    return gathered.history.of(gathered.wanted.held), gathered.wanted.hedges


def _lived(store: Warehouse, runs: pd.DataFrame, history: PriceHistory) -> Lived:
    strategy, account = str(runs["strategy"].iloc[0]), str(runs["account"].iloc[0])
    order = runs["run_id"].tolist()

    def table(name: str, values: str) -> FloatArray:
        rows = store.history(name, strategy, account, DONE)
        wide = rows.pivot(index="run_id", columns="symbol", values=values)  # noqa: PD010 - keys are unique
        return wide.reindex(index=order, columns=list(history.symbols)).to_numpy(float)

    positions = store.history("positions", strategy, account, DONE)
    cash = positions[positions["symbol"] == CASH].set_index("run_id")["market_value"]
    before = store.history("holdings", strategy, account, DONE)
    first = before[before["run_id"] == order[0]]
    accounts = store.history("performance", strategy, account, DONE).set_index("run_id")
    decisions = store.history("decisions", strategy, account, DONE).set_index("run_id")["decision"]
    days = np.array(runs["session"].tolist(), dtype="datetime64[D]")
    return Lived(
        executed=np.searchsorted(history.sessions, days),
        targets=np.nan_to_num(table("target_weights", "target_weight")),
        traded=np.nan_to_num(table("order_plan", "target_weight")),
        acted=(decisions.reindex(order) == "rebalance").to_numpy(bool),
        middles=table("holdings", "price"),
        shares=np.nan_to_num(table("positions", "qty")),
        cash=cash.reindex(order).to_numpy(float),
        slippage=accounts["slippage_cost"].reindex(order).to_numpy(float),
        capital=float(first["market_value"].sum()),
    )
