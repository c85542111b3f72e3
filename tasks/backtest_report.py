"""The report of a backtest from its artifacts, and the trial's row that makes them visible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from portfolio.higher_moments import higher_moments
from portfolio.performance import period_returns
from reports.backtest import BESIDE, backtest_report
from reports.backtest_inputs import BacktestInputs
from reports.drawings import as_csv
from schemas.artifacts import ArtifactRef, named
from schemas.backtest_parameters import BacktestParameters
from schemas.columns import naive_utc
from schemas.identity import Trial
from schemas.results import GatheredPrices, SimulatedAccounts
from tasks.report_folder import write_report_folder
from tasks.reproduction import command
from tasks.sweep_report import latest_sweep_inputs
from tasks.trial_ledger import config_hash, trials_tried
from warehouse import Warehouse
from warehouse.version import code_version


def write_backtest_report(
    store: Warehouse,
    trial: Trial,
    prices: GatheredPrices,
    accounts: SimulatedAccounts,
    parameters: BacktestParameters,
) -> str:
    """Page, figures and tables, in ``output/<strategy>/backtest/``.

    Returns:
        The page's path relative to the state folder.
    """
    contents = backtest_report(report_inputs(store, trial, prices, accounts, parameters))
    for name, artifact in BESIDE.items():
        rows = _rows(store, accounts.artifacts, artifact)
        contents[f"{name}.csv"] = as_csv(rows[rows["series"] == accounts.strategy])
    return write_report_folder(store, trial.strategy, "backtest", contents)


def report_inputs(
    store: Warehouse,
    trial: Trial,
    prices: GatheredPrices,
    accounts: SimulatedAccounts,
    parameters: BacktestParameters,
) -> BacktestInputs:
    """What the report shows, read from the artifacts."""
    written, name = accounts.artifacts, accounts.strategy
    equity, weights = _rows(store, written, "backtest_equity"), _rows(store, written, "backtest_weights")
    decisions = _of(name, _dated(_rows(store, written, "backtest_decisions"), "decided", "executed"))
    order = list(dict.fromkeys(equity["series"]))
    falls = _rows(store, written, "backtest_drawdowns")
    return BacktestInputs(
        strategy=name,
        benchmark=accounts.benchmark,
        equity=_wide(equity, "session", "series", "equity")[order],
        statistics=_rows(store, written, "backtest_statistics"),
        luck=_rows(store, written, "backtest_luck"),
        sweep=latest_sweep_inputs(store, trial.strategy),
        trials=trials_tried(store),
        drawdowns=_dated(falls, "peak", "trough", "recovered"),
        months=_rows(store, written, "backtest_months"),
        years=_rows(store, written, "backtest_years"),
        rolling=_dated(_rows(store, written, "backtest_rolling"), "session"),
        crises=_dated(_rows(store, written, "backtest_crises"), "first", "last"),
        decisions=decisions,
        weights=_by_execution(_of(name, weights), decisions, "traded"),
        risk_shares=_by_execution(_of(name, weights), decisions, "risk_share"),
        binding=_dated(_rows(store, written, "backtest_binding"), "decided"),
        parameters=parameters.model_dump_json(),
        command=command(parameters),
        tracking=_dated(_rows(store, written, "backtest_tracking"), "session"),
        quality=_quality(store, prices),
        notes=accounts.notes,
        assumptions=accounts.assumptions,
        provenance={
            "run": trial.run_id,
            "code version": code_version(),
            "prices": prices.source,
            "sha256 of the prices": prices.sha256,
            "sha256 of the parameters": config_hash(parameters),
        },
    )


def commit_trial(
    store: Warehouse,
    trial: Trial,
    prices: GatheredPrices,
    accounts: SimulatedAccounts,
    parameters: BacktestParameters,
) -> ArtifactRef:
    """Write the trial's row, last: it makes the backtest visible, and counts it."""
    equity = _of(accounts.strategy, _rows(store, accounts.artifacts, "backtest_equity"))
    cash = store.get(named(prices.artifacts, "backtest_cash")).set_index("session")["cash_yield"]
    returns = period_returns(equity["equity"].to_numpy(float))
    excess = returns - cash.loc[equity["session"].iloc[1:]].to_numpy(float)
    figures = _of(accounts.strategy, _rows(store, accounts.artifacts, "backtest_statistics"))
    estimates = figures.set_index("metric")["estimate"]
    kept = ("cagr", "volatility", "sharpe", "max_drawdown", "turnover")
    row = {
        "strategy": trial.strategy,
        "started_at": naive_utc(trial.decided_at),
        "parameters": parameters.model_dump_json(),
        "config_hash": config_hash(parameters),
        "prices": prices.source,
        "data_hash": prices.sha256,
        "symbols": ", ".join(prices.held),
        "first": equity["session"].iloc[0],
        "last": equity["session"].iloc[-1],
        "sessions": len(equity),
        "decisions": len(_of(accounts.strategy, _rows(store, accounts.artifacts, "backtest_decisions"))),
        **{name: float(estimates[name]) for name in kept},
        **higher_moments(np.asarray(excess))._asdict(),
        "code_version": code_version(),
    }
    return store.put(trial, "backtests", [row])


def _rows(store: Warehouse, references: tuple[ArtifactRef, ...], name: str) -> pd.DataFrame:
    return store.get(named(references, name)).drop(columns="run_id")


def _of(series: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["series"] == series].drop(columns="series")


def _dated(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Dates as pandas has them, for figures."""
    return rows.assign(**{column: pd.to_datetime(rows[column]).astype("datetime64[s]") for column in columns})


def _wide(rows: pd.DataFrame, index: str, columns: str, values: str) -> pd.DataFrame:
    table = rows.pivot(index=index, columns=columns, values=values)  # noqa: PD010 - keys are unique
    table.index = pd.DatetimeIndex(table.index, name=index)
    return table.rename_axis(columns=None)


def _by_execution(weights: pd.DataFrame, decisions: pd.DataFrame, values: str) -> pd.DataFrame:
    """One row a decision on the day it was traded, one column an asset; zero where an asset does not appear."""
    table = _wide(weights, "decided", "symbol", values).reindex(pd.DatetimeIndex(decisions["decided"]))
    known = table.notna().any(axis=1) | (values == "traded")
    table[known] = table[known].fillna(0.0)
    table.index = pd.DatetimeIndex(decisions["executed"], name="executed")
    return table


def _quality(store: Warehouse, prices: GatheredPrices) -> pd.DataFrame:
    """Sessions and alterations of each asset."""
    bars = store.get(named(prices.artifacts, "backtest_prices"))
    log = store.get(named(prices.artifacts, "backtest_cleaning_log"))
    counts = bars.groupby("symbol")["session"].agg(["min", "max", "size"])
    altered = log[log["action"].isin(["repaired", "removed"])].groupby("symbol").size()
    remarks = log[log["action"].isin(["flagged", "excluded"])].groupby("symbol").size()
    return pd.DataFrame(
        {
            "symbol": counts.index,
            "first": counts["min"].astype(str).to_numpy(),
            "last": counts["max"].astype(str).to_numpy(),
            "sessions": [f"{size:,}" for size in counts["size"]],
            "cells altered": altered.reindex(counts.index).fillna(0).astype(int).to_numpy(),
            "remarks": remarks.reindex(counts.index).fillna(0).astype(int).to_numpy(),
        }
    )
