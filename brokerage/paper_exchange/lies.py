"""Answers that are not so: what a fault rule makes of a good JSON answer."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from brokerage.paper_exchange.fault_rule import FaultRule

FIRST_PAGE = base64.urlsafe_b64encode(b"|D|1900-01-01").decode()
"""A page token in the exchange's own spelling, for the page with which everything begins."""
_PRICES = ("o", "h", "l", "c", "vw", "p", "ap", "bp")


def distort(rule: FaultRule, content: Any) -> Any:
    """``content``, an answer's JSON, as ``rule`` changes it; it may be changed in place."""
    change = _CHANGES.get(rule.action)
    if change is not None:
        change(rule, content)
    elif rule.action == "symbol_missing":
        return _without_symbol(rule.symbol, content)
    return content


def _records(content: Any) -> Iterator[dict[str, Any]]:
    """Every object anywhere in ``content``, outermost first."""
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from _records(part)


def _parts(rule: FaultRule, content: Any) -> Iterator[Any]:
    """The parts of ``content`` that are about the rule's symbol; all of it when it has none."""
    if not rule.symbol:
        yield content
        return
    for record in list(_records(content)):
        if rule.symbol in (record.get("symbol"), record.get("S")):
            yield record
        elif rule.symbol in record:
            yield record[rule.symbol]


def _replace(rule: FaultRule, content: Any) -> None:
    for part in _parts(rule, content):
        for record in _records(part):
            if rule.field in record:
                record[rule.field] = rule.value


def _remove(rule: FaultRule, content: Any) -> None:
    for part in _parts(rule, content):
        for record in _records(part):
            record.pop(rule.field, None)


def _add(rule: FaultRule, content: Any) -> None:
    for record in list(_records(content)):
        # {"bars": {"SPY": [...]}} and the like are maps from symbols, not records
        if any(not isinstance(value, dict | list) for value in record.values()):
            record[rule.field] = rule.value


def _empty_token(_: FaultRule, content: Any) -> None:
    content["next_page_token"] = ""


def _same_token(_: FaultRule, content: Any) -> None:
    content["next_page_token"] = FIRST_PAGE


def _without_symbol(symbol: str, content: Any) -> Any:
    if isinstance(content, list):
        kept = [part for part in content if not (isinstance(part, dict) and part.get("symbol") == symbol)]
        return [_without_symbol(symbol, part) for part in kept]
    if isinstance(content, dict):
        return {name: _without_symbol(symbol, part) for name, part in content.items() if name != symbol}
    return content


def _zero_quotes(rule: FaultRule, content: Any) -> None:
    for part in _parts(rule, content):
        for record in _records(part):
            if "ap" in record:
                record |= {"ap": 0, "bp": 0}


def _spike(rule: FaultRule, content: Any) -> None:
    for part in _parts(rule, content):
        for record in _newest(part):
            for name in _PRICES:
                if isinstance(record.get(name), int | float):
                    record[name] = round(record[name] * rule.factor, 4)


def _newest(content: Any) -> Iterator[dict[str, Any]]:
    """Every object, but of a list only those of its last member."""
    if isinstance(content, dict):
        yield content
        for part in content.values():
            yield from _newest(part)
    elif isinstance(content, list) and content:
        yield from _newest(content[-1])


def _cut_bars(rule: FaultRule, content: Any) -> None:
    bars = content["bars"] or {}
    lists = bars if isinstance(bars, dict) else {rule.symbol: bars}
    for symbol in [rule.symbol] if rule.symbol else lists:
        del lists.get(symbol, [])[-rule.sessions :]


def _skew_clock(rule: FaultRule, content: Any) -> None:
    shown = dt.datetime.fromisoformat(content["timestamp"]) + dt.timedelta(seconds=rule.skew)
    content["timestamp"] = shown.isoformat()


_CHANGES: dict[str, Callable[[FaultRule, Any], None]] = {
    "unknown_enum": _replace,
    "missing_field": _remove,
    "extra_field": _add,
    "empty_page_token": _empty_token,
    "repeat_page_token": _same_token,
    "quote_zero": _zero_quotes,
    "price_spike": _spike,
    "stale_bars": _cut_bars,
    "clock_skew": _skew_clock,
}
