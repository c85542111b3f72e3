"""Rules on time in force, fractions, precision and hours: what no account may send."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from brokerage.paper_exchange.refusal import unprocessable
from brokerage.paper_exchange.sessions import NEW_YORK, Sessions, at
from brokerage.paper_exchange.ticket import Ticket

_SHARE_PLACES = 9
_CENT_PLACES = 2
_EVENING = dt.time(19)
_BEFORE_OPEN = dt.timedelta(minutes=2)
_BEFORE_CLOSE = dt.timedelta(minutes=10)


def check_rules(ticket: Ticket, sessions: Sessions, now: dt.datetime) -> None:
    """The rules that come after the asset is known.

    Raises:
        Refusal: 422 with code 42210000. Orders with several legs, which Alpaca has and this exchange has
            not, are refused here too, and say so.
    """
    _check_fractions(ticket)
    _check_precision(ticket)
    _check_class_and_intent(ticket)
    _check_time_in_force(ticket)
    _check_auctions(ticket, sessions, now)


def _check_fractions(ticket: Ticket) -> None:
    if not ticket.fractional:
        return
    if ticket.time_in_force != "day":
        raise unprocessable("fractional orders must be DAY orders")
    if ticket.order_class not in ("", "simple"):
        raise unprocessable("fractional orders must be simple orders")
    if ticket.type == "trailing_stop":
        raise unprocessable("fractional orders must be market, limit, stop or stop limit orders")


def _check_precision(ticket: Ticket) -> None:
    if ticket.notional is not None and _places(ticket.notional) > _CENT_PLACES:
        raise unprocessable("notional value must be limited to 2 decimal places")
    if ticket.qty is not None and _places(ticket.qty) > _SHARE_PLACES:
        raise unprocessable("qty must be limited to 9 decimal places")
    for name in ("limit_price", "stop_price"):
        price = getattr(ticket, name)
        if price is not None and _places(price) > (2 if price >= 1 else 4):
            raise unprocessable(
                f"invalid {name} {price:f}. sub-penny increment does not fulfill minimum pricing criteria"
            )


def _check_class_and_intent(ticket: Ticket) -> None:
    if ticket.order_class not in ("", "simple"):
        raise unprocessable(f"order class {ticket.order_class} is not supported by the loopback exchange")
    inferred = "buy_to_open" if ticket.side == "buy" else "sell_to_close"
    if ticket.position_intent not in ("", inferred):
        raise unprocessable(
            f"position intent mismatch, inferred: {inferred}, specified: {ticket.position_intent}"
        )


def _check_time_in_force(ticket: Ticket) -> None:
    if ticket.extended_hours and (ticket.type != "limit" or ticket.time_in_force != "day"):
        raise unprocessable("extended hours order must be DAY limit orders")
    if ticket.type == "trailing_stop" and ticket.time_in_force not in ("day", "gtc"):
        raise unprocessable("trailing stop orders must be DAY or GTC orders")
    if ticket.time_in_force in ("opg", "cls") and ticket.type not in ("market", "limit"):
        raise unprocessable(f"{ticket.time_in_force} orders must be market or limit orders")


def _check_auctions(ticket: Ticket, sessions: Sessions, now: dt.datetime) -> None:
    """The opening auction takes orders from 19:00 to 9:28, the closing one until 10 minutes before it."""
    today = now.astimezone(NEW_YORK).date()
    if ticket.time_in_force not in ("opg", "cls") or not sessions.between(today, today):
        return
    opening, closing = sessions.hours(today)
    end = opening - _BEFORE_OPEN if ticket.time_in_force == "opg" else closing - _BEFORE_CLOSE
    if end <= now < at(today, _EVENING):
        what = "9:28am" if ticket.time_in_force == "opg" else "10 minutes before the close"
        raise unprocessable(f"{ticket.time_in_force} orders must be submitted after 7:00pm and before {what}")


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
