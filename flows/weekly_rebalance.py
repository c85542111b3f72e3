"""The weekly rebalance: bars → returns → target weights → orders → fills → performance."""

from __future__ import annotations

from typing import Any, cast

from prefect import flow
from prefect.states import Completed

from config import load_settings
from config.settings import home
from schemas.artifacts import ArtifactRef
from schemas.parameters import RebalanceParameters
from schemas.results import Opening, RunResult
from tasks.approval import adopt_plan
from tasks.cleaning import clean_returns
from tasks.execution import plan_trades, record_refusal, send_orders, take_stock
from tasks.guard import open_run
from tasks.ingestion import pull_bars
from tasks.optimization import choose_weights
from tasks.reporting import close_books, commit_run, write_report
from warehouse.lock import single_flight

CONFIGURED = load_settings().rebalance("risk_parity")
"""What the form in the Prefect UI starts from."""


@flow(name="weekly-rebalance", persist_result=True, result_serializer="json")
def weekly_rebalance(parameters: RebalanceParameters = CONFIGURED) -> RunResult:
    """Take the portfolio to its target weights, once a week. Only tasks that did not complete run again on Retry."""
    with single_flight(home()):
        opening = open_run(parameters)
        if not (opening.allowed or parameters.dry_run):
            return _refuse(opening, parameters)
        run, strategy = opening.run, parameters.strategy
        if parameters.approved:
            adopt_plan(opening, parameters)

        bars = pull_bars(run, opening.symbols, strategy.lookback, parameters.ingestion)
        returns, cleaning_log = clean_returns(run, bars, strategy.lookback, parameters.cleaning)
        holdings = take_stock(opening, bars, returns, parameters)
        weights, *explained = choose_weights(opening, returns, holdings, strategy)
        decision, plan = plan_trades(opening, bars, holdings, weights, parameters)
        written: tuple[ArtifactRef, ...] = (
            bars,
            returns,
            cleaning_log,
            holdings,
            weights,
            *explained,
            decision,
            plan,
        )
        if parameters.dry_run:
            commit_run(run, "planned")
            return _end(RunResult.of(opening, "planned", written))

        executed = send_orders(run, decision, plan, parameters)
        performance = close_books(run, executed, strategy)
        summary = write_report(run, executed.outcome)
        written = (*written, executed.orders, executed.fills, executed.positions, performance)
        return _end(RunResult.of(opening, executed.outcome, written, summary))


def _refuse(opening: Opening, parameters: RebalanceParameters) -> RunResult:
    decision = record_refusal(opening, parameters)
    commit_run(opening.run, "refused")
    return _end(RunResult.of(opening, "refused", (decision,)))


def _end(result: RunResult) -> RunResult:
    # The outcome is the state's name, so that a list of runs in the UI tells them apart. Prefect hands
    # the caller the state's data: the result.
    state: Any = Completed(name=result.outcome.capitalize(), message=result.run.run_id, data=result)
    return cast(RunResult, state)


if __name__ == "__main__":
    weekly_rebalance()
