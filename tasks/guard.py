"""Guard: may this strategy rebalance now? Fixes the run's identity before anything else happens."""

from __future__ import annotations

import datetime as dt

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from brokerage.hardening import weak_spots
from brokerage.models import CalendarDay, Clock
from config import Settings, load_settings
from portfolio.account_guard import (
    REMEDIES,
    Hours,
    calendars_agree,
    clocks_agree,
    hardened,
    looked_at,
    may_trade,
    not_halted,
    own_account,
)
from portfolio.guard import GuardVerdict, SessionHours, weekly_guard
from schemas.errors import GuardRefusal
from schemas.identity import Run, account_name
from schemas.parameters import RebalanceParameters
from schemas.results import Check, Opening
from tasks.breakers import breakers, trip
from tasks.safeguards import require_not_halted
from tasks.stage import resolve, say, stage, warehouse
from tasks.week import Holder, last_trader, opened, waiting_for_a_person, week_holder
from warehouse import Warehouse

FORTNIGHT = dt.timedelta(days=13)


@stage("guard")
def open_run(parameters: RebalanceParameters) -> Opening:
    """Read the exchange's clock, judge every rule, and give the run its identity.

    A run of this week that died after it had begun to send orders is gone on with, under its own identity,
    so that each of its orders is looked up before it is sent.
    """
    settings, store = load_settings(), warehouse()
    account = Broker(resolve(settings), settings.broker)
    clock = account.clock()
    run = _new_run(store, account, clock, parameters)
    holder = week_holder(store, account, run, today=run.session)
    if holder and not holder.finished and not (parameters.force or parameters.dry_run):
        run = opened(store, holder.run_id)
        check = Check(
            "unfinished run", passed=True, detail=f"{run.run_id} died with orders out and is gone on with"
        )
        say(f"{run.run_id} goes on where it stopped")
        return _opening(settings, run, parameters, (check,), "")

    verdict, more = _judged(store, account, clock, run, holder, parameters)
    tripped = breakers(store, account, run, settings.limits)
    if not run.dry_run:
        trip(store, tripped)
    more = (*more, *_account_checks(account, clock, settings), *tripped)
    opening = _opening(settings, run, parameters, (*verdict.checks, *more), _remedy(verdict, more))
    store.put(run, "openings", [_row(opening)])
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


def _judged(  # noqa: PLR0917 - what a verdict rests on
    store: Warehouse,
    account: Broker,
    clock: Clock,
    run: Run,
    holder: Holder | None,
    parameters: RebalanceParameters,
) -> tuple[GuardVerdict, tuple[Check, ...]]:
    calendar = TradingCalendar()
    monday = run.session - dt.timedelta(days=run.session.weekday())
    sessions = calendar.sessions(monday, monday + FORTNIGHT)
    verdict = weekly_guard(
        clock.timestamp,
        SessionHours(*calendar.hours(run.session)) if calendar.is_session(run.session) else None,
        is_open=clock.is_open,
        week_sessions=sessions,
        completed=holder.run_id if holder else None,
        parameters=parameters.guard,
        force=parameters.force,
        reason=parameters.reason,
    )
    trader = last_trader(store, run.account)
    return verdict, (
        own_account(run.strategy, trader, force=parameters.force, reason=parameters.reason),
        looked_at(waiting_for_a_person(store, run.strategy, run.account)),
        calendars_agree(_ours(calendar, sessions), _brokers(account.calendar(monday, monday + FORTNIGHT))),
    )


def _account_checks(account: Broker, clock: Clock, settings: Settings) -> tuple[Check, ...]:
    return (
        not_halted(_halted()),
        may_trade(account.account().obstacles),
        clocks_agree(
            dt.datetime.now(dt.UTC),
            clock.timestamp,
            settings.limits.max_clock_skew_seconds,
            virtual=account.venue == "loopback",
        ),
        hardened(weak_spots(account)),
    )


def _halted() -> str:
    try:
        require_not_halted()
    except GuardRefusal as refusal:
        return ", ".join(refusal.figures.values())
    return ""


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


def _row(opening: Opening) -> dict[str, object]:
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
    }


def _ours(calendar: TradingCalendar, sessions: list[dt.date]) -> Hours:
    return {day: _local_times(*calendar.hours(day)) for day in sessions}


def _local_times(opening: dt.datetime, closing: dt.datetime) -> tuple[dt.time, dt.time]:
    return opening.astimezone(NEW_YORK).time(), closing.astimezone(NEW_YORK).time()


def _brokers(days: list[CalendarDay]) -> Hours:
    return {day.date: (day.open, day.close) for day in days}


def _remedy(verdict: GuardVerdict, more: tuple[Check, ...]) -> str:
    if not verdict.allowed:
        return f"Next opportunity: {verdict.next_opportunity}."
    return " ".join(REMEDIES[check.name] for check in more if not check.passed)
