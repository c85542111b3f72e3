"""The account at one moment, as rows of the ``holdings`` artifact, and the trade list that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from brokerage.models import Asset, Position
from brokerage.orders import CENT, NOTHING, SHARE_GRID, PlannedOrder, plan_orders, price_doubt, require_long
from brokerage.records import CASH
from schemas.errors import BrokerRefusal, DataError, GuardRefusal, NeedsHuman
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
    kept: Collection[str] = (),
    max_price_deviation: float,
) -> list[Holding]:
    """Everything held or wanted, and cash, valued at the sizing prices.

    What is held but neither among ``assets`` nor ``kept`` is foreign: not this strategy's. Weights are
    shares of what may be invested: cash and positions in the universe, foreign ones apart.

    One wrong price would move the equity that every trade is sized from, so what is held must have a
    price near its last close; what is only wanted may lack one.

    Args:
        cash: Cash of the account (USD).
        positions: Every holding of the account.
        prices: Sizing price by symbol (USD).
        last_closes: Close of the last completed session by symbol (USD).
        assets: What may be done with each symbol that has usable returns.
        kept: Symbols of the universe without: held ones stay as they are, valued as the broker does.
        max_price_deviation: Greatest distance of a held asset's price from its last close (fraction).

    Raises:
        DataError: A held asset has no price near its last close, or no asset has one.
        NeedsHuman: A position is short, or one that is not traded has no value.
        BrokerRefusal: A ticker reads ``CASH``.
        GuardRefusal: There is nothing to invest.
    """
    held = {position.symbol: position for position in positions}
    require_long(positions)
    _require_distinct_cash(held.keys() | assets.keys())
    _require_prices(held, prices, last_closes, assets, max_price_deviation)
    untouched = [position for symbol, position in held.items() if symbol not in assets]
    rows = [
        *(
            _holding(asset, held.get(symbol), prices.get(symbol), last_closes.get(symbol))
            for symbol, asset in assets.items()
        ),
        *(_untouched(position, in_universe=position.symbol in kept) for position in untouched),
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
    stocks = {row["symbol"]: row for row in holdings if row["in_universe"] and row["symbol"] != CASH}
    plan = plan_orders(
        run,
        equity=sum((row["market_value"] for row in holdings if row["in_universe"]), NOTHING),
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
    )
    return [_explained(row, reasons[row.symbol], hold=hold) for row in plan]


def _require_distinct_cash(symbols: Collection[str]) -> None:
    if CASH in symbols:
        raise BrokerRefusal(
            f"The ticker {CASH} cannot be told from the account's cash",
            figures={"ticker": CASH},
            remedy="Take it out of the universe, or sell it at the broker; then run again.",
        )


def _require_prices(
    held: Mapping[str, Position],
    prices: Mapping[str, Decimal],
    last_closes: Mapping[str, Decimal],
    assets: Mapping[str, Asset],
    max_deviation: float,
) -> None:
    doubts = {
        symbol: doubt
        for symbol in assets
        if (doubt := price_doubt(prices.get(symbol), last_closes.get(symbol), max_deviation))
    }
    in_the_way = {symbol: doubt for symbol, doubt in doubts.items() if symbol in held}
    if in_the_way or len(doubts) == len(assets):
        raise DataError(
            "What is held cannot be valued" if in_the_way else "No asset has a usable price",
            figures=in_the_way or doubts,
            remedy="Look at the quotes, then run again: nothing was sent.",
        )


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
    return {
        "symbol": asset.symbol,
        "qty": qty,
        "price": _exact(price),
        "last_close": _exact(last_close),
        "market_value": (qty * (price or NOTHING)).quantize(CENT),
        "in_universe": True,
        "tradable": asset.is_tradable,
        "fractionable": asset.fractionable,
    }


def _untouched(position: Position, *, in_universe: bool) -> Holding:
    # Nothing is asked about it: the services for stocks need not even know what it is.
    if position.market_value is None:
        raise NeedsHuman(
            f"{position.symbol} is not traded by this run and has no value at the broker, so the equity of the "
            "account is unknown",
            figures={"qty": position.qty},
            remedy="Look at the position at the broker.",
        )
    return {
        "symbol": position.symbol,
        "qty": position.qty,
        "price": _exact(position.market_value / position.qty),
        "last_close": None,
        "market_value": position.market_value.quantize(CENT),
        "in_universe": in_universe,
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
