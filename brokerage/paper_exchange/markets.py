"""``/v3/clock`` and ``/v3/calendar``: the markets whose hours are those of the New York Stock Exchange."""

from __future__ import annotations

import datetime as dt
from typing import Any

from brokerage.paper_exchange.refusal import bad_data_request
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions

_MARKETS = (
    ("NYSE", "XNYS", "New York Stock Exchange"),
    ("NASDAQ", "XNAS", "National Association of Securities Dealers Automated Quotations"),
    ("IEX", "IEXG", "Investors Exchange"),
)


def read_market(name: str) -> dict[str, str]:
    """The market of an acronym or MIC, as the API describes it.

    Raises:
        Refusal: 400 for any other market.
    """
    for acronym, mic, full_name in _MARKETS:
        if name in (acronym, mic):
            return {"acronym": acronym, "mic": mic, "name": full_name, "timezone": "America/New_York"}
    raise bad_data_request(f"invalid market: {name} (the loopback exchange has NYSE, NASDAQ and IEX)")


def market_clock(market: dict[str, str], sessions: Sessions, now: dt.datetime) -> dict[str, Any]:
    """What a market is doing at ``now`` and until when.

    Raises:
        Refusal: 400 for a time outside the table of sessions.
    """
    today = now.astimezone(NEW_YORK).date()
    if not sessions.days[1] < today < sessions.days[-2]:
        raise bad_data_request("invalid time: no calendar")
    phases = _phases(sessions, today) if sessions.between(today, today) else []
    following = _phases(sessions, sessions.following(today))
    phase, until = "closed", following[0][1]
    for name, start, end in reversed(phases):
        if now < start:
            phase, until = "closed", start
        elif now < end:
            phase, until = name, end
            break
    return {
        "market": market,
        "timestamp": _local(now),
        "is_market_day": bool(phases),
        "next_market_open": _local(sessions.next_open(now)),
        "next_market_close": _local(sessions.next_close(now)),
        "phase": phase,
        "phase_until": _local(until),
    }


def calendar_day(sessions: Sessions, session: dt.date, zone: dt.tzinfo) -> dict[str, Any]:
    """One session with its phases."""
    day: dict[str, Any] = {
        "date": session.isoformat(),
        "settlement_date": sessions.following(session).isoformat(),
    }
    for name, start, end in _phases(sessions, session):
        day[f"{name}_start"], day[f"{name}_end"] = (
            start.astimezone(zone).isoformat(),
            end.astimezone(zone).isoformat(),
        )
    return day


def _phases(sessions: Sessions, session: dt.date) -> list[tuple[str, dt.datetime, dt.datetime]]:
    hours, extended = sessions.hours(session), sessions.extended_hours(session)
    return [
        ("pre", extended.open, hours.open),
        ("core", hours.open, hours.close),
        ("post", hours.close, extended.close),
    ]


def _local(when: dt.datetime) -> str:
    return when.astimezone(NEW_YORK).isoformat()
