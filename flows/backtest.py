"""The backtest as a Prefect flow, for the deployment and its page; ``riskparity backtest`` runs the same without a server."""

from __future__ import annotations

from prefect import flow

from config import load_settings
from schemas.backtest_parameters import BacktestParameters
from schemas.results import BacktestResult
from tasks.backtest import collect, commit, open_trial, report, simulate

CONFIGURED = load_settings().backtest("risk_parity")
"""What the form in the Prefect UI starts from."""


@flow(name="backtest", persist_result=True, result_serializer="json")
def backtest(parameters: BacktestParameters = CONFIGURED) -> BacktestResult:
    """A strategy through the years, beside its alternatives. Only tasks that did not complete run again on Retry."""
    trial = open_trial(parameters)
    prices = collect(trial, parameters)
    accounts = simulate(trial, prices, parameters)
    page = report(trial, prices, accounts, parameters)
    committed = commit(trial, prices, accounts, parameters)
    return BacktestResult(trial=trial, prices=prices, accounts=accounts, committed=committed, report=page)
