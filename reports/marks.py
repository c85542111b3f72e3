"""What both figures share along their time axis: one marker a run by its outcome, and readable dates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DateFormatter
from numpy.typing import NDArray

from reports.style import INK, PAGE, VERMILION

MARKERS: dict[str, tuple[str, dict[str, Any]]] = {
    "complete": ("rebalanced", {"marker": "o", "markerfacecolor": INK, "markersize": 3.5}),
    "aborted": ("stopped on the way", {"marker": "v", "markerfacecolor": VERMILION, "markersize": 6}),
    "needs_human": ("needed a person", {"marker": "s", "markerfacecolor": VERMILION, "markersize": 6}),
    "adjusted": ("some orders unfilled", {"marker": "^", "markerfacecolor": VERMILION, "markersize": 6}),
    "hold": ("held", {"marker": "o", "markerfacecolor": PAGE, "markersize": 4.5}),
    "refused": ("refused by a guard", {"marker": "X", "markerfacecolor": PAGE, "markersize": 6.5}),
}
"""Name in the key and look, by outcome; told apart by shape first. A planned run has no marker."""

_MANY_RUNS = 60  # beyond it the dots of ordinary rebalances touch each other and hide the exceptions
_FEW_DAYS = 5


def days_of(sessions: pd.Series[Any]) -> pd.DatetimeIndex:
    """Sessions (dates in any column type) as the days of a time axis."""
    return pd.DatetimeIndex([pd.Timestamp(session) for session in sessions])


def mark_runs(
    axes: Axes,
    days: NDArray[Any],
    heights: NDArray[np.float64],
    outcomes: NDArray[Any],
    key_at: float = 1.0,
    **placement: Any,
) -> None:
    """One marker a run, by outcome, and the key of those that occur above the axes.

    Args:
        axes: Where to draw; its title needs a pad of 22 points or more for the key.
        days: Day of each run (n,).
        heights: Where its marker stands (n,), data coordinates unless ``placement`` has a transform.
        outcomes: Outcome of each run (n,).
        key_at: Height of the key, as a fraction of the axes.
        placement: Passed on to ``Axes.plot``.
    """
    handles = []
    for outcome, (label, look) in MARKERS.items():
        at = outcomes == outcome
        if at.any() and not (outcome == "complete" and len(days) > _MANY_RUNS):
            handles += axes.plot(
                days[at], heights[at], linestyle="none", markeredgecolor=INK, markeredgewidth=0.8,
                label=label, gid=outcome, **look, **placement,
            )  # fmt: skip
    if handles:
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, key_at), ncols=4, frameon=False, fontsize=8,
            handletextpad=0, handlelength=1.5, columnspacing=1, borderpad=0, borderaxespad=0.9,
        )  # fmt: skip


def date_axis(axes: Axes, days: NDArray[Any]) -> None:
    """Ticks at the days themselves when they are few, at round dates otherwise."""
    distinct = np.unique(days)
    if len(distinct) <= _FEW_DAYS:
        axes.set_xticks(distinct)
        axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))  # type: ignore[no-untyped-call]
    else:
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
