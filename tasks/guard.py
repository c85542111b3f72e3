"""Guard: may this strategy rebalance now? Fixes the run's identity before anything else happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from prefect.runtime import flow_run

from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.models import Clock
from config import Settings, load_settings
from schemas.columns import naive_utc
from schemas.identity import Run, account_name
from schemas.parameters import RebalanceParameters
from schemas.results import Check, Opening
from schemas.stages import Stage
from tasks.permission import judge
from tasks.stage import entitle, resolve, say, stage, warehouse
from tasks.week import opened, week_holder
from warehouse import Warehouse
from warehouse.version import code_version


@stage("guard")
def open_run(parameters: RebalanceParameters, redo: Sequence[Stage] = ()) -> Opening:
    """Read the exchange's clock, judge every rule, and give the run its identity.

    A run of this week that died after it had begun to send orders is gone on with, under its own identity, so that each
    of its orders is looked up before it is sent. A flow run that is retried and finds nothing cached, as in a new
    container, goes on with the run it had begun. Asked to ``redo`` stages, or by other code, it begins another one.
    """
    settings, store = load_settings(), warehouse()
    account = Broker(resolve(settings), settings.broker)
    clock = account.clock()
    run = _new_run(store, account, clock, parameters)
    holder = week_holder(store, account, run, today=run.session)
    if holder and not holder.finished and not (parameters.force or parameters.dry_run):
        run = opened(store, holder.run_id)
        entitle(run.run_id)
        check = Check(
            "unfinished run", passed=True, detail=f"{run.run_id} died with orders out and is gone on with"
        )
        say(f"{run.run_id} goes on where it stopped")
        return _opening(settings, run, parameters, (check,), "")

    permission = judge(store, account, run, parameters, clock=clock, holder=holder)
    opening = _opening(settings, run, parameters, permission.checks, permission.remedy)
    row = _row(opening, permission.flows, parameters, redo)
    if opening.allowed and (begun := _begun(store, row)):
        opening = opening.model_copy(update={"run": begun})
    run = opening.run
    entitle(run.run_id)
    store.put(run, "openings", [row])
    say(f"{run.run_id} on {run.venue}: {'go' if opening.allowed else 'no'}, {run.session:%a %Y-%m-%d}")
    return opening


def _new_run(store: Warehouse, account: Broker, clock: Clock, parameters: RebalanceParameters) -> Run:
    run = Run(
        strategy=parameters.strategy.name,
        session=clock.timestamp.astimezone(NEW_YORK).date(),
        decided_at=clock.timestamp,
        venue=account.venue,
        account=account_name(account.venue, account.account().account_number),
        dry_run=parameters.dry_run,
    )
    return run.model_copy(update={"attempt": store.next_attempt(run.strategy, run.week)})


def _begun(store: Warehouse, row: Mapping[str, object]) -> Run | None:
    """The unfinished run that the same flow run has opened already, told the same, by the same code; the last one."""
    if flow_run.id is None:
        return None
    same = ("flow_run_id", "code_version", "parameters", "redo", "account", "session")
    found = [
        opened(store, one["run_id"])
        for one in store.openings().to_dict("records")
        if one["allowed"] and all(one[name] == row[name] for name in same)
    ]
    unfinished = [run for run in found if store.find(run, "runs") is None]
    return unfinished[-1] if unfinished else None


def _opening(
    settings: Settings, run: Run, parameters: RebalanceParameters, checks: tuple[Check, ...], remedy: str
) -> Opening:
    universe = settings.universe(parameters.universe, run.venue)
    return Opening(
        run=run,
        allowed=all(check.passed for check in checks),
        checks=checks,
        remedy=remedy,
        symbols=universe.symbols,
        hedges=universe.hedges,
    )


def _row(
    opening: Opening, flows: Decimal, parameters: RebalanceParameters, redo: Sequence[Stage]
) -> dict[str, object]:
    run = opening.run
    return {
        "strategy": run.strategy,
        "iso_week": str(run.week),
        "session": run.session,
        "attempt": run.attempt,
        "venue": run.venue,
        "account": run.account,
        "decided_at": naive_utc(run.decided_at),
        "allowed": opening.allowed,
        "checks": "\n".join(str(check) for check in opening.checks),
        "flows": flows,
        "parameters": parameters.model_dump_json(),
        "redo": ", ".join(redo),
        "flow_run_id": flow_run.id,
        "code_version": code_version(),
    }
