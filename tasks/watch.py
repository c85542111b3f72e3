"""Watch: was a week missed? Asked by a schedule of its own, since what never ran cannot report itself."""

from __future__ import annotations

import datetime as dt

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from config import load_settings
from portfolio.guard import SessionHours
from portfolio.missed import missed_weeks
from schemas.errors import NeedsHuman
from schemas.identity import account_name
from schemas.results import DONE
from tasks.stage import resolve, say, stage, warehouse
from warehouse import Warehouse


@stage("watch")
def look_for_missed(strategy: str) -> str:
    """Say which weeks the strategy missed, and why as far as that is known; nothing when none."""
    missed = missed_rebalance(strategy)
    say(str(missed) if missed else f"{strategy}: no week was missed")
    return str(missed or "")


def missed_rebalance(strategy: str) -> NeedsHuman | None:
    """The weeks that went by without a rebalance, as the error that says what to do; none when there are none.

    Raises:
        ConfigError: There is no such strategy.
        TemporaryError: The broker, whose clock decides, does not answer.
    """
    settings, store = load_settings(), warehouse()
    settings.strategy(strategy)
    account = Broker(resolve(settings), settings.broker)
    now = account.clock().timestamp
    name = account_name(account.venue, account.account().account_number)
    runs = store.runs(strategy, name)
    missed = missed_weeks(
        now,
        _sessions(_first_due(store, strategy, name, now), now),
        rebalanced=set(runs.loc[runs["outcome"].isin(DONE), "iso_week"]),
        parameters=settings.guard,
    )
    if not missed:
        return None
    attempts = runs[runs["iso_week"].isin({str(week) for week in missed})]
    ended = [f"{run.run_id} {run.outcome}" for run in attempts.itertuples()]
    return NeedsHuman(
        f"{strategy} was not rebalanced in {', '.join(map(str, missed))}",
        figures={"what was tried": ", ".join(ended) or "nothing: no run came to an end"},
        remedy=f"`riskparity doctor` says what stands in the way, `riskparity run {strategy} rebalance` makes up this week.",
    )


def _first_due(store: Warehouse, strategy: str, account: str, now: dt.datetime) -> dt.date:
    """Monday of the week in which the strategy first wanted to trade; of this one when it never did."""
    openings = store.openings()
    ours = openings[(openings["strategy"] == strategy) & (openings["account"] == account)]
    day = now.astimezone(NEW_YORK).date() if ours.empty else ours["session"].min()
    return day - dt.timedelta(days=day.weekday())


def _sessions(monday: dt.date, now: dt.datetime) -> dict[dt.date, SessionHours]:
    calendar, today = TradingCalendar(), now.astimezone(NEW_YORK).date()
    sunday = today + dt.timedelta(days=6 - today.weekday())
    return {day: SessionHours(*calendar.hours(day)) for day in calendar.sessions(monday, sunday)}
