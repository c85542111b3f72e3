"""Guard: may this strategy rebalance now? Fixes the run's identity before anything else happens."""

from __future__ import annotations

import datetime as dt

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.models import CalendarDay
from config import load_settings
from portfolio.account_guard import REMEDIES, Hours, calendars_agree, own_account
from portfolio.guard import GuardVerdict, SessionHours, weekly_guard
from schemas.identity import IsoWeek, Run
from schemas.parameters import RebalanceParameters
from schemas.results import Check, Opening
from tasks.stage import broker, say, stage, warehouse
from warehouse import Warehouse

FORTNIGHT = dt.timedelta(days=13)
DONE = ("complete", "adjusted", "hold")
"""Outcomes that use up the week; a refused or planned run does not."""


@stage("guard")
def open_run(parameters: RebalanceParameters) -> Opening:
    """Read the exchange's clock, judge every rule, and give the run its identity."""
    settings = load_settings()
    account = broker(settings)
    clock = account.clock()
    today = clock.timestamp.astimezone(NEW_YORK).date()
    calendar = TradingCalendar()
    monday = today - dt.timedelta(days=today.weekday())
    sessions = calendar.sessions(monday, monday + FORTNIGHT)
    strategy = parameters.strategy.name
    store = warehouse()
    verdict = weekly_guard(
        clock.timestamp,
        SessionHours(*calendar.hours(today)) if calendar.is_session(today) else None,
        is_open=clock.is_open,
        week_sessions=sessions,
        completed=_completed(store, strategy, account.venue, IsoWeek.of(today)),
        parameters=parameters.guard,
        force=parameters.force,
        reason=parameters.reason,
    )
    more = (
        own_account(
            strategy, store.last_trader(account.venue), force=parameters.force, reason=parameters.reason
        ),
        calendars_agree(_ours(calendar, sessions), _brokers(account.calendar(monday, monday + FORTNIGHT))),
    )
    universe = settings.universe(parameters.universe, account.venue)
    opening = Opening(
        run=Run(
            strategy=strategy,
            session=today,
            attempt=store.next_attempt(strategy, IsoWeek.of(today)),
            decided_at=clock.timestamp,
            venue=account.venue,
            dry_run=parameters.dry_run,
        ),
        allowed=verdict.allowed and all(check.passed for check in more),
        checks=(*verdict.checks, *more),
        remedy=_remedy(verdict, more),
        symbols=universe.symbols,
        hedges=universe.hedges,
    )
    say(f"{opening.run.run_id} on {account.venue}: {'go' if opening.allowed else 'no'}, {today:%a %Y-%m-%d}")
    return opening


def _completed(store: Warehouse, strategy: str, venue: str, week: IsoWeek) -> str | None:
    runs = store.runs(strategy, venue)
    done = runs[(runs["iso_week"] == str(week)) & runs["outcome"].isin(DONE)]
    return None if done.empty else str(done["run_id"].iloc[-1])


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
