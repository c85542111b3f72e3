"""The account's equity over time: as marked at each close, or rebuilt within the day from its entries."""

from __future__ import annotations

import bisect
import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from starlette.requests import Request

from brokerage.paper_exchange import query
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.ledger import Entry, entries, opening_balance
from brokerage.paper_exchange.order import cents
from brokerage.paper_exchange.refusal import invalid
from brokerage.paper_exchange.store import get_meta

_STEPS = {
    "1Min": dt.timedelta(minutes=1),
    "5Min": dt.timedelta(minutes=5),
    "15Min": dt.timedelta(minutes=15),
    "1H": dt.timedelta(hours=1),
}
_DAYS = {"D": 1, "W": 7, "M": 30, "A": 365}
_FEW_DAYS, _INTRADAY_DAYS = dt.timedelta(days=7), dt.timedelta(days=30)
_FLOWS = ("CSD", "CSW")
_LONGEST = 3


class Span(NamedTuple):
    """What a request asks for."""

    start: dt.datetime
    end: dt.datetime
    timeframe: str
    resets_daily: bool
    cashflow_types: tuple[str, ...]


def read_span(request: Request, book: Book) -> Span:
    """The time asked for, a month up to now by default.

    Raises:
        Refusal: 422 for parameters that make no sense.
    """
    start, end = (
        query.moment(request, "start", invalid),
        query.moment(request, "end", invalid, end_of_day=True),
    )
    period = request.query_params.get("period")
    if period and start and end:
        raise invalid("only two of start, end and period can be specified")
    length = _length(period or "1M")
    if start and not end:
        end = start + length if period else book.now
    end = min(end or book.now, book.now)
    start = start or end - length
    timeframe = request.query_params.get("timeframe") or _usual(end - start)
    query.choice(request, "intraday_reporting", ("market_hours", "extended_hours", "continuous"), invalid)
    if timeframe not in ("1D", *_STEPS):
        raise invalid(f"invalid timeframe: {timeframe}")
    if timeframe != "1D" and end - start > _INTRADAY_DAYS + dt.timedelta(days=1):
        raise invalid(f"timeframe {timeframe} is for 30 days at most")
    resets = query.choice(request, "pnl_reset", ("per_day", "no_reset"), invalid) == "per_day"
    flows = request.query_params.get("cashflow_types", "NONE")
    return Span(start, end, timeframe, resets and timeframe != "1D", tuple(flows.split(",")))


def portfolio_history(book: Book, span: Span) -> dict[str, Any]:
    """The series as Alpaca sends them: equity, and profit or loss without deposits and withdrawals."""
    points = list(_closes(book, span) if span.timeframe == "1D" else _rebuilt(book, span))
    first = points[0][0] if points else span.start
    base, asof = _base(book, first)
    flows = [entry for entry in entries(book.store.book) if entry.type != "FILL" and first < _when(entry)]
    moved = [(_when(entry), entry.cash) for entry in flows if entry.type in _FLOWS]
    gains, reference, since = [], base, first - _STEPS["1Min"]
    for i, (when, equity) in enumerate(points):
        if span.resets_daily and i and points[i - 1][0].date() != when.date():
            reference, since = points[i - 1][1], points[i - 1][0]
        paid_in = sum((cash for at, cash in moved if since < at <= when), Decimal(0))
        gains.append((equity - reference - paid_in, reference))
    return {
        "timestamp": [int(when.timestamp()) for when, _ in points],
        "equity": [float(equity) for _, equity in points],
        "profit_loss": [float(gain) for gain, _ in gains],
        "profit_loss_pct": [float(round(gain / of, 6)) if of else 0.0 for gain, of in gains],
        "base_value": float(base),
        "base_value_asof": asof.isoformat(),
        "timeframe": span.timeframe,
        "cashflow": _cashflow(flows, points, span.cashflow_types),
    }


def _length(period: str) -> dt.timedelta:
    match = re.fullmatch(r"(\d{1,3})([DWMA])", period)
    if match is None or int(match[1]) == 0:
        raise invalid(f"invalid period: {period}")
    return dt.timedelta(days=int(match[1]) * _DAYS[match[2]])


def _usual(length: dt.timedelta) -> str:
    if length < _FEW_DAYS:
        return "1Min"
    return "15Min" if length < _INTRADAY_DAYS else "1D"


def _closes(book: Book, span: Span) -> Iterator[tuple[dt.datetime, Decimal]]:
    for row in book.store.rows("SELECT session, equity FROM day_end ORDER BY session"):
        closing = book.sessions.hours(dt.date.fromisoformat(row["session"])).close
        if span.start <= closing <= span.end:
            yield closing, Decimal(row["equity"])
    if book.is_open and span.end == book.now:
        yield book.now, book.account().equity


def _rebuilt(book: Book, span: Span) -> Iterator[tuple[dt.datetime, Decimal]]:
    held, known = opening_balance(book.store.book), entries(book.store.book)
    opened = dt.datetime.fromisoformat(get_meta(book.store.book, "opened_at") or "")
    for when in _instants(book, max(span.start, opened), span.end, _STEPS[span.timeframe]):
        due = bisect.bisect_right(known, when, key=_when)
        for entry in known[:due]:
            held.add(entry)
        known = known[due:]
        quotes = {symbol: book.tape.quote(symbol, when) for symbol in held.shares}
        worth = (qty * quote.last for s, qty in held.shares.items() if (quote := quotes[s]) is not None)
        yield when, held.cash + cents(sum(worth, Decimal(0)))


def _instants(book: Book, start: dt.datetime, end: dt.datetime, step: dt.timedelta) -> Iterator[dt.datetime]:
    for session in book.sessions.between(start.date() - dt.timedelta(days=1), end.date()):
        when, closing = book.sessions.hours(session)
        while when < closing:
            if start <= when <= end:
                yield when
            when += step


def _base(book: Book, first: dt.datetime) -> tuple[Decimal, dt.date]:
    """The last equity marked before the first point, and its session."""
    before = book.sessions.latest(first - _STEPS["1Min"])
    rows = book.store.rows(
        "SELECT * FROM day_end WHERE session < ? ORDER BY session DESC LIMIT 1", str(before)
    )
    if rows:
        return Decimal(rows[0]["equity"]), dt.date.fromisoformat(rows[0]["session"])
    return opening_balance(book.store.book).cash, book.sessions.preceding(before)


def _cashflow(
    flows: list[Entry], points: list[tuple[dt.datetime, Decimal]], types: tuple[str, ...]
) -> dict[str, list[float]]:
    wanted = {e.type for e in flows if e.cash and (e.type in types or "ALL" in types)}
    ends = [when for when, _ in points]
    series = {kind: [0.0] * len(ends) for kind in sorted(wanted)}
    for entry in flows:
        slot = bisect.bisect_left(ends, _when(entry))
        if entry.type in series and slot < len(ends):
            series[entry.type][slot] += float(entry.cash)
    return series


def _when(entry: Entry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry.at)
