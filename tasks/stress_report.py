"""The page of a stress test from its artifacts, and the row that makes them visible."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from reports.format import percent
from reports.stress import stress_report
from reports.stress_inputs import TABLES, StressInputs
from schemas.artifacts import ArtifactRef
from schemas.columns import naive_utc
from schemas.identity import StressTest
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressTables
from tasks.report_folder import write_report_folder
from tasks.reproduction import command
from warehouse import Warehouse
from warehouse.version import code_version


def write_stress_report(
    store: Warehouse,
    test: StressTest,
    prices: GatheredPrices,
    tables: StressTables,
    parameters: StressParameters,
) -> str:
    """Page, figures and tables, in ``output/<strategy>/stress/``.

    Returns:
        The page's path relative to the state folder.
    """
    contents = stress_report(stress_inputs(store, test, prices, tables, parameters))
    return write_report_folder(store, test.strategy, "stress", contents)


def stress_inputs(
    store: Warehouse,
    test: StressTest,
    prices: GatheredPrices,
    tables: StressTables,
    parameters: StressParameters,
) -> StressInputs:
    """What the page shows, read from the artifacts."""
    written = {reference.name: reference for reference in tables.artifacts}
    frames = {name: store.get(written[f"stress_{name}"]).drop(columns="run_id") for name in TABLES}
    sessions = store.get(prices.artifacts[1])["session"]
    return StressInputs(
        summary=_summary(test, prices, frames["scenarios"], sessions.iloc[-1], parameters),
        **frames,
        benchmark=parameters.benchmark,
        notes=tables.notes,
        assumptions=_assumptions(parameters),
        provenance={
            "run": test.run_id,
            "code version": code_version(),
            "prices": prices.source,
            "sha256 of the prices": prices.sha256,
        },
        command=command(parameters, "stress"),
    )


def commit_stress_test(
    store: Warehouse,
    test: StressTest,
    prices: GatheredPrices,
    tables: StressTables,
    parameters: StressParameters,
) -> ArtifactRef:
    """Write the test's row, last: it makes the others visible."""
    summary = stress_inputs(store, test, prices, tables, parameters).summary
    row = {**summary, "code_version": code_version()}
    return store.put(test, "stress_tests", [row])


def _summary(
    test: StressTest,
    prices: GatheredPrices,
    scenarios: pd.DataFrame,
    as_of: dt.date,
    parameters: StressParameters,
) -> dict[str, object]:
    worst = scenarios.sort_values("loss", kind="stable").iloc[0]
    return {
        "strategy": test.strategy,
        "started_at": naive_utc(test.decided_at),
        "parameters": parameters.model_dump_json(),
        "prices": prices.source,
        "data_hash": prices.sha256,
        "symbols": ", ".join(prices.held),
        "as_of": as_of,
        "worst": worst["scenario"],
        "worst_loss": float(worst["loss"]),
        "refused": int((scenarios["outcome"] != "decided").sum()),
    }


def _assumptions(parameters: StressParameters) -> dict[str, str]:
    costs, rules = parameters.costs, parameters.rules
    durations = ", ".join(f"{symbol} {years:g}" for symbol, years in parameters.durations.items())
    return {
        "traded": f"{rules.frequency}, when a weight is {rules.drift_threshold:.2%} of equity or more from its target, up "
        f"to a turnover of {rules.max_turnover:.0%}",
        "costs": f"commission {costs.commission_bps:g} bp, half spread and slippage {costs.slippage_bps:g} bp of what is traded",
        "margin": f"debts cost {costs.margin_rate:.2%} a year; the broker calls below "
        f"{percent(parameters.maintenance_margin, 0)} of the positions. Regulation T lets nobody begin above 2 times overnight",
        "durations": f"{durations} years",
        "drawn histories": f"{parameters.draws:,}, blocks of {parameters.mean_block:g} sessions on average, "
        f"seed {parameters.seed}",
    }
