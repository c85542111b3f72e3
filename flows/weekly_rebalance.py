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
from schemas.stages import STAGES, Stage
from tasks.approval import adopt_plan
from tasks.cleaning import clean_returns
from tasks.continuation import take_over
from tasks.execution import plan_trades, record_refusal, send_orders, take_stock
from tasks.guard import open_run
from tasks.ingestion import pull_bars
from tasks.optimization import choose_weights
from tasks.reporting import close_books, commit_run, write_report
from warehouse.lock import single_flight

CONFIGURED = load_settings().rebalance("risk_parity")
"""What the form in the Prefect UI starts from."""


@flow(name="weekly-rebalance", persist_result=True, result_serializer="json")
def weekly_rebalance(
    parameters: RebalanceParameters = CONFIGURED, refresh: tuple[Stage, ...] = ()
) -> RunResult:
    """Take the portfolio to its target weights, once a week. Only tasks that did not complete run again on Retry.

    Args:
        parameters: Of the strategy, and how its prices are pulled and cleaned, its orders sent.
        refresh: Stages to do again, and all that follow them; what comes before is taken over from the last run of the day.
    """
    with single_flight(home()):
        opening = open_run(parameters, refresh)
        first = min(refresh, key=STAGES.index, default=None)
        return carry_out(opening, parameters, first)


def carry_out(
    opening: Opening, parameters: RebalanceParameters, first: Stage | None = None, source: str | None = None
) -> RunResult:
    """The stages of a run after its opening, in their order.

    Args:
        opening: What the guard said.
        parameters: Of the run.
        first: Begin with this stage, and take over what the ones before it have stored; none begins at the beginning.
        source: The run to take it over from; none is the last one of the day.
    """
    if not (opening.allowed or parameters.dry_run):
        return _refuse(opening, parameters)
    run, strategy = opening.run, parameters.strategy
    if first:
        take_over(opening, first, parameters, source)
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
        return ending(RunResult.of(opening, "planned", written))

    executed = send_orders(run, decision, plan, parameters)
    performance = close_books(run, executed, strategy)
    summary = write_report(run, executed.outcome)
    written = (*written, executed.orders, executed.fills, executed.positions, performance)
    return ending(RunResult.of(opening, executed.outcome, written, summary), executed.remarks)


def ending(result: RunResult, remarks: tuple[str, ...] = ()) -> RunResult:
    """End a flow run: its outcome is the state's name, so that a list of runs in the UI tells them apart.

    The state's message, which notifications repeat, has what a person should know of how it went.

    Prefect hands the caller of the flow the state's data: the result.
    """
    state: Any = Completed(
        name=result.outcome.capitalize(), message=". ".join((result.run.run_id, *remarks)), data=result
    )
    return cast(RunResult, state)


def _refuse(opening: Opening, parameters: RebalanceParameters) -> RunResult:
    decision = record_refusal(opening, parameters)
    commit_run(opening.run, "refused")
    return ending(RunResult.of(opening, "refused", (decision,)))


if __name__ == "__main__":
    weekly_rebalance()
