"""An order request on its own: is it well formed, before anybody looks at the account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from brokerage.paper_exchange.refusal import Refusal, invalid

_KNOWN_TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop")
_KNOWN_TIMES_IN_FORCE = ("day", "gtc", "opg", "cls", "ioc", "fok")
_KNOWN_CLASSES = ("", "simple", "bracket", "oco", "oto", "mleg")
_KNOWN_INTENTS = ("", "buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close")
_LONGEST_CLIENT_ID = 128


@dataclass(frozen=True, slots=True)
class Ticket:
    """A well-formed order request; exactly one of ``qty`` (shares) and ``notional`` (USD) is set."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    client_order_id: str | None = None
    order_class: str = ""
    position_intent: str = ""
    extended_hours: bool = False

    @property
    def fractional(self) -> bool:
        """Whether it asks for part of a share."""
        return self.notional is not None or (self.qty is not None and self.qty % 1 != 0)


def parse_json(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body, numbers kept to the last digit.

    Raises:
        Refusal: 400 when it is no JSON object.
    """
    try:
        # the text of a float is the order: 0.30000000000000004 must be seen as 17 places
        content = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        # half a surrogate pair is JSON, but no text: it could be neither stored nor sent back
        json.dumps(content, ensure_ascii=False, default=str).encode()
    except (ValueError, InvalidOperation, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Refusal(400, 40010000, "request body format is invalid")
    return content


def parse_ticket(content: dict[str, Any]) -> Ticket:
    """Checks of required members and of the values of each.

    Raises:
        Refusal: 422 with code 40010001 and the first thing that is wrong.
    """
    ticket = Ticket(
        symbol=text(content, "symbol").upper(),
        side=text(content, "side"),
        type=text(content, "type"),
        time_in_force=text(content, "time_in_force"),
        qty=number(content, "qty"),
        notional=number(content, "notional"),
        limit_price=number(content, "limit_price"),
        stop_price=number(content, "stop_price"),
        trail_price=number(content, "trail_price"),
        trail_percent=number(content, "trail_percent"),
        client_order_id=text(content, "client_order_id") or None,
        order_class=text(content, "order_class"),
        position_intent=text(content, "position_intent"),
        extended_hours=content.get("extended_hours") is True,
    )
    check_values(ticket)
    return ticket


def check_values(ticket: Ticket) -> None:
    """Whether every value is one that Alpaca knows, and whether they fit together.

    Raises:
        Refusal: 422 with code 40010001 and the first thing that is wrong.
    """
    _check_members(ticket)
    _check_size(ticket)
    _check_prices(ticket)


def text(content: dict[str, Any], name: str) -> str:
    """A member that is a string; empty when it is absent or null.

    Raises:
        Refusal: 422 when it is anything else.
    """
    value = content.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    return value


def number(content: dict[str, Any], name: str) -> Decimal | None:
    """A member that is a number or the text of one; None when it is absent or null.

    Raises:
        Refusal: 422 when it is anything else, or too large to mean anything.
    """
    value = content.get(name)
    if value is None:
        return None
    try:
        figure = Decimal(value) if isinstance(value, str | Decimal) else Decimal("nan")
    except InvalidOperation:
        figure = Decimal("nan")
    if not figure.is_finite() or abs(figure) >= 10**12:
        raise invalid(f"invalid {name}")
    return figure


def _check_members(ticket: Ticket) -> None:
    if not ticket.symbol:
        raise invalid("symbol is required")
    if ticket.side not in ("buy", "sell"):
        raise invalid("invalid side")
    if ticket.type not in _KNOWN_TYPES:
        raise invalid("invalid order type")
    if ticket.time_in_force not in _KNOWN_TIMES_IN_FORCE:
        raise invalid("invalid time_in_force")
    if ticket.order_class not in _KNOWN_CLASSES:
        raise invalid("invalid order_class")
    if ticket.position_intent not in _KNOWN_INTENTS:
        raise invalid("invalid position_intent")
    if ticket.client_order_id and len(ticket.client_order_id) > _LONGEST_CLIENT_ID:
        raise invalid("client_order_id must be no more than 128 characters")


def _check_size(ticket: Ticket) -> None:
    if ticket.qty is None and ticket.notional is None:
        raise invalid("qty or notional is required")
    if ticket.qty is not None and ticket.notional is not None:
        raise invalid("only one of qty or notional is accepted")
    if ticket.qty is not None and ticket.qty <= 0:
        raise invalid("qty must be > 0")
    if ticket.notional is not None and ticket.notional <= 0:
        raise invalid("notional must be > 0")


def _check_prices(ticket: Ticket) -> None:
    for name in ("limit_price", "stop_price", "trail_price", "trail_percent"):
        price = getattr(ticket, name)
        if price is not None and price <= 0:
            raise invalid(f"{name.replace('_', ' ')} must be > 0")
    has_limit, has_stop = ticket.limit_price is not None, ticket.stop_price is not None
    trails = (ticket.trail_price, ticket.trail_percent).count(None)
    if ticket.type == "market" and (has_limit or has_stop):
        raise invalid("market orders require no stop or limit price")
    if ticket.type == "limit" and not has_limit:
        raise invalid("limit orders require a limit price")
    if ticket.type == "limit" and has_stop:
        raise invalid("limit orders require only limit price")
    if ticket.type == "stop" and (has_limit or not has_stop):
        raise invalid("stop orders require a stop price and no limit price")
    if ticket.type == "stop_limit" and not (has_limit and has_stop):
        raise invalid("stop limit orders require both stop and limit price")
    if ticket.type == "trailing_stop" and (trails != 1 or has_limit or has_stop):
        raise invalid("trailing stop orders must specify one of trail_price or trail_percent")
    if ticket.type != "trailing_stop" and trails != 2:  # noqa: PLR2004 - neither of the two
        raise invalid("trail_price and trail_percent are for trailing stop orders only")
