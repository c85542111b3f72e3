"""Ingestion: daily bars up to the last completed session, topped up and kept in every version."""

from __future__ import annotations

from collections.abc import Sequence

from brokerage.calendar import TradingCalendar
from brokerage.history import require_coverage
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import IngestionParameters
from tasks.stage import account_of, adopted, endpoint, require_same_day, say, stage, warehouse
from tasks.topping_up import top_up


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
    sessions = calendar.last_sessions(newest, lookback + 1 + parameters.spare_sessions)
    window, learnt = top_up(
        store, run, endpoint(run), symbols, sessions=sessions, rules=parameters, now=run.decided_at
    )
    require_coverage(window, symbols, newest)
    reference = store.put(run, "window_bars", window)
    say(f"{len(symbols)} symbols, {reference.rows:,} bars to {newest}, {learnt:,} of them new or revised")
    return reference
