"""What an execution leaves behind: rows of the ``orders``, ``fills`` and ``positions`` artifacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from brokerage.ledger import Ledger
from brokerage.models import Account, Order, OrderTicket, Position
from brokerage.orders import LEFT_ALONE, NOTHING, SHARE_GRID, PlannedOrder
from schemas.columns import naive_utc

CASH = "CASH"
NOT_SENT = "not_sent"
REJECTED = "rejected"
NEAR_ENOUGH = Decimal("0.99")
"""An order that asked for this share of its planned size, and got it, counts as the order planned."""

Side = Literal["buy", "sell"]
Outcome = Literal["complete", "adjusted", "aborted", "needs_human"]


@dataclass(frozen=True)
class OrderRow:
    """An order as the broker last reported it; ``order_id`` is null when there is none at the broker."""

    client_order_id: str
    order_id: str | None
    symbol: str
    side: Side
    qty: Decimal | None
    notional: Decimal | None
    status: str
    filled_qty: Decimal
    filled_avg_price: Decimal | None
    submitted_at: dt.datetime | None
    closed_at: dt.datetime | None
    message: str


@dataclass(frozen=True)
class FillRow:
    """What was bought or sold under one order, and its cost against the price it was sized on."""

    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    value: Decimal
    reference_price: Decimal
    slippage_bps: float
    filled_at: dt.datetime | None


@dataclass(frozen=True)
class PositionRow:
    """A holding beside its target; ``CASH`` is one."""

    symbol: str
    qty: Decimal
    price: Decimal
    market_value: Decimal
    weight: float
    target_weight: float
    difference: float


@dataclass(frozen=True)
class Execution:
    """The end of an execution.

    ``complete``: every trade of the plan was sent and filled. ``adjusted``: it was carried out as far as the
    broker let it. ``aborted``: it was stopped on the way, or nothing filled; nothing is in doubt.
    ``needs_human``: orders, fills and holdings do not tell one story, or an order may still come through.
    """

    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    positions: tuple[PositionRow, ...]
    outcome: Outcome
    remarks: tuple[str, ...] = ()
    """What a person should know of how it went, or must settle."""

    @property
    def tracking_error(self) -> float:
        """Largest distance of a weight from its target (fraction)."""
        return max((abs(row.difference) for row in self.positions), default=0.0)


def order_rows(ledger: Ledger) -> tuple[OrderRow, ...]:
    """What became of each trade of the plan: a row for each order sent or refused, one where none was."""
    return tuple(row for trade in ledger.trades for row in _rows_of(trade, ledger))


def fill_rows(ledger: Ledger) -> tuple[FillRow, ...]:
    """What every order filled, whatever its status.

    Slippage is ``(price / reference - 1) * 10^4`` for a buy and its negative for a sell: positive is worse.
    """
    rows = [_fill_row(trade, order) for trade in ledger.trades for order in ledger.of(trade)]
    return tuple(row for row in rows if row is not None)


def position_rows(
    plan: Sequence[PlannedOrder], positions: Iterable[Position], account: Account
) -> tuple[PositionRow, ...]:
    """Holdings of the planned symbols and cash, as shares of their sum."""
    held = {p.symbol: p for p in positions}
    values = {row.symbol: _valued(row, held.get(row.symbol)) for row in plan}
    equity = sum((value for _, _, value in values.values()), account.cash)
    targets = {row.symbol: row.target_weight for row in plan}
    targets[CASH] = max(0.0, 1.0 - sum(targets.values()))
    values[CASH] = (account.cash, Decimal(1), account.cash)
    return tuple(
        _position_row(symbol, values[symbol], equity, targets[symbol])
        for symbol in values
        if values[symbol][0] or targets[symbol] or symbol == CASH
    )


def outcome_of(ledger: Ledger, min_trade: Decimal) -> Outcome:
    """``complete`` when every trade became orders of its planned size (within 1 %) that filled.

    An asset that was left alone although it is ``min_trade`` (USD) or more from its target is not done. While an
    order may still come through nothing is.
    """
    if ledger.doubts:
        return "needs_human"
    done = all(
        not _is_neglected(row, min_trade) if row.action == "hold" else _is_done(row, ledger.of(row))
        for row in ledger.plan
    )
    if done:
        return "complete"
    filled = any(order.filled_qty for order in ledger.orders.values())
    return "aborted" if ledger.stopped or (ledger.trades and not filled) else "adjusted"


def _rows_of(trade: PlannedOrder, ledger: Ledger) -> list[OrderRow]:
    refused = [
        _without_order(ticket, REJECTED, message)
        for ticket, message in ledger.refusals.values()
        if ticket.symbol == trade.symbol
    ]
    sent = [_of_order(trade.ticket(), order) for order in ledger.of(trade)]
    if refused or sent:
        return refused + sent
    why = ledger.skipped.get(trade.symbol) or ledger.stopped
    return [_without_order(trade.ticket(), NOT_SENT, why)]


def _without_order(ticket: OrderTicket, status: str, message: str) -> OrderRow:
    return OrderRow(
        client_order_id=ticket.client_order_id,
        order_id=None,
        symbol=ticket.symbol,
        side=ticket.side,
        qty=ticket.qty,
        notional=ticket.notional,
        status=status,
        filled_qty=NOTHING,
        filled_avg_price=None,
        submitted_at=None,
        closed_at=None,
        message=message,
    )


def _of_order(ticket: OrderTicket, order: Order) -> OrderRow:
    return OrderRow(
        client_order_id=order.client_order_id,
        order_id=order.id,
        symbol=order.symbol,
        side=ticket.side,
        qty=_amount(order.qty),
        notional=_amount(order.notional),
        status=order.status,
        filled_qty=order.filled_qty.quantize(SHARE_GRID),
        filled_avg_price=_amount(order.filled_avg_price),
        submitted_at=_utc(order.submitted_at),
        closed_at=_utc(order.closed_at),
        message="rejected by the broker after it had accepted it" if order.status == REJECTED else "",
    )


def _fill_row(planned: PlannedOrder, order: Order) -> FillRow | None:
    if not order.filled_qty or order.filled_avg_price is None:
        return None
    ticket = planned.ticket()
    sign = 1 if ticket.side == "buy" else -1
    drift = order.filled_avg_price / planned.reference_price - 1
    return FillRow(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=ticket.side,
        qty=order.filled_qty.quantize(SHARE_GRID),
        price=order.filled_avg_price.quantize(SHARE_GRID),
        value=order.filled_value.quantize(SHARE_GRID),
        reference_price=planned.reference_price,
        slippage_bps=float(sign * drift * 10_000),
        filled_at=_utc(order.filled_at or order.closed_at),
    )


def _is_neglected(row: PlannedOrder, min_trade: Decimal) -> bool:
    return row.reason.startswith(LEFT_ALONE) and abs(row.target_value - row.current_value) >= min_trade


def _is_done(trade: PlannedOrder, orders: Iterable[Order]) -> bool:
    done = sum((_covered(order, in_usd=trade.notional is not None) for order in orders), NOTHING)
    return done > 0 and done >= NEAR_ENOUGH * (trade.notional or trade.qty or NOTHING)


def _covered(order: Order, *, in_usd: bool) -> Decimal:
    """How much of its trade an order did: all it asked for when it filled, else what did fill."""
    if order.status != "filled":
        return order.filled_value if in_usd else order.filled_qty
    if not in_usd:
        return order.qty or NOTHING
    return order.notional or (order.qty or NOTHING) * (order.limit_price or NOTHING)


def _valued(row: PlannedOrder, position: Position | None) -> tuple[Decimal, Decimal, Decimal]:
    qty = position.qty if position else NOTHING
    price = (position and position.current_price) or row.reference_price
    return qty, price, qty * price


def _position_row(
    symbol: str, valued: tuple[Decimal, Decimal, Decimal], equity: Decimal, target: float
) -> PositionRow:
    qty, price, value = valued
    weight = float(value / equity)
    return PositionRow(
        symbol=symbol,
        qty=qty.quantize(SHARE_GRID),
        price=price.quantize(SHARE_GRID),
        market_value=value.quantize(SHARE_GRID),
        weight=weight,
        target_weight=target,
        difference=weight - target,
    )


def _amount(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(SHARE_GRID)


def _utc(instant: dt.datetime | None) -> dt.datetime | None:
    return None if instant is None else naive_utc(instant)
