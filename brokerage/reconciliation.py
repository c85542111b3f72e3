"""Whether the account's own record explains how it came from where a run left it to where it stands now."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from brokerage.activities import FLOWS, Activity
from brokerage.calendar import NEW_YORK
from brokerage.orders import NOTHING
from brokerage.preflight import SAME_SHARES

CASH_TOLERANCE = Decimal("0.0005")
"""Fees and roundings by which cash may differ unexplained (fraction of the money that moved) ..."""
LEAST_TOLERANCE = Decimal(1)
"""... and at least this much (USD)."""
MOST_APART = 8
"""So many lines of which nobody knows whether they came before a run are judged one by one, the rest together."""
CHANGES_SHARES = frozenset({"SPLIT", "SSP", "SPIN", "SSO", "REORG", "MA", "NC", "REO", "SC", "ACATS", "JNLS"})
"""Corporate actions and transfers: they change shares by rules of their own, which the broker knows best."""


@dataclass(frozen=True)
class LeftBehind:
    """The account as a run left it: shares by symbol, cash, and the orders it knows, by the broker's ids.

    ``filled`` are the shares and the money (below zero: paid) of each order as the run recorded it;
    ``at`` is the exchange's time when the run began.
    """

    at: dt.datetime
    session: dt.date
    shares: Mapping[str, Decimal]
    cash: Decimal
    filled: Mapping[str, tuple[Decimal, Decimal]]


@dataclass(frozen=True)
class Since:
    """What the record tells of the time since then."""

    unexplained: dict[str, str]
    """By symbol or ``CASH``, in words; empty when everything is accounted for."""
    flows: Decimal
    """Money paid in, less money paid out (USD)."""
    foreign_fills: int
    """Fills of orders that are not the run's: somebody else trades here."""


def since(
    left: LeftBehind, shares: Mapping[str, Decimal], cash: Decimal, activities: Iterable[Activity]
) -> Since:
    """Compare what the record makes of ``left`` with what the account holds now.

    Each line of the run's own day that is not dated before it began may have come before the run last looked at
    the account or after it: the reading that explains most is taken.
    """
    certain, doubtful = _new(left, activities)
    found = [_read(left, shares, cash, [*certain, *came_after]) for came_after in _readings(doubtful)]
    return min(found, key=lambda reading: len(reading.unexplained))


def _read(
    left: LeftBehind, shares: Mapping[str, Decimal], cash: Decimal, record: Sequence[Activity]
) -> Since:
    return Since(
        unexplained=_shares_unexplained(left, shares, record) | _cash_unexplained(left, cash, record),
        flows=sum((entry.cash for entry in record if entry.activity_type in FLOWS), NOTHING),
        foreign_fills=sum(entry.is_fill and entry.order_id not in left.filled for entry in record),
    )


def _readings(doubtful: Iterable[Activity]) -> Iterator[list[Activity]]:
    """Every choice of what came after the run; none of it first."""
    by_size = sorted(doubtful, key=lambda entry: abs(entry.cash), reverse=True)
    lots = [[entry] for entry in by_size[:MOST_APART]]
    if small := by_size[MOST_APART:]:
        lots.append(small)
    for chosen in itertools.product([False, True], repeat=len(lots)):
        yield [entry for lot in itertools.compress(lots, chosen) for entry in lot]


def _new(left: LeftBehind, activities: Iterable[Activity]) -> tuple[list[Activity], list[Activity]]:
    """What came after the day of the run or belongs to its orders, and what may have come before or after its end."""
    certain, doubtful = [], []
    for entry in activities:
        when = entry.transaction_time
        day = when.astimezone(NEW_YORK).date() if when else entry.date
        if entry.order_id in left.filled or (day and day > left.session):
            certain.append(entry)
        elif day == left.session and (when is None or when >= left.at):
            doubtful.append(entry)
    return certain, doubtful


def _shares_unexplained(
    left: LeftBehind, now: Mapping[str, Decimal], record: Sequence[Activity]
) -> dict[str, str]:
    expected = defaultdict(Decimal, left.shares)
    symbol_of = {entry.order_id: entry.symbol or "" for entry in record if entry.is_fill}
    for entry in record:
        if entry.is_fill:
            expected[entry.symbol or ""] += entry.shares
    for order_id in left.filled.keys() & symbol_of.keys():
        expected[symbol_of[order_id]] -= left.filled[order_id][0]
    changed = {entry.symbol for entry in record if entry.activity_type in CHANGES_SHARES}
    return {
        symbol: f"holds {now.get(symbol, NOTHING):f}, and {expected[symbol]:f} by the record"
        for symbol in sorted(expected.keys() | now.keys())
        if symbol not in changed and abs(now.get(symbol, NOTHING) - expected[symbol]) > SAME_SHARES
    }


def _cash_unexplained(left: LeftBehind, now: Decimal, record: Sequence[Activity]) -> dict[str, str]:
    seen = {entry.order_id for entry in record if entry.is_fill}
    known = sum((money for order, (_, money) in left.filled.items() if order in seen), NOTHING)
    expected = left.cash + sum((entry.cash for entry in record), NOTHING) - known
    tolerance = max(LEAST_TOLERANCE, CASH_TOLERANCE * sum((abs(entry.cash) for entry in record), NOTHING))
    if abs(now - expected) <= tolerance:
        return {}
    return {"CASH": f"${now:,.2f}, and ${expected:,.2f} by the record"}
