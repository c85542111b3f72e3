"""The account at one moment, as rows of the ``holdings`` artifact, and the trade list that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from brokerage.models import Asset, Position
from brokerage.orders import CENT, NOTHING, SHARE_GRID, PlannedOrder, plan_orders
from brokerage.records import CASH
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

Holding = dict[str, Any]
"""One row of the ``holdings`` artifact."""


def take_stock(
    cash: Decimal,
    positions: Sequence[Position],
    *,
    prices: Mapping[str, Decimal],
    last_closes: Mapping[str, Decimal],
    assets: Mapping[str, Asset],
) -> list[Holding]:
    """Everything held or wanted, and cash, valued at the sizing prices.

    What is held but not among ``assets`` is foreign: not this strategy's, or without usable prices now.
    Weights are shares of what may be invested: cash and positions in the universe, foreign ones apart.

    Raises:
        GuardRefusal: There is nothing to invest.
    """
    held = {position.symbol: position for position in positions}
    foreign = [position for symbol, position in held.items() if symbol not in assets]
    rows = [
        *(
            _holding(asset, held.get(symbol), prices.get(symbol), last_closes.get(symbol))
            for symbol, asset in assets.items()
        ),
        *(_foreign(position) for position in foreign),
    ]
    rows = [*sorted(rows, key=lambda row: str(row["symbol"])), _cash(cash)]
    investable = sum((row["market_value"] for row in rows if row["in_universe"]), NOTHING)
    if investable <= 0:
        raise GuardRefusal(
            "There is no equity to invest",
            figures={"investable equity": f"${investable:,.2f}"},
            remedy="Fund the account, then run again.",
        )
    return [
        {**row, "weight": float(row["market_value"] / investable) if row["in_universe"] else 0.0}
        for row in rows
    ]


def trade_list(
    run: Run,
    holdings: Sequence[Holding],
    targets: Mapping[str, float],
    params: ExecutionParameters,
    *,
    reasons: Mapping[str, str],
    hold: bool,
) -> list[PlannedOrder]:
    """The orders that take ``holdings`` to ``targets``; raises what ``plan_orders`` raises.

    Args:
        run: Whose orders these are.
        holdings: Rows of the ``holdings`` artifact.
        targets: Weight by symbol, as a share of what may be invested.
        params: Least trade and greatest price deviation.
        reasons: Why each asset is to be traded or left alone.
        hold: Trade nothing this week; the list then shows how far each asset is from its target.
    """
    cash = next(row["qty"] for row in holdings if row["symbol"] == CASH)
    stocks = {row["symbol"]: row for row in holdings if row["symbol"] != CASH}
    plan = plan_orders(
        run,
        equity=sum((row["market_value"] for row in holdings), NOTHING),
        cash=cash,
        positions=[
            Position(symbol=symbol, qty=row["qty"], market_value=row["market_value"])
            for symbol, row in stocks.items()
            if row["qty"]
        ],
        targets=targets,
        prices={symbol: row["price"] for symbol, row in stocks.items() if row["price"]},
        last_closes={symbol: row["last_close"] for symbol, row in stocks.items() if row["last_close"]},
        assets={symbol: _asset(symbol, row) for symbol, row in stocks.items()},
        params=params,
        foreign=[symbol for symbol, row in stocks.items() if not row["in_universe"]],
    )
    return [_explained(row, reasons[row.symbol], hold=hold) for row in plan]


def _explained(row: PlannedOrder, reason: str, *, hold: bool) -> PlannedOrder:
    if not (row.current_qty or row.target_value):
        return replace(row, reason="neither held nor wanted")
    if hold:
        return replace(row, action="hold", client_order_id=None, qty=None, notional=None, reason=reason)
    if row.action == "hold":
        return row
    scaled = row.reason.partition("; ")[2]
    return replace(row, reason="; ".join(filter(None, [reason, scaled])))


def _holding(
    asset: Asset, position: Position | None, price: Decimal | None, last_close: Decimal | None
) -> Holding:
    qty = position.qty if position else NOTHING
    value_at = price or last_close or (position and position.current_price) or NOTHING
    return {
        "symbol": asset.symbol,
        "qty": qty,
        "price": _exact(price),
        "last_close": _exact(last_close),
        "market_value": (qty * value_at).quantize(CENT),
        "in_universe": True,
        "tradable": asset.is_tradable,
        "fractionable": asset.fractionable,
    }


def _foreign(position: Position) -> Holding:
    # Nothing is asked about it: the services for stocks need not even know what it is.
    return {
        "symbol": position.symbol,
        "qty": position.qty,
        "price": None,
        "last_close": None,
        "market_value": (position.market_value or NOTHING).quantize(CENT),
        "in_universe": False,
        "tradable": False,
        "fractionable": False,
    }


def _exact(price: Decimal | None) -> Decimal | None:
    return None if price is None else price.quantize(SHARE_GRID)


def _cash(amount: Decimal) -> Holding:
    one = Decimal(1)
    return {
        "symbol": CASH,
        "qty": amount,
        "price": one,
        "last_close": one,
        "market_value": amount,
        "in_universe": True,
        "tradable": False,
        "fractionable": False,
    }


def _asset(symbol: str, row: Holding) -> Asset:
    status = "active" if row["tradable"] else "inactive"
    return Asset(symbol=symbol, status=status, tradable=row["tradable"], fractionable=row["fractionable"])
