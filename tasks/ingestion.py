"""Ingestion: daily bars up to the last completed session, topped up and kept in every version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.history import require_coverage, update
from brokerage.market_data import daily_bars
from config import load_settings
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import IngestionParameters
from tasks.stage import account_of, adopted, endpoint, require_same_day, say, stage, warehouse


@stage("ingestion")
def pull_bars(
    run: Run, symbols: Sequence[str], lookback: int, parameters: IngestionParameters
) -> ArtifactRef:
    """Top up the stored bars and freeze the window this run decides on.

    The running session's partial bar is never in it: the newest bar is that of the session before.

    Raises:
        DataError: A symbol is unknown, has no bars, or lacks the last completed session. What was learnt is kept.
        GuardRefusal: The run began on another day, or with another account.
    """
    if found := adopted(run, "window_bars"):
        return found[0]
    require_same_day(account_of(run), run)
    store, calendar = warehouse(), TradingCalendar()
    newest = calendar.previous_session(run.session)
    sessions = _last(calendar, newest, lookback + 1 + parameters.spare_sessions)
    settings, service = load_settings(), endpoint(run)

    def fetch(wanted: list[str], start: dt.date, end: dt.date) -> pd.DataFrame:
        return daily_bars(
            service,
            wanted,
            start=start,
            end=end,
            feed=parameters.feed,
            adjustment=parameters.adjustment,
            settings=settings.broker,
        )

    version = {"source": run.venue, "feed": parameters.feed, "adjustment": parameters.adjustment}
    learnt = update(
        store.bars(**version, known_by=run.decided_at),
        fetch,
        symbols=symbols,
        sessions=sessions,
        overlap=parameters.overlap_sessions,
        tolerance=parameters.revision_tolerance,
    )
    if len(learnt):
        store.learn(run, _stamped(learnt, version, run))
    known = store.bars(**version, known_by=run.decided_at)
    window = known[known["symbol"].isin(list(symbols)) & known["session"].isin(sessions)]
    require_coverage(window, symbols, newest)
    reference = store.put(run, "window_bars", window)
    say(
        f"{len(symbols)} symbols, {reference.rows:,} bars to {newest}, {len(learnt):,} of them new or revised"
    )
    return reference


def _last(calendar: TradingCalendar, newest: dt.date, count: int) -> list[dt.date]:
    # 252 sessions a year are 1.45 calendar days each; the rest is margin for holidays
    start = newest - dt.timedelta(days=int(count * 1.5) + 15)
    return calendar.sessions(start, newest)[-count:]


def _stamped(bars: pd.DataFrame, version: dict[str, str], run: Run) -> pd.DataFrame:
    known_at = pd.Timestamp(run.decided_at).tz_convert("UTC").tz_localize(None)
    return bars.assign(**version, known_at=known_at)
