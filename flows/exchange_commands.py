"""The commands on the loopback exchange: run it, look at it, move its virtual clock.

Heavy modules are imported where they are used, so that help is quick.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

Json = Annotated[bool, Parameter(name="--json", negative=())]

_EXCHANGE = """
The loopback paper exchange: where orders go when no keys are set.

Without a command it runs in the foreground until Ctrl-C; rebalances start one by themselves when none runs. It
speaks Alpaca's trading and market data API and its order stream (/stream), on 127.0.0.1 only. Point any Alpaca client to
the URL it prints; the keys stand in exchange.json in the state folder.

Its time is virtual and stands still: what waits for the open or the close waits until `riskparity exchange advance`
moves the clock on. `riskparity exchange advance close` ends the day, `... advance next_session` and `... advance
next_week` go to 10:00 New York.

It has no historical quotes and trades, no minute or hour bars, no market data stream, no crypto, no options and no orders with
several legs.
"""
exchange = App(name="exchange", help=_EXCHANGE)


@exchange.default
def serve(
    *,
    port: int | None = None,
    bars: Path | None = None,
    start: dt.date | None = None,
    requests_per_minute: Annotated[int | None, Parameter(validator=Number(gte=0, lte=10_000))] = None,
) -> int:
    """Run the exchange in the foreground until Ctrl-C.

    Args:
        port: TCP port on 127.0.0.1; a free one when left out.
        bars: Parquet or CSV of daily bars for a new exchange instead of the bundled prices: columns symbol, session or
            date, close, and when known open, high, low, volume. The exchange of a state folder keeps what it was opened with.
        start: First session of a new exchange, as YYYY-MM-DD; left out, the first one of the file with a year of sessions before it.
        requests_per_minute: Requests answered a minute; Alpaca's is 200, and 0 limits nothing.
    """
    from flows import loopback  # noqa: PLC0415

    return loopback.serve_in_foreground(port, bars, start, requests_per_minute)


@exchange.command
def status(*, json: Json = False) -> int:
    """Show the exchange's virtual time, its address and its account."""
    from flows import loopback  # noqa: PLC0415

    return loopback.status(as_json=json)


@exchange.command
def advance(to: Literal["next_session", "next_week", "close"] = "next_week") -> int:
    """Move the exchange's virtual clock forward, and let happen what happens on the way: fills, expiries, dividends.

    Args:
        to: next_session or next_week (both 10:00 New York), or close of the current session.
    """
    from flows import loopback  # noqa: PLC0415

    return loopback.advance(to)
