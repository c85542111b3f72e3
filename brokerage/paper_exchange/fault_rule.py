"""One thing that goes wrong at the exchange: what it is, and for which requests. The model is the manual."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from schemas.forms import Parameters

Lost = Literal["status", "page_500", "redirect", "drop_before", "reset_before", "hang"]
"""Nothing is processed.

status: ``status`` with ``answer`` and ``headers``. page_500: 500 for a request with a page token.
redirect: 302 to ``location``. drop_before: the connection ends in order, without a byte.
reset_before: it is reset. hang: silence until the client gives up.
"""

Late = Literal["delay"]
"""delay: processed, and answered, ``seconds`` later."""

Unheard = Literal[
    "status_after_commit",
    "drop_after_commit",
    "reset_after_commit",
    "hang_after_commit",
    "truncate_body",
    "bad_json",
    "empty_200",
]
"""Processed and on disk, but the client does not get to hear what came of it.

status_after_commit: ``status`` with ``answer`` instead (504 when the edge gave up waiting).
drop_after_commit, reset_after_commit, hang_after_commit: as their namesakes. truncate_body: half of the
body, then the end of the connection. bad_json: a body that is no JSON. empty_200: 200 without a body.
"""

Lie = Literal[
    "stale_response",
    "unknown_enum",
    "missing_field",
    "extra_field",
    "empty_page_token",
    "repeat_page_token",
    "symbol_missing",
    "quote_zero",
    "price_spike",
    "stale_bars",
    "clock_skew",
]
"""Processed, and answered with something that is not so; of ``symbol`` alone when that is given.

stale_response: what the first match of the same URL was answered. unknown_enum: ``field`` has the value
``value`` wherever it occurs. missing_field: ``field`` is left out. extra_field: ``field`` with ``value``
is added to every record. empty_page_token: ``next_page_token`` is "". repeat_page_token: it is the same
each time. symbol_missing: ``symbol`` is left out. quote_zero: bid and ask are 0. price_spike: quotes,
trades and the newest bar are ``factor`` times as high. stale_bars: the newest ``sessions`` bars are
left out. clock_skew: the clock is ``skew`` ahead.
"""

Fate = Literal["reject_async", "never_fill", "partial", "stuck_pending_cancel", "fill_on_cancel", "slow"]
"""The order of a POST /v2/orders is accepted; later its fate is another.

reject_async: rejected for ``reason``. never_fill: stays open. partial: ``fraction`` of it fills, ``then``
the rest stays open (hold), is cancelled (cancel) or fills too (continue). stuck_pending_cancel: stays
open, and a cancel is acknowledged but never done. fill_on_cancel: stays open, and fills when it is
cancelled. slow: fills ``seconds`` of the virtual clock later.
"""

Incident = Literal["halt", "untradable", "lose_fractionable", "block_account"]
"""Before the request is processed, the world changes, and stays changed.

halt: nothing in ``symbol`` fills any more. untradable: ``symbol`` takes no orders.
lose_fractionable: ``symbol`` takes whole shares only. block_account: the account's ``field`` is true
(account_blocked, trading_blocked, transfers_blocked) or, for status, ``value``.
"""

Stream = Literal["ws_drop", "ws_dup", "ws_reorder"]
"""Concerns events on their way to ``/stream``; every event is one match.

ws_drop: the connection ends instead, and the event is lost. ws_dup: it is sent twice. ws_reorder: it
is sent after the next one.
"""

Kind = Literal["answer", "fate", "incident", "stream"]
_KINDS: dict[str, Kind] = {
    "reject_async": "fate",
    "never_fill": "fate",
    "partial": "fate",
    "stuck_pending_cancel": "fate",
    "fill_on_cancel": "fate",
    "slow": "fate",
    "halt": "incident",
    "untradable": "incident",
    "lose_fractionable": "incident",
    "block_account": "incident",
    "ws_drop": "stream",
    "ws_dup": "stream",
    "ws_reorder": "stream",
}
_PATHS = {
    "empty_page_token": r"/bars$|/corporate-actions$",
    "repeat_page_token": r"/bars$|/corporate-actions$",
    "quote_zero": r"^/v2/stocks/",
    "price_spike": r"^/v2/stocks/",
    "stale_bars": r"/bars$",
    "clock_skew": r"/clock$",
}
"""Where a lie makes sense at all."""
_NEEDED = {
    "unknown_enum": "field",
    "missing_field": "field",
    "extra_field": "field",
    "block_account": "field",
    "symbol_missing": "symbol",
    "halt": "symbol",
    "untradable": "symbol",
    "lose_fractionable": "symbol",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule can look at: a request, or an event on its way to the stream."""

    method: str
    path: str
    query: str
    body: str
    symbols: frozenset[str]
    client_order_id: str
    at: dt.datetime


class FaultRule(Parameters):
    """One thing that goes wrong for requests that match."""

    action: Lost | Late | Unheard | Lie | Fate | Incident | Stream
    """What goes wrong; see the groups above it in this module."""
    id: str = ""
    """Name of the rule in the request log and in the list of rules; the action when empty."""
    method: str = ""
    """HTTP method; empty matches all."""
    path: re.Pattern[str] = re.compile("")
    """Regular expression searched in the path."""
    query: re.Pattern[str] = re.compile("")
    """Regular expression searched in the query string."""
    body: re.Pattern[str] = re.compile("")
    """Regular expression searched in the request body."""
    symbol: str = ""
    """Symbol that the request (its order, its path, its symbols) or the event is about; empty: any.
    An incident strikes this symbol whatever the request is about."""
    client_order_id: re.Pattern[str] = re.compile("")
    """Regular expression searched in the client_order_id of the order it is about."""
    after_time: AwareDatetime | None = None
    """Instant of the virtual clock before which nothing matches."""
    nth: int = Field(default=1, ge=1)
    """The first match the rule acts on; earlier ones pass."""
    every: int = Field(default=1, ge=1)
    """From there on it acts on each so-many-th match."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Chance that it acts on a match it could act on; drawn from ``seed``, so it is the same each time."""
    seed: int = 0
    """Seed of ``prob``."""
    times: int | None = Field(default=1, ge=1)
    """How often it acts; none means for ever."""
    lasts: float | None = Field(default=None, gt=0)
    """How long it acts, counted from the first time (real seconds); none means for ever."""
    status: int = Field(default=500, ge=200, le=599)
    """HTTP status to answer."""
    answer: dict[str, Any] | str | None = None
    """Body to answer: a JSON object, or text as it is; none is Alpaca's body for that status."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Further headers to answer."""
    location: str = "https://elsewhere.invalid/"
    """Where a redirect leads."""
    seconds: float = Field(default=0.0, ge=0, le=600)
    """Delay (seconds)."""
    fraction: Decimal = Field(default=Decimal("0.5"), gt=0, lt=1)
    """Share of the order that fills (fraction)."""
    then: Literal["hold", "cancel", "continue"] = "hold"
    """What becomes of the rest of a partially filled order."""
    reason: str = "rejected by the venue"
    """Why an order is rejected after it was accepted."""
    field: str = ""
    """Name of a member of the answer."""
    value: Any = "something_new"
    """Its value."""
    factor: float = Field(default=2.0, gt=0)
    """Factor on prices."""
    sessions: int = Field(default=1, ge=1)
    """Number of newest bars left out."""
    skew: float = 600.0
    """How far the clock is ahead (seconds)."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = _NEEDED.get(self.action)
        if needed and not getattr(self, needed):
            raise ValueError(f"{self.action} needs {needed}")
        return self

    @property
    def name(self) -> str:
        """What the request log calls it."""
        return self.id or self.action

    @property
    def kind(self) -> Kind:
        """What it acts on; of each kind at most one rule acts on one request."""
        return _KINDS.get(self.action, "answer")

    @property
    def fate(self) -> str:
        """What it has in store for an order, as ``Order.fate`` spells it."""
        return {
            "reject_async": f"reject:{self.reason}",
            "never_fill": "hold",
            "partial": f"partial:{self.fraction}:{self.then}",
            "slow": f"slow:{self.seconds:g}",
        }.get(self.action, self.action)

    def matches(self, call: Call) -> bool:
        """Whether ``call`` is one of those it is about."""
        return (
            self._concerns(call)
            and self.method in ("", call.method)
            and bool(self.path.search(call.path))
            and bool(self.query.search(call.query))
            and bool(self.body.search(call.body))
            and bool(self.client_order_id.search(call.client_order_id))
            and (self.after_time is None or call.at >= self.after_time)
            and (not self.symbol or self.kind == "incident" or self.symbol in call.symbols)
        )

    def _concerns(self, call: Call) -> bool:
        if self.action == "page_500":
            return "page_token=" in call.query
        if self.kind == "fate":
            return (call.method, call.path) == ("POST", "/v2/orders")
        if (self.kind == "stream") != (call.path == "/stream"):
            return False
        return bool(re.search(_PATHS.get(self.action, ""), call.path))
