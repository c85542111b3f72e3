"""An order request on its own: is it well formed, before anybody looks at the account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from brokerage.paper_exchange.refusal import Refusal, invalid, unprocessable

_KNOWN_TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop")
_KNOWN_TIMES_IN_FORCE = ("day", "gtc", "opg", "cls", "ioc", "fok")
_LONGEST_CLIENT_ID = 128
_SHARE_PLACES = 9
_CENT_PLACES = 2


@dataclass(frozen=True, slots=True)
class Ticket:
    """A well-formed order request; exactly one of ``qty`` (shares) and ``notional`` (USD) is set."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    qty: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    client_order_id: str | None
    order_class: str
    extended_hours: bool

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
    except ValueError:
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
        symbol=_text(content, "symbol").upper(),
        side=_text(content, "side"),
        type=_text(content, "type"),
        time_in_force=_text(content, "time_in_force"),
        qty=_number(content, "qty"),
        notional=_number(content, "notional"),
        limit_price=_number(content, "limit_price"),
        client_order_id=_text(content, "client_order_id") or None,
        order_class=_text(content, "order_class"),
        extended_hours=content.get("extended_hours") is True,
    )
    _check_values(ticket)
    _check_size(ticket)
    _check_limit(ticket, has_stop=content.get("stop_price") is not None)
    return ticket


def check_rules(ticket: Ticket) -> None:
    """Rules on time in force, fractions and precision, which come after the asset is known.

    Raises:
        Refusal: 422 with code 42210000. Types, times in force and order classes that Alpaca has and
            this exchange has not are refused here too, and say so.
    """
    if ticket.extended_hours:
        if ticket.type != "limit" or ticket.time_in_force != "day":
            raise unprocessable("extended hours order must be DAY limit orders")
        raise _not_here("extended hours")
    if ticket.fractional and ticket.time_in_force != "day":
        raise unprocessable("fractional orders must be DAY orders")
    if ticket.fractional and ticket.order_class not in ("", "simple"):
        raise unprocessable("fractional orders must be simple orders")
    if ticket.notional is not None and _places(ticket.notional) > _CENT_PLACES:
        raise unprocessable("notional value must be limited to 2 decimal places")
    if ticket.qty is not None and _places(ticket.qty) > _SHARE_PLACES:
        raise unprocessable("qty must be limited to 9 decimal places")
    if ticket.limit_price is not None and _places(ticket.limit_price) > (2 if ticket.limit_price >= 1 else 4):
        raise unprocessable(
            f"invalid limit_price {ticket.limit_price:f}. "
            "sub-penny increment does not fulfill minimum pricing criteria"
        )
    for name, value, served in (
        ("order type", ticket.type, ("market", "limit")),
        ("time_in_force", ticket.time_in_force, ("day", "gtc")),
        ("order class", ticket.order_class, ("", "simple")),
    ):
        if value not in served:
            raise _not_here(f"{name} {value}")


def _check_values(ticket: Ticket) -> None:
    if not ticket.symbol:
        raise invalid("symbol is required")
    if ticket.side not in ("buy", "sell"):
        raise invalid("invalid side")
    if ticket.type not in _KNOWN_TYPES:
        raise invalid("invalid order type")
    if ticket.time_in_force not in _KNOWN_TIMES_IN_FORCE:
        raise invalid("invalid time_in_force")
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


def _check_limit(ticket: Ticket, *, has_stop: bool) -> None:
    if ticket.limit_price is not None and ticket.limit_price <= 0:
        raise invalid("limit price must be > 0")
    if ticket.type == "market" and (ticket.limit_price is not None or has_stop):
        raise invalid("market orders require no stop or limit price")
    if ticket.type == "limit" and ticket.limit_price is None:
        raise invalid("limit orders require a limit price")


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    return value


def _number(content: dict[str, Any], name: str) -> Decimal | None:
    value = content.get(name)
    if value is None:
        return None
    try:
        number = Decimal(value) if isinstance(value, str | Decimal) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number) >= 10**12:
        raise invalid(f"invalid {name}")
    return number


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _not_here(what: str) -> Refusal:
    return unprocessable(f"{what} is not supported by the loopback exchange")
