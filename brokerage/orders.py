"""The trade list: from target weights and holdings to orders, in exact decimals. Pure; nothing is sent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from brokerage.models import Asset, OrderTicket, Position
from schemas.errors import GuardRefusal, NeedsHuman
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

CENT = Decimal("0.01")
SHARE_GRID = Decimal("0.000000001")
WHOLE = Decimal(1)
ROUNDING_OF_WEIGHTS = 1e-6
"""Weights are floats: their sum may exceed one by this much."""
LEFT_ALONE = "left alone"
"""How the reason begins when an asset could not be traded, whatever its target."""
NOTHING = Decimal(0)


@dataclass(frozen=True)
class PlannedOrder:
    """One row of the trade list; the fields are the columns of the ``order_plan`` artifact."""

    sequence: int
    symbol: str
    action: Literal["buy", "sell", "hold"]
    client_order_id: str | None
    qty: Decimal | None
    notional: Decimal | None
    reference_price: Decimal
    current_qty: Decimal
    current_value: Decimal
    target_value: Decimal
    current_weight: float
    target_weight: float
    reason: str

    @property
    def value(self) -> Decimal:
        """What the trade is expected to move (USD); zero for a hold."""
        return self.notional if self.notional is not None else (self.qty or NOTHING) * self.reference_price

    def ticket(self) -> OrderTicket:
        """The order to send.

        Raises:
            ValueError: For a hold, which sends nothing.
        """
        if self.action == "hold" or self.client_order_id is None:
            raise ValueError(f"{self.symbol} is held: there is no order to send")
        return OrderTicket(self.client_order_id, self.symbol, self.action, self.qty, self.notional)


def plan_orders(
    run: Run,
    *,
    equity: Decimal,
    cash: Decimal,
    positions: Sequence[Position],
    targets: Mapping[str, float],
    prices: Mapping[str, Decimal],
    last_closes: Mapping[str, Decimal],
    assets: Mapping[str, Asset],
    params: ExecutionParameters,
) -> list[PlannedOrder]:
    """Size the trades that take the account to its target weights: sells first, then buys, then holds.

    Every symbol held or targeted gets a row. A held symbol without target is sold whole, by its exact
    quantity and whatever its value. Other sells are sized in shares, buys in USD (whole shares when the
    asset is not fractionable), each rounded down. An asset is left alone, with the reason in its row,
    when it cannot be traded, has no price, has a price further from its last close than
    ``params.max_price_deviation``, or is within ``params.min_trade`` of its target. Buys are scaled by
    one common factor to what cash and planned sales pay for, less the share that no target claims.

    Args:
        run: Whose orders these are; their ids follow from it.
        equity: What may be invested: cash and the positions (USD).
        cash: Cash that may be spent (USD).
        positions: Every holding that is this strategy's.
        targets: Weight by symbol, as a share of the equity; together at most one.
        prices: Sizing price by symbol (USD).
        last_closes: Close of the last completed session by symbol (USD).
        assets: What may be done with each symbol held or targeted.
        params: Least trade and greatest price deviation.

    Raises:
        GuardRefusal: If the weights are no weights or nothing can be invested.
        NeedsHuman: If a position is short: a person must look.
    """
    _check_weights(targets)
    require_long(positions)
    if equity <= 0:
        raise GuardRefusal(
            "There is no equity to invest",
            figures={"equity": equity},
            remedy="Fund the account, then run again.",
        )
    held = {p.symbol: p.qty for p in positions}
    desk = _Desk(run, equity, prices, last_closes, assets, params)
    rows = [
        desk.plan(symbol, held.get(symbol, NOTHING), targets.get(symbol, 0.0))
        for symbol in sorted(held.keys() | targets.keys())
    ]
    sells = [row for row in rows if row.action == "sell"]
    buys = [row for row in rows if row.action == "buy"]
    budget = cash + sum((row.value for row in sells), NOTHING) - cash_buffer(rows)
    fitted = scale_buys(buys, budget, params.min_trade)
    ordered = sells + sorted(fitted, key=lambda row: row.action) + [r for r in rows if r.action == "hold"]
    return [dataclasses.replace(row, sequence=place) for place, row in enumerate(ordered, start=1)]


def scale_buys(buys: Iterable[PlannedOrder], budget: Decimal, min_trade: Decimal) -> list[PlannedOrder]:
    """Shrink buys by one common factor until ``budget`` pays for them, so that weights keep their ratios.

    Buys that fall below ``min_trade`` become holds. Nothing is ever enlarged.
    """
    buys = list(buys)
    cost = sum((row.value for row in buys), NOTHING)
    budget = max(budget, NOTHING)
    if cost <= budget:
        return buys
    factor = budget / cost
    return [_shrink(row, factor, min_trade) for row in buys]


def cash_buffer(rows: Iterable[PlannedOrder]) -> Decimal:
    """The money that no target claims (USD): it stays cash whatever the sales bring."""
    rows = list(rows)
    claimed = sum((Decimal(str(row.target_weight)) for row in rows), NOTHING)
    if claimed == 0:
        return NOTHING
    investable = sum((row.target_value for row in rows), NOTHING) / claimed
    return max(investable * (1 - claimed), NOTHING).quantize(CENT)


def price_doubt(price: Decimal | None, last_close: Decimal | None, max_deviation: float) -> str:
    """Why nothing is to be sized on ``price``; empty when it may be.

    Args:
        price: The sizing price (USD), where there is one.
        last_close: Close of the last completed session (USD), where there is one.
        max_deviation: Greatest distance between them (fraction of the last close).
    """
    if not price or not last_close:
        return f"no usable {'last close' if price else 'price'}"
    deviation = abs(price / last_close - 1)
    if deviation > Decimal(str(max_deviation)):
        return f"price {price} is {deviation:.1%} from the last close {last_close}"
    return ""


def require_long(positions: Iterable[Position]) -> None:
    """Refuse an account with short positions.

    Raises:
        NeedsHuman: If a position is short: a person must look.
    """
    shorts = {p.symbol: p.qty for p in positions if p.is_short}
    if shorts:
        raise NeedsHuman(
            "The account holds short positions, which this portfolio never opens",
            figures=shorts,
            remedy="Close them at the broker, then run again.",
        )


@dataclass(frozen=True)
class _Desk:
    """What sizing one asset needs to know beside the asset itself."""

    run: Run
    equity: Decimal
    prices: Mapping[str, Decimal]
    last_closes: Mapping[str, Decimal]
    assets: Mapping[str, Asset]
    params: ExecutionParameters

    def plan(self, symbol: str, held: Decimal, weight: float) -> PlannedOrder:
        price = self.prices.get(symbol) or self.last_closes.get(symbol) or NOTHING
        current = (held * price).quantize(CENT)
        hold = PlannedOrder(
            sequence=1,
            symbol=symbol,
            action="hold",
            client_order_id=None,
            qty=None,
            notional=None,
            reference_price=price.quantize(SHARE_GRID),
            current_qty=held,
            current_value=current,
            target_value=(self.equity * Decimal(str(weight))).quantize(CENT),
            current_weight=float(current / self.equity),
            target_weight=float(weight),
            reason="",
        )
        obstacle = self._obstacle(symbol)
        if obstacle:
            return dataclasses.replace(hold, reason=obstacle)
        if held and not weight:
            return self._order(hold, "sell", qty=held, reason="no longer targeted: sold whole")
        return self._trade(hold)

    def _trade(self, hold: PlannedOrder) -> PlannedOrder:
        difference = hold.target_value - hold.current_value
        if abs(difference) < self.params.min_trade:
            why = f"{abs(difference)} USD from target: below the least trade of {self.params.min_trade} USD"
            return dataclasses.replace(hold, reason=why)
        fractionable = self.assets[hold.symbol].fractionable
        reason = f"weight {hold.current_weight:.4f} to {hold.target_weight:.4f}"
        if difference > 0 and fractionable:
            return self._order(hold, "buy", notional=difference, reason=reason)
        grid = SHARE_GRID if fractionable else WHOLE
        qty = (abs(difference) / hold.reference_price).quantize(grid, ROUND_DOWN)
        if not qty:
            return dataclasses.replace(hold, reason="less than one share, and only whole shares trade")
        if difference > 0:
            return self._order(hold, "buy", qty=qty, reason=reason)
        # The value was rounded to cents, so dividing it by the price may give a hair more than is held.
        return self._order(hold, "sell", qty=min(qty, hold.current_qty), reason=reason)

    def _order(
        self,
        hold: PlannedOrder,
        side: Literal["buy", "sell"],
        *,
        reason: str,
        qty: Decimal | None = None,
        notional: Decimal | None = None,
    ) -> PlannedOrder:
        name = self.run.client_order_id(side, hold.symbol)
        return dataclasses.replace(
            hold, action=side, client_order_id=name, qty=qty, notional=notional, reason=reason
        )

    def _obstacle(self, symbol: str) -> str:
        asset = self.assets.get(symbol)
        if asset is None or not asset.is_tradable:
            return f"{LEFT_ALONE}: not traded by the broker now, or without usable returns"
        doubt = price_doubt(
            self.prices.get(symbol), self.last_closes.get(symbol), self.params.max_price_deviation
        )
        return f"{LEFT_ALONE}: {doubt}" if doubt else ""


def _shrink(row: PlannedOrder, factor: Decimal, min_trade: Decimal) -> PlannedOrder:
    if row.notional is not None:
        smaller = dataclasses.replace(row, notional=(row.notional * factor).quantize(CENT, ROUND_DOWN))
    else:
        smaller = dataclasses.replace(row, qty=((row.qty or NOTHING) * factor).quantize(WHOLE, ROUND_DOWN))
    why = f"{row.reason}; scaled by {factor:.4f} to the cash at hand"
    if smaller.value >= min_trade:
        return dataclasses.replace(smaller, reason=why)
    return dataclasses.replace(
        row, action="hold", client_order_id=None, qty=None, notional=None, reason=f"{why}: too small to send"
    )


def _check_weights(targets: Mapping[str, float]) -> None:
    if all(math.isfinite(w) and 0 <= w <= 1 for w in targets.values()):
        total = math.fsum(targets.values())
        if total <= 1 + ROUNDING_OF_WEIGHTS:
            return
    raise GuardRefusal(
        "The target weights are not weights of a long-only, unlevered portfolio",
        figures=dict(targets),
        remedy="Look at the target_weights artifact of this run: nothing was planned or sent.",
    )
