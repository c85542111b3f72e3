"""Guard: may this strategy rebalance now? Fixes the run's identity before anything else happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from prefect.runtime import flow_run

from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.models import Clock
from config import Settings, load_settings
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

    Asked to ``redo`` stages, a run that is retried gets another one. A run of this week that died after it had begun to send orders is gone on with, under its own identity,
    so that each of its orders is looked up before it is sent.
    """
    settings, store = load_settings(), warehouse()
    account = Broker(resolve(settings), settings.broker)
    clock = account.clock()
    run = _new_run(store, account, clock, parameters)
    holder = week_holder(store, account, run, today=run.session)
    if holder and not holder.finished and not (parameters.force or parameters.dry_run):
        run = opened(store, holder.run_id)
        entitle(run)
        check = Check(
            "unfinished run", passed=True, detail=f"{run.run_id} died with orders out and is gone on with"
        )
        say(f"{run.run_id} goes on where it stopped")
        return _opening(settings, run, parameters, (check,), "")

    permission = judge(store, account, run, parameters, clock=clock, holder=holder)
    entitle(run)
    opening = _opening(settings, run, parameters, permission.checks, permission.remedy)
    store.put(run, "openings", [_row(opening, permission.flows, parameters, redo)])
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
        "decided_at": run.decided_at.astimezone(dt.UTC).replace(tzinfo=None),
        "allowed": opening.allowed,
        "checks": "\n".join(str(check) for check in opening.checks),
        "flows": flows,
        "parameters": parameters.model_dump_json(),
        "redo": ", ".join(redo) or None,
        "flow_run_id": flow_run.id,
        "code_version": code_version(),
    }
