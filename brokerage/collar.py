"""Limits that still trade at once and bound what a moving price can cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import NamedTuple

from brokerage.models import OrderTicket
from brokerage.orders import CENT, SHARE_GRID

_SUB_PENNY = Decimal("0.0001")
_WHOLE_CENTS_FROM = Decimal(1)
"""At this price and above a tick is a cent, below it a hundredth of one (USD)."""


class Quote(NamedTuple):
    """Both sides of the market (USD a share)."""

    bid: Decimal
    ask: Decimal


def within_collar(ticket: OrderTicket, quote: Quote, collar: float) -> OrderTicket:
    """The same order with a limit: ``ask * (1 + collar)`` for a buy, ``bid * (1 - collar)`` for a sell.

    The limit lies on the exchange's grid of prices, never further away than the collar, yet never short of the
    quote. A buy sized in USD becomes as many shares, of nine places, as its money buys at the limit.

    >>> spy = OrderTicket("id", "SPY", "buy", notional=Decimal(1000))
    >>> within_collar(spy, Quote(Decimal("199.99"), Decimal("200.00")), 0.005).figures()
    {'qty': '4.975124378', 'limit_price': '201.00'}
    """
    reach = Decimal(str(collar))
    if ticket.side == "buy":
        limit = max(_on_grid(quote.ask * (1 + reach), ROUND_DOWN), _on_grid(quote.ask, ROUND_UP))
    else:
        limit = min(_on_grid(quote.bid * (1 - reach), ROUND_UP), _on_grid(quote.bid, ROUND_DOWN))
    if ticket.notional is None:
        return replace(ticket, limit_price=limit)
    shares = (ticket.notional / limit).quantize(SHARE_GRID, ROUND_DOWN)
    return replace(ticket, qty=shares, notional=None, limit_price=limit)


def _on_grid(price: Decimal, rounding: str) -> Decimal:
    return price.quantize(CENT if price >= _WHOLE_CENTS_FROM else _SUB_PENNY, rounding)
