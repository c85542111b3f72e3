"""May a run trade? Asked when it begins, and once more before its first order, which may be hours or a crash later."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from brokerage.hardening import weak_spots
from brokerage.intents import IntentLog
from brokerage.models import CalendarDay, Clock
from brokerage.past_orders import strangers
from config import load_settings
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
    own_folder,
)
from portfolio.guard import GuardVerdict, SessionHours, weekly_guard
from schemas.columns import naive_utc
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import Check
from strategies.registry import registered
from tasks.breakers import breakers, trip
from tasks.safeguards import require_not_halted
from tasks.stage import require_same_day
from tasks.week import Holder, last_trader, waiting_for_a_person, week_holder
from warehouse import Warehouse

FORTNIGHT = dt.timedelta(days=13)


class Permission(NamedTuple):
    """The answer to every question, what to do about a no, and what was found on the way."""

    checks: tuple[Check, ...]
    remedy: str
    flows: Decimal
    """Money paid in, less money paid out, since the last run that traded (USD)."""


def judge(
    store: Warehouse,
    account: Broker,
    run: Run,
    parameters: RebalanceParameters,
    *,
    clock: Clock,
    holder: Holder | None,
) -> Permission:
    """Judge every rule, also after one has failed, so that a person sees all of them at once.

    A breaker that says no halts trading, unless the run only plans.

    Args:
        store: What earlier runs wrote.
        account: The broker.
        run: Who wants to trade.
        parameters: Time window, and what is forced.
        clock: The exchange's, as just read.
        holder: Another run that has the week; none while it is free.
    """
    found = breakers(store, account, run, load_settings().limits)
    if not run.dry_run:
        trip(store, found.checks)
    verdict = _weekly(clock, run, parameters, holder)
    more = (
        own_account(
            run.strategy, last_trader(store, run.account), force=parameters.force, reason=parameters.reason
        ),
        own_folder(
            strangers(account, IntentLog(store.root, run.account).names(), registered(), _monday(run))
        ),
        looked_at(waiting_for_a_person(store, run.strategy, run.account)),
        *_of_the_broker(account, run, clock),
        *found.checks,
    )
    return Permission((*verdict.checks, *more), _remedy(verdict, more), found.flows)


def require_day_and_window(account: Broker, run: Run, parameters: RebalanceParameters) -> Clock:
    """Refuse to send on another day than the run's, outside the time window, or while the market is closed.

    Raises:
        GuardRefusal: With what does not hold.
    """
    require_same_day(account, run)
    clock = account.clock()
    verdict = _weekly(clock, run, parameters, None)
    _require(verdict.checks, _remedy(verdict, ()))
    return clock


def claim_week(store: Warehouse, account: Broker, run: Run, parameters: RebalanceParameters) -> None:
    """Ask everything once more, and claim the week for the run.

    A stage that is retried, and a run that is gone on with, come here without another look by the guard.

    Raises:
        GuardRefusal: What allowed the run holds no longer.
    """
    clock = require_day_and_window(account, run, parameters)
    holder = week_holder(store, account, run, today=run.session, but=run.run_id)
    permission = judge(store, account, run, parameters, clock=clock, holder=holder)
    _require(permission.checks, permission.remedy)
    now = naive_utc(clock.timestamp)
    claim = {"strategy": run.strategy, "iso_week": str(run.week), "account": run.account}
    store.put(run, "claims", [{**claim, "claimed_at": now}])


def _require(checks: tuple[Check, ...], remedy: str) -> None:
    failed = {check.name: check.detail for check in checks if not check.passed}
    if failed:
        raise GuardRefusal(
            "What allowed this run holds no longer; nothing more was sent", figures=failed, remedy=remedy
        )


def _weekly(clock: Clock, run: Run, parameters: RebalanceParameters, holder: Holder | None) -> GuardVerdict:
    calendar, monday = TradingCalendar(), _monday(run).date()
    return weekly_guard(
        clock.timestamp,
        SessionHours(*calendar.hours(run.session)) if calendar.is_session(run.session) else None,
        is_open=clock.is_open,
        week_sessions=calendar.sessions(monday, monday + FORTNIGHT),
        completed=holder.run_id if holder else None,
        parameters=parameters.guard,
        force=parameters.force,
        reason=parameters.reason,
    )


def _of_the_broker(account: Broker, run: Run, clock: Clock) -> tuple[Check, ...]:
    calendar, monday = TradingCalendar(), _monday(run).date()
    sessions = calendar.sessions(monday, monday + FORTNIGHT)
    brokers = _brokers_hours(account.calendar(monday, monday + FORTNIGHT))
    return (
        calendars_agree({day: _local_times(*calendar.hours(day)) for day in sessions}, brokers),
        not_halted(_halted()),
        may_trade(account.account().obstacles),
        clocks_agree(
            dt.datetime.now(dt.UTC),
            clock.timestamp,
            load_settings().limits.max_clock_skew_seconds,
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


def _monday(run: Run) -> dt.datetime:
    """The beginning of the run's week, New York."""
    day = run.session - dt.timedelta(days=run.session.weekday())
    return dt.datetime.combine(day, dt.time(), NEW_YORK)


def _local_times(opening: dt.datetime, closing: dt.datetime) -> tuple[dt.time, dt.time]:
    return opening.astimezone(NEW_YORK).time(), closing.astimezone(NEW_YORK).time()


def _brokers_hours(days: list[CalendarDay]) -> Hours:
    return {day.date: (day.open, day.close) for day in days}


def _remedy(verdict: GuardVerdict, more: tuple[Check, ...]) -> str:
    if not verdict.allowed:
        return f"Next opportunity: {verdict.next_opportunity}."
    return " ".join(REMEDIES[check.name] for check in more if not check.passed)
