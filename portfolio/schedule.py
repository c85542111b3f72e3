"""Which sessions a rebalance rests on, and in which it is traded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import Sessions
from schemas.errors import DataError
from schemas.simulation_parameters import Rules

_PERIODS = {"monthly": 1, "quarterly": 3}
"""Months."""


class Schedule(NamedTuple):
    """Rows of a history, (W,) each, ascending."""

    decided: IntArray
    """Session at whose close the decision is made."""
    executed: IntArray
    """Session in which it is traded: the next one, or the same."""


def rebalance_schedule(
    sessions: Sessions, rules: Rules, *, first: int = 0, last: int | None = None
) -> Schedule:
    """Every rebalance that is due, traded in the sessions ``first`` to ``last``, both included.

    The live guard looks at the session that is traded in, and so does this: the first session of an ISO week, decided on
    at the close of the week before.

    Raises:
        DataError: None is due, or the history ends before ``first``.

    >>> days = np.arange("2026-07-01", "2026-07-15", dtype="datetime64[D]")
    >>> weekdays = days[np.is_busday(days)]
    >>> [str(weekdays[row]) for row in rebalance_schedule(weekdays, Rules()).executed]
    ['2026-07-06', '2026-07-13']
    """
    if first >= len(sessions):
        raise DataError(
            "The prices end before anything could be traded",
            figures={
                "sessions": len(sessions),
                "first trade in session": first + 1,
                "prices end": sessions[-1],
            },
            remedy="Shorten the lookback (--set lookback=126), begin earlier (--start), or take longer prices (--prices FILE).",
        )
    executed = _due(sessions, rules)
    decided = executed if rules.execution == "same_close" else executed - 1
    until = len(sessions) - 1 if last is None else last
    wanted = (decided >= 0) & (executed >= first) & (executed <= until)
    if not wanted.any():
        raise DataError(
            f"No {rules.frequency} rebalance is due",
            figures={"from": sessions[first], "to": sessions[until]},
            remedy="Take a longer history, or an earlier start.",
        )
    return Schedule(decided[wanted], executed[wanted])


def week_ends(sessions: Sessions) -> IntArray:
    """Row of the last session of each ISO week; the last week counts as it stands.

    >>> week_ends(np.array(["2026-07-02", "2026-07-06", "2026-07-07"], dtype="datetime64[D]")).tolist()
    [0, 2]
    """
    return np.append(np.flatnonzero(np.diff(_day_count(sessions) // 7)), len(sessions) - 1)


def _due(sessions: Sessions, rules: Rules) -> IntArray:
    if rules.frequency == "daily":
        return np.arange(len(sessions))
    if rules.frequency == "weekly":
        return _weekly(sessions, rules.weekday)
    months = sessions.astype("datetime64[M]").astype(np.int64) // _PERIODS[rules.frequency]
    return np.unique(months, return_index=True)[1].astype(np.int64)


def _weekly(sessions: Sessions, weekday: int) -> IntArray:
    days = _day_count(sessions)
    week = days // 7
    on_time = np.flatnonzero(days % 7 >= weekday)
    weeks, place = np.unique(week[on_time], return_index=True)
    last_of = np.flatnonzero(np.diff(week))  # not of the last week, which may go on
    short = last_of[~np.isin(week[last_of], weeks)]
    return np.sort(np.concatenate([on_time[place], short])).astype(np.int64)


def _day_count(sessions: Sessions) -> IntArray:
    """Days since a Monday."""
    return np.asarray(sessions.astype("datetime64[D]").astype(np.int64) + 3)  # day 0 of 1970 was a Thursday
