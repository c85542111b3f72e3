"""``make drive``: twenty years with different things going wrong, and figures of what was survived."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import sys
import time
from collections import Counter

from brokerage.calendar import TradingCalendar
from tests.e2e.year import START, WEEKS, Year, whole_year

SEEDS = range(1, 21)


def main() -> int:
    """Two years at a time; 1 when something did not hold."""
    begun = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(2, logging.disable, [logging.WARNING]) as pool:
        years = []
        for year in pool.imap(whole_year, SEEDS):
            years.append(year)
            _tell(_line(year))
    minutes = (time.monotonic() - begun) / 60
    unmet = [line for year in years for line in year.unmet()]
    _tell(*_figures(years, minutes), *unmet, f"{len(unmet)} things that do not hold")
    return bool(unmet)


def _line(year: Year) -> str:
    off = max(week.tracking_error for week in year.weeks)
    again = sum(len(week.outcomes) > 1 for week in year.weeks)
    return (
        f"seed {year.seed:2}: {_incidents(year).total():3} incidents, {year.orders} orders, {again:2} weeks took more "
        f"than one try, at most {off:.4%} off target, {year.requests} requests in {year.seconds:.0f} s"
    )


def _figures(years: list[Year], minutes: float) -> list[str]:
    weeks = [week for year in years for week in year.weeks]
    incidents = sum((_incidents(year) for year in years), Counter[str]())
    return [
        f"{len(weeks)} weeks in {minutes:.1f} minutes: {len(weeks) / minutes:.0f} weeks a minute",
        f"each year: 2 splits, 12 dividends, {_holidays()} holidays",
        f"{incidents.total()} incidents: {dict(incidents.most_common())}",
        f"{sum(year.orders for year in years)} orders, {sum(year.requests for year in years)} requests",
        f"{sum(len(week.overfilled) for week in weeks)} trades filled beyond what was meant",
        f"{sum(len(week.strangers) for week in weeks)} orders that nobody meant or that came twice",
        f"{sum(len(week.violations) for week in weeks)} broken invariants",
        f"weeks by tries: {dict(sorted(Counter(len(week.outcomes) for week in weeks).items()))}",
        f"at most {max(week.tracking_error for week in weeks):.4%} off target",
    ]  # fmt: skip


def _incidents(year: Year) -> Counter[str]:
    return sum((week.faults for week in year.weeks), Counter[str]())


def _holidays() -> int:
    end = START + dt.timedelta(weeks=WEEKS)
    weekdays = [day for n in range((end - START).days + 1) if (day := START + dt.timedelta(n)).weekday() < 5]
    return len(weekdays) - len(TradingCalendar().sessions(START, end))


def _tell(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
