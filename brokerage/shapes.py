"""The shapes of a broker's answers, whatever their values: where the loopback exchange differs from Alpaca."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from alpaca.data.historical import StockHistoricalDataClient

from brokerage.client import Broker
from brokerage.failures import CallFailed
from brokerage.transport import with_retries
from schemas.errors import RiskParityError

Shape = dict[str, set[str]]
"""The kinds of value found at each place: ``{"[].qty": {"decimal text"}}``."""

Question = tuple[str, Mapping[str, object]]
"""A path and its fields."""

SYMBOL = "SPY"


def questions(day: dt.date) -> dict[str, Question]:
    """What is asked of the trading API, by name."""
    week = {"start": (day - dt.timedelta(days=7)).isoformat(), "end": day.isoformat()}
    return {
        "account": ("/account", {}),
        "configuration": ("/account/configurations", {}),
        "clock": ("/clock", {}),
        "calendar": ("/calendar", week),
        "asset": (f"/assets/{SYMBOL}", {}),
        "positions": ("/positions", {}),
        "orders": ("/orders", {"status": "all", "limit": 10}),
        "activities": ("/account/activities/FILL", {"page_size": 10}),
        "portfolio history": ("/account/portfolio/history", {"period": "1M", "timeframe": "1D"}),
    }


def data_questions(day: dt.date) -> dict[str, Question]:
    """The same of the market data API; the bars end on the day before."""
    span = {
        "start": (day - dt.timedelta(days=10)).isoformat(),
        "end": (day - dt.timedelta(days=1)).isoformat(),
    }
    one = {"symbols": SYMBOL, "feed": "iex"}
    return {
        "bars": ("/stocks/bars", one | span | {"timeframe": "1Day", "limit": 5}),
        "quotes": ("/stocks/quotes/latest", one),
        "trades": ("/stocks/trades/latest", one),
        "snapshots": ("/stocks/snapshots", one),
    }


def shapes_of(
    broker: Broker, data: StockHistoricalDataClient, day: dt.date, patience: float
) -> dict[str, Shape]:
    """The shape of every answer, by the question's name; a question that is refused has none."""
    found = {}
    for name, (path, fields) in questions(day).items():
        try:
            found[name] = shape(broker.answer(path, **fields))
        except RiskParityError:
            found[name] = {}
    for name, (path, fields) in data_questions(day).items():
        try:
            found[name] = shape(with_retries(lambda p=path, f=fields: data.get(p, dict(f)), patience))  # type: ignore[misc]
        except CallFailed:
            found[name] = {}
    return found


def shape(answer: Any) -> Shape:
    """The kinds of value at every place of a JSON document; list items and symbols are one place.

    >>> shape([{"qty": "1.5", "legs": None}, {"qty": "2"}])
    {'[].qty': {'decimal text'}, '[].legs': {'null'}}
    """
    found: Shape = {}
    for place, kind in _places(answer, ""):
        found.setdefault(place, set()).add(kind)
    return found


def differences(ours: Mapping[str, Shape], theirs: Mapping[str, Shape]) -> list[str]:
    """Where two sets of answers differ in shape, in words; what only one of them could show is no difference."""
    return [
        f"{name}: {difference}"
        for name in sorted(ours.keys() & theirs.keys())
        if ours[name] and theirs[name]
        for difference in _differences(ours[name], theirs[name])
    ]


def _differences(ours: Shape, theirs: Shape) -> Iterator[str]:
    for place in sorted(theirs.keys() - ours.keys()):
        yield f"{place} is missing on the loopback exchange ({' or '.join(sorted(theirs[place]))})"
    for place in sorted(ours.keys() - theirs.keys()):
        yield f"{place} is only on the loopback exchange"
    for place in sorted(ours.keys() & theirs.keys()):
        here, there = ours[place] - {"null"}, theirs[place] - {"null"}
        if here and there and here != there:
            yield f"{place} is {' or '.join(sorted(here))} here, {' or '.join(sorted(there))} there"


def _places(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _places(member, f"{at}.{'SYMBOL' if key == SYMBOL else key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{at}[]")
    else:
        yield at, _kind(value)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    text = str(value)
    if _parses(float, text):
        return "decimal text"
    return "instant or date" if _parses(dt.datetime.fromisoformat, text) else "text"


def _parses(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
