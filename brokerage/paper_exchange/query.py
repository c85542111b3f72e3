"""Reading query parameters as strictly as Alpaca does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from starlette.requests import Request

from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.sessions import NEW_YORK

Refuse = Callable[[str], Refusal]
"""How the API at hand words a bad parameter."""


def whole(request: Request, name: str, default: int, most: int, refuse: Refuse) -> int:
    """A whole number from 1 to ``most``.

    Raises:
        Refusal: It is no such number.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise refuse(f"invalid {name}: must be between 1 and {most}")
    return int(text)


def choice(request: Request, name: str, options: tuple[str, ...], refuse: Refuse) -> str:
    """One of ``options``; the first is the default.

    Raises:
        Refusal: It is none of them.
    """
    value = request.query_params.get(name, options[0])
    if value not in options:
        raise refuse(f"invalid {name}: {value}")
    return value


def flag(request: Request, name: str, refuse: Refuse) -> bool:
    """True or false, in any case of letters, as clients in several languages write it; false by default.

    Raises:
        Refusal: It is neither.
    """
    value = request.query_params.get(name, "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise refuse(f"invalid {name}: {value}")
    return value in ("true", "1")


def symbols(request: Request, name: str = "symbols") -> list[str]:
    """Comma separated symbols, in upper case, without repeats."""
    text = request.query_params.get(name, "")
    return list(dict.fromkeys(symbol.strip().upper() for symbol in text.split(",") if symbol.strip()))


def moment(request: Request, name: str, refuse: Refuse, *, end_of_day: bool = False) -> dt.datetime | None:
    """An RFC 3339 instant, or a date: its first (or last) instant in New York.

    Raises:
        Refusal: It is neither.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(f"invalid {name}: {text}") from error
    if not 1900 <= when.year <= 2100:  # noqa: PLR2004 - no exchange has traded, and dates near the ends overflow
        raise refuse(f"invalid {name}: {text}")
    if len(text) == len("2015-06-01"):
        time = dt.time.max if end_of_day else dt.time.min
        return dt.datetime.combine(when.date(), time, NEW_YORK).astimezone(dt.UTC)
    return when.replace(tzinfo=when.tzinfo or dt.UTC).astimezone(dt.UTC)


def date(request: Request, name: str, default: dt.date, refuse: Refuse) -> dt.date:
    """A date; the time of day of an instant is ignored.

    Raises:
        Refusal: It is neither.
    """
    text = request.query_params.get(name)
    try:
        return default if text is None else dt.datetime.fromisoformat(text).date()
    except ValueError as error:
        raise refuse(f"invalid {name}: {text}") from error
