"""How real the exchange feels: what is switched off so that tests are exact, and can be switched on."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from pydantic import Field

from brokerage.paper_exchange.ids import draw
from brokerage.paper_exchange.store import get_meta
from schemas.forms import Parameters


class ExchangeOptions(Parameters):
    """Switches of one exchange, kept in its file."""

    partial_fill_share: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """Share of orders that fill in two parts of random size (Alpaca paper: 0.1)."""
    latency_seconds: float = Field(default=0.0, ge=0, le=3600)
    """Time until an order may fill, on the virtual clock or on a real one (seconds)."""
    slippage_bps: Decimal = Field(default=Decimal(0), ge=0, le=1000)
    """How much worse than the far side of the quote market orders fill (basis points)."""
    collar: Decimal = Field(default=Decimal("0.05"), gt=0, le=1)
    """A market order never fills further than this from the price it was judged by (fraction)."""
    live_like: bool = False
    """Whether dividends and capital gains are paid, as on a live account; paper pays none."""
    recent_sip: bool = True
    """Whether the data plan includes consolidated prices of the last 15 minutes; Alpaca's free plan does not."""
    check_invariants: bool = False
    """Whether every command is checked, and undone when it breaks an invariant."""


def read_options(book: sqlite3.Connection) -> ExchangeOptions:
    """The switches in force."""
    return ExchangeOptions.model_validate_json(get_meta(book, "options") or "{}")


def fate_by_chance(book: sqlite3.Connection, options: ExchangeOptions, seq: int) -> str:
    """What the switches have in store for the ``seq``-th order."""
    if draw(book, "partial", seq) < options.partial_fill_share:
        fraction = (1 + 98 * draw(book, "fraction", seq)) / 100
        return f"partial:{fraction:.2f}:continue"
    return f"slow:{options.latency_seconds:g}" if options.latency_seconds else ""
