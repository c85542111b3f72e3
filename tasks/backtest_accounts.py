"""The accounts of a backtest: simulated, measured, and written as tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.bootstrap import MEAN_BLOCK
from portfolio.performance import period_returns
from portfolio.price_history import PriceHistory
from portfolio.simulation import Simulation
from portfolio.simulation_tables import simulation_tables
from portfolio.track_record import TrackRecords, risk_shares, track_records
from schemas.artifacts import ArtifactRef
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from schemas.results import GatheredPrices, SimulatedAccounts
from schemas.simulation_parameters import Rules
from strategies.registry import create
from strategies.relived import Relived, relive
from strategies.walk_forward import walk_forward
from tasks.account_remarks import day_of_ruin, remarks_on, require_decisions, ruined
from tasks.backtest_lineup import Entrant, lineup
from tasks.backtest_prices import read_history
from tasks.replayed import tracking
from tasks.trial_ledger import judge_luck
from warehouse import Warehouse
from warehouse.journal import OutputJournal

MEASURED = ("statistics", "drawdowns", "months", "years", "rolling", "crises")


class _Backtest(NamedTuple):
    entrants: list[Entrant]
    rules: Rules
    accounts: Mapping[str, Simulation]
    ruins: Mapping[str, dt.date]
    """Alternatives that left nothing to go on with, and the day."""
    records: TrackRecords
    excess: FloatArray
    """(T,) the strategy's returns less that of cash."""
    start: dt.date
    """From which they trade."""


def simulate_accounts(
    store: Warehouse,
    trial: Trial,
    prices: GatheredPrices,
    parameters: BacktestParameters,
    told: Callable[[str], None] = lambda _: None,
) -> SimulatedAccounts:
    """Live every account through the prices, measure it, and write the tables.

    Args:
        store: Where artifacts are.
        trial: This backtest.
        prices: What ``gather_prices`` wrote.
        parameters: What the backtest was told.
        told: Hears what is being computed.

    Raises:
        DataError: The prices are too short, or hold no benchmark.
        ConfigError: The strategy names an asset that is not there.
    """
    history = read_history(store, prices.artifacts[0], prices.artifacts[1])
    done = _run(history, prices, parameters, told)
    strategy, benchmark = done.entrants[0].name, done.entrants[1].name
    account = done.accounts[strategy]
    told("which limits bound, decision by decision")
    lived = relive(done.entrants[0].strategy, done.entrants[0].history, account)
    written = _write(store, trial, done, lived)
    luck = judge_luck(store, trial, strategy, done.excess, parameters)
    _keep_journal(store, trial, done, lived)
    marks = account.decisions.marks
    return SimulatedAccounts(
        strategy=strategy,
        benchmark=benchmark,
        notes=_notes(history, done, prices, parameters),
        assumptions=_assumptions(done, parameters),
        artifacts=(*written, luck),
        said=f"{len(done.accounts)} accounts, {account.sessions[0]} to {account.sessions[-1]}; {len(marks)} decisions, "
        f"{marks.count('done')} traded; {strategy} ends at ${account.equity[-1]:,.2f}",
    )


def _run(
    history: PriceHistory,
    prices: GatheredPrices,
    parameters: BacktestParameters,
    told: Callable[[str], None],
) -> _Backtest:
    entrants, start = lineup(history, prices, parameters)
    accounts, ruins = {}, {}
    for entrant in entrants:
        told(entrant.name)
        account = walk_forward(
            entrant.strategy,
            entrant.history,
            entrant.rules,
            parameters.costs,
            capital=parameters.capital,
            start=start,
        )
        if (day := day_of_ruin(account)) is None:
            accounts[entrant.name] = account
        elif entrant is entrants[0]:
            raise ruined(entrant.name, day, entrant.rules.leverage)
        else:
            ruins[entrant.name] = day
    require_decisions(entrants[0].name, accounts[entrants[0].name])
    told(f"{parameters.draws:,} resamples")
    first = next(iter(accounts.values())).first
    cash = None if history.cash_yield is None else history.cash_yield[first:]
    records = track_records(
        accounts, entrants[1].name, cash_yield=cash, draws=parameters.draws, seed=parameters.seed
    )
    returns = period_returns(accounts[entrants[0].name].equity)
    excess = returns if cash is None else returns - cash[1:]
    return _Backtest(entrants, entrants[0].rules, accounts, ruins, records, excess, start)


def _write(store: Warehouse, trial: Trial, done: _Backtest, lived: list[Relived]) -> tuple[ArtifactRef, ...]:
    entrant = done.entrants[0]
    account, strategy = done.accounts[entrant.name], entrant.strategy
    shares = risk_shares(
        entrant.history.returns,
        (account.plan.decided + 1).tolist(),
        np.nan_to_num(account.decisions.targets),
        strategy.lookback,
        strategy.minimum_acceptable_return,
    )
    tables: dict[str, pd.DataFrame] = simulation_tables(done.accounts, {entrant.name: shares})._asdict()
    tables |= {name: getattr(done.records, name) for name in MEASURED}
    limits = [(decision.decided, name) for decision in lived for name in decision.limits]
    tables["binding"] = pd.DataFrame(limits, columns=["decided", "constraint_name"])
    tables["tracking"] = tracking(store, trial.strategy)
    return tuple(store.put(trial, f"backtest_{name}", table) for name, table in tables.items())


def _keep_journal(store: Warehouse, trial: Trial, done: _Backtest, lived: list[Relived]) -> None:
    """State, status and log as a live run keeps them, and one line of performance for the whole backtest."""
    entrant = done.entrants[0]
    account = done.accounts[entrant.name]
    strategy = create(entrant.strategy.parameters, OutputJournal(store.root, trial))
    if lived:
        strategy.decide(lived[-1].window)
    rows = done.records.statistics
    rows = rows[rows["series"] == entrant.name]
    figures = dict(zip(rows["metric"], rows["estimate"], strict=True))
    period = {"first": account.sessions[0], "last": account.sessions[-1]}
    strategy.record_status({"stage": "backtest", **period, "equity": f"{account.equity[-1]:.2f}"})
    strategy.record_performance({"strategy": entrant.name, **period, **figures})


def _notes(
    history: PriceHistory, done: _Backtest, prices: GatheredPrices, parameters: BacktestParameters
) -> tuple[str, ...]:
    notes = [f"Prices: {prices.source}.", *prices.remarks]
    if done.rules != parameters.rules:
        notes.append("Only closes are known: what would trade at the next open trades at the next close.")
    if parameters.start is not None and done.start > parameters.start:
        notes.append(
            f"Trading begins on {done.start}: before, too few assets have the longest lookback behind them."
        )
    notes += remarks_on(done.entrants, done.accounts, done.ruins)
    if history.cash_yield is None or not history.cash_yield.any():
        notes.append("Cash earns nothing: ratios are of returns, not of returns in excess of a bill.")
    return tuple(notes)


def _assumptions(done: _Backtest, parameters: BacktestParameters) -> dict[str, str]:
    costs, rules = parameters.costs, done.rules
    earned = parameters.cash_rates or f"{parameters.cash_yield:.2%} a year"
    return {
        "capital": f"${parameters.capital:,.0f}",
        "decided": f"{rules.frequency}, at the close; traded at the {rules.execution.replace('_', ' ')}",
        "traded": f"when a weight is {rules.drift_threshold:.2%} of equity or more from its target, up to a turnover of "
        f"{rules.max_turnover:.0%}; leverage {rules.leverage:g}",
        "costs": f"commission {costs.commission_bps:g} bp, half spread and slippage {costs.slippage_bps:g} bp of what is traded",
        "tax": f"{costs.short_term_tax:.0%} on gains of a year or less, {costs.long_term_tax:.0%} on longer ones; "
        f"lots sold: {costs.lots.replace('_', ' ')}",
        "cash": f"earns {earned}; debts cost {costs.margin_rate:.2%} a year",
        "intervals": f"{parameters.draws:,} resamples in blocks of {MEAN_BLOCK} sessions on average, seed {parameters.seed}",
    }
