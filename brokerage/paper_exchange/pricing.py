"""At which price an order trades now, if it does: stops that are reached, limits, collars, auctions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from decimal import Decimal

from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.tape import Tape

Window = tuple[dt.datetime, dt.datetime]
"""Trading time that passed since the book was last settled."""

_TICK = Decimal("0.0001")


def price_now(
    tape: Tape, now: dt.datetime, order: Order, window: Window | None, slippage_bps: Decimal
) -> tuple[Order, Decimal | None]:
    """The order with its stop brought up to date, and the price at which it trades, or None.

    Within a ``window`` a limit that was touched trades at the limit and a stop at the stop.
    """
    session = tape.sessions.latest(now)
    quote = tape.quote(order.symbol, now)
    if quote is None or not tape.trades_on(order.symbol, session):
        return order, None
    if order.time_in_force in ("opg", "cls"):
        opening, closing = tape.sessions.hours(session)
        auction = opening if order.time_in_force == "opg" else closing
        return order, quote.last if now == auction and _within(order, quote.last) else None
    path = tape.path(order.symbol, *window) if window else [quote.last]
    if order.waits_for_stop:
        order, reached = _follow_stop(order, path)
        return order, _after_stop(tape, order, reached) if reached is not None else None
    buying = order.side == "buy"
    if window and order.limit_price is not None:
        touched = tape.sides(min(path))[1] if buying else tape.sides(max(path))[0]
        return order, order.limit_price if _within(order, touched) else None
    far_side = quote.ask if buying else quote.bid
    if order.limit_price is None:
        far_side = slipped(far_side, order.side, slippage_bps)
    return order, far_side if _within(order, far_side) else None


def slipped(price: Decimal, side: str, slippage_bps: Decimal) -> Decimal:
    """A market price made worse."""
    slip = slippage_bps / 10_000
    return (price * (1 + slip if side == "buy" else 1 - slip)).quantize(_TICK)


def _within(order: Order, price: Decimal) -> bool:
    """Whether the order's limit, or a market order's collar, lets it trade at ``price``."""
    bound = order.limit_price or order.collar
    return bound is None or (price <= bound if order.side == "buy" else price >= bound)


def _follow_stop(order: Order, path: list[Decimal]) -> tuple[Order, Decimal | None]:
    """Walk along the path; the trade that reaches the stop, if one does."""
    for start, end in itertools.pairwise([path[0], *path]):
        order = _trail(order, start)
        stop = order.stop_price
        if stop is not None and (end >= stop if order.side == "buy" else end <= stop):
            beyond = start >= stop if order.side == "buy" else start <= stop
            return dataclasses.replace(order, triggered=True), start if beyond else stop
        order = _trail(order, end)
    return order, None


def _trail(order: Order, price: Decimal) -> Order:
    """A trailing stop follows the best price so far at its distance."""
    if order.type != "trailing_stop":
        return order
    best = max if order.side == "sell" else min
    hwm = best(order.hwm or price, price)
    distance = order.trail_price if order.trail_price is not None else hwm * (order.trail_percent or 0) / 100
    stop = hwm - distance if order.side == "sell" else hwm + distance
    return dataclasses.replace(order, hwm=hwm, stop_price=stop.quantize(_TICK))


def _after_stop(tape: Tape, order: Order, reached: Decimal) -> Decimal | None:
    bid, ask = tape.sides(reached)
    price = ask if order.side == "buy" else bid
    return price if _within(order, price) else None
