"""The stress test as a Prefect flow, for the deployment and its page; ``riskparity stress`` runs the same without a server."""

from __future__ import annotations

from prefect import flow

from config import load_settings
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressResult
from tasks.stress import collect, commit, invent, open_test, report, resample, shock

CONFIGURED = StressParameters.of(load_settings().backtest("risk_parity"))
"""What the form in the Prefect UI starts from."""


@flow(name="stress", persist_result=True, result_serializer="json")
def stress(parameters: StressParameters = CONFIGURED) -> StressResult:
    """What breaks a strategy, what it loses and what it does then. Only tasks that did not complete run again on Retry."""
    test = open_test(parameters)
    prices = collect(test, parameters)
    parts = [
        shock(test, prices, parameters),
        resample(test, prices, parameters),
        invent(test, parameters),
    ]
    tables = report(test, prices, parts, parameters)
    committed = commit(test, prices, tables, parameters)
    return StressResult(test=test, prices=prices, tables=tables, committed=committed, report=tables.said)
