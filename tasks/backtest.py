"""The stages of a backtest as Prefect tasks; what they do stands beside, free of Prefect, for the command line."""

from __future__ import annotations

import base64
import datetime as dt

import pandas as pd
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from reports.tables import records
from schemas.artifacts import ArtifactRef, named
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from schemas.results import GatheredPrices, SimulatedAccounts
from tasks.backtest_accounts import simulate_accounts
from tasks.backtest_prices import gather_prices
from tasks.backtest_report import commit_trial, write_backtest_report
from tasks.stage import say, stage, warehouse


@stage("begin")
def open_trial(parameters: BacktestParameters) -> Trial:
    """Give the backtest its name; a retried run keeps it."""
    return Trial(strategy=parameters.strategy.name, decided_at=dt.datetime.now(dt.UTC))


@stage("prices")
def collect(trial: Trial, parameters: BacktestParameters) -> GatheredPrices:
    """See ``gather_prices``."""
    gathered = gather_prices(warehouse(), trial, parameters)
    say(gathered.said, *gathered.artifacts)
    return gathered


@stage("simulation")
def simulate(trial: Trial, prices: GatheredPrices, parameters: BacktestParameters) -> SimulatedAccounts:
    """See ``simulate_accounts``."""
    accounts = simulate_accounts(warehouse(), trial, prices, parameters)
    say(accounts.said, *accounts.artifacts)
    return accounts


@stage("report")
def report(
    trial: Trial, prices: GatheredPrices, accounts: SimulatedAccounts, parameters: BacktestParameters
) -> str:
    """See ``write_backtest_report``; table, summary and figure on the run's page as well."""
    page = write_backtest_report(warehouse(), trial, prices, accounts, parameters)
    _publish(trial, accounts)
    say(page)
    return page


@stage("commit")
def commit(
    trial: Trial, prices: GatheredPrices, accounts: SimulatedAccounts, parameters: BacktestParameters
) -> ArtifactRef:
    """See ``commit_trial``."""
    return commit_trial(warehouse(), trial, prices, accounts, parameters)


def _publish(trial: Trial, accounts: SimulatedAccounts) -> None:
    store, key = warehouse(), trial.strategy.replace("_", "-")
    written = named(accounts.artifacts, "backtest_statistics")
    statistics: pd.DataFrame = store.get(written).drop(columns="run_id")
    folder = store.root / "output" / trial.strategy / "backtest"
    create_table_artifact(
        key=f"{key}-backtest", table=records(statistics.astype(str)), description=f"Results of {trial.run_id}"
    )
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    create_markdown_artifact(key=f"{key}-backtest-summary", markdown=summary, description=trial.run_id)
    image = base64.b64encode((folder / "figures" / "equity.png").read_bytes()).decode()
    create_image_artifact(
        key=f"{key}-backtest-equity",
        image_url=f"data:image/png;base64,{image}",
        description="Equity and falls",
    )
