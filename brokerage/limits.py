"""The limits no trade list may exceed, checked once more after all the reasoning that led to it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from brokerage.orders import CENT, NOTHING, PlannedOrder
from schemas.errors import GuardRefusal
from schemas.settings import LimitSettings


def require_within_limits(
    plan: Sequence[PlannedOrder],
    *,
    equity: Decimal,
    limits: LimitSettings,
    allowed: Collection[str],
    previous: Mapping[str, float],
    run_cap: Decimal | None = None,
) -> None:
    """Refuse a trade list that breaks any limit; every one it breaks is named.

    A trade that brings a figure down towards its limit is never refused for that figure. What is no
    number breaks every limit.

    Args:
        plan: The trade list with its holds.
        equity: What may be invested: cash and the positions in the plan (USD).
        limits: The limits.
        allowed: Symbols that may be bought.
        previous: Target weights of the run before; empty before the first.
        run_cap: Greatest value of all orders together (USD), where there is a cap: on a live account.

    Raises:
        GuardRefusal: Nothing was sent, and nothing is cut to size.
    """
    broken = dict(_no_numbers(plan, equity)) or {
        name: said
        for rule in (
            _each_order(plan, equity, limits, allowed),
            _all_orders(plan, equity, limits, run_cap),
            _each_asset(plan, equity, limits),
            _since(previous, plan, limits),
        )
        for name, said in rule
    }
    if broken:
        raise GuardRefusal(
            "The trade list exceeds the limits; nothing was sent",
            figures=broken,
            remedy="Look at the plan first: `riskparity why`. If it is right and the limit is not, "
            "change the limit in config/limits.toml.",
        )


def require_prices_near(
    plan: Sequence[PlannedOrder], prices: Mapping[str, Decimal], tolerance: float
) -> None:
    """Refuse a trade list whose prices are no longer those of the market.

    Args:
        plan: The trade list; holds do not count.
        prices: The market's, by symbol (USD).
        tolerance: Greatest change since the plan (fraction).

    Raises:
        GuardRefusal: With every traded symbol whose price changed by more, or is gone.
    """
    changed = {
        row.symbol: f"{row.reference_price:f} then, {prices.get(row.symbol, 'none')} now"
        for row in _trades(plan)
        if not abs(prices.get(row.symbol, NOTHING) / row.reference_price - 1) <= Decimal(str(tolerance))
    }
    if changed:
        raise GuardRefusal(
            "Prices have moved since the plan was made; nothing more was sent",
            figures=changed,
            remedy="Run again to plan afresh.",
        )


Broken = Iterator[tuple[str, str]]
"""Name of a limit, for which asset, and by how much it is exceeded."""


def _no_numbers(plan: Sequence[PlannedOrder], equity: Decimal) -> Broken:
    if not (equity.is_finite() and equity > 0):
        yield "equity", f"${equity}"
    for row in plan:
        sizes = (row.qty, row.notional, row.current_qty, row.current_value, row.value)
        sane = all(size is None or (size.is_finite() and size >= 0) for size in sizes)
        if not (sane and math.isfinite(row.target_weight) and (row.action == "hold" or row.value > 0)):
            yield f"no size, {row.symbol}", f"{row.action} ${row.value} towards {row.target_weight}"


def _each_order(
    plan: Sequence[PlannedOrder], equity: Decimal, limits: LimitSettings, allowed: Collection[str]
) -> Broken:
    for trade in _trades(plan):
        if not trade.value <= limits.max_order_value:
            yield f"max_order_value, {trade.symbol}", f"${trade.value:,.2f} > ${limits.max_order_value:,.2f}"
        if not trade.value <= _part(limits.max_order_share, equity):
            yield f"max_order_share, {trade.symbol}", _above(trade.value / equity, limits.max_order_share)
        if trade.action == "buy" and trade.symbol not in allowed:
            yield f"universe, {trade.symbol}", "bought, but not in it"
        if trade.action == "sell" and not (trade.qty or NOTHING) <= trade.current_qty:
            yield f"long only, {trade.symbol}", f"sells {trade.qty} of {trade.current_qty} held"


def _all_orders(
    plan: Sequence[PlannedOrder], equity: Decimal, limits: LimitSettings, run_cap: Decimal | None
) -> Broken:
    trades = _trades(plan)
    value = sum((trade.value for trade in trades), NOTHING)
    if len(trades) > limits.max_orders:
        yield "max_orders", f"{len(trades)} > {limits.max_orders}"
    if not value / 2 <= _part(limits.max_turnover, equity):
        yield "max_turnover", _above(value / 2 / equity, limits.max_turnover)
    if run_cap is not None and not value <= run_cap:
        yield "broker.live_cap", f"${value:,.2f} > ${run_cap:,.2f}"
    before = sum((row.current_value for row in plan), NOTHING)
    after = sum((_after(row) for row in plan), NOTHING)
    if not after <= max(_part(limits.max_invested, equity), before):
        yield "max_invested", _above(after / equity, limits.max_invested)


def _each_asset(plan: Sequence[PlannedOrder], equity: Decimal, limits: LimitSettings) -> Broken:
    for trade in _trades(plan):
        after = _after(trade)
        if trade.action == "buy" and not after <= _part(limits.max_weight, equity):
            yield f"max_weight, {trade.symbol}", _above(after / equity, limits.max_weight)
        if not (abs(after) <= CENT or after >= _part(limits.min_weight, equity)):
            yield f"min_weight, {trade.symbol}", f"{after / equity:.2%} < {limits.min_weight:.2%}"


def _since(previous: Mapping[str, float], plan: Sequence[PlannedOrder], limits: LimitSettings) -> Broken:
    for row in plan if previous else ():
        change = abs(row.target_weight - previous.get(row.symbol, 0.0))
        if not change <= limits.max_weight_change:
            yield f"max_weight_change, {row.symbol}", _above(change, limits.max_weight_change)


def _trades(plan: Sequence[PlannedOrder]) -> list[PlannedOrder]:
    return [row for row in plan if row.action != "hold"]


def _after(row: PlannedOrder) -> Decimal:
    """What is held of it once the order has filled at the price it was sized on (USD)."""
    sign = {"buy": 1, "sell": -1, "hold": 0}[row.action]
    return row.current_value + sign * row.value


def _part(share: float, equity: Decimal) -> Decimal:
    # planned values are rounded to cents, one by one
    return Decimal(str(share)) * equity + CENT


def _above(value: Decimal | float, limit: float) -> str:
    return f"{value:.2%} > {limit:.2%}"
