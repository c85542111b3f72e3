"""What a run takes over from an earlier one of its day instead of doing it itself; nothing of the earlier one changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from brokerage.intents import IntentLog
from brokerage.market_data import latest_prices
from brokerage.orders import NOTHING
from brokerage.records import CASH
from config import load_settings
from schemas.artifacts import ArtifactRef
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from tasks.stage import account_of, endpoint
from warehouse import Warehouse


def inherit(
    store: Warehouse, source: Run, run: Run, names: Iterable[str], mark: str
) -> tuple[ArtifactRef, ...]:
    """Write artifacts of ``source`` as those of ``run``, trades under the order ids of ``run``, and ``lineage`` last.

    What the earlier run has not written is left out.

    Args:
        store: Where both are.
        source: The earlier run.
        run: The run that takes over.
        names: Of the artifacts.
        mark: Added to the reasons of a decision that is taken over.

    Raises:
        DataError: An artifact of ``source`` is damaged, or of another schema version.
    """
    taken = [reference for name in names if (reference := store.find(source, name)) is not None]
    rows = {
        reference.name: [_of_this_run(run, reference.name, row, mark) for row in store.rows(reference)]
        for reference in taken
    }
    written = tuple(store.put(run, name, content) for name, content in rows.items())
    lineage = [{"artifact": r.name, "taken_from": source.run_id, "sha256": r.sha256} for r in taken]
    store.put(run, "lineage", lineage)
    return written


def differences(source: Run, run: Run) -> dict[str, str]:
    """In what an earlier run is none of the same strategy, account and day; empty when it can be taken over from."""
    pairs = {
        "strategy": (source.strategy, run.strategy),
        "account": (source.account, run.account),
        "day": (source.session, run.session),
    }
    return {name: f"{then}, now {now}" for name, (then, now) in pairs.items() if then != now}


def changes(store: Warehouse, source: Run, run: Run, parameters: RebalanceParameters) -> dict[str, str]:
    """What has moved at the broker since ``source`` took stock: shares, cash and prices, each then and now."""
    reference, settings = store.find(source, "holdings"), load_settings()
    rows = {row["symbol"]: row for row in (store.rows(reference) if reference else [])}
    account = account_of(run)
    held = {position.symbol: position.qty for position in account.positions()}
    held[CASH] = account.account().cash
    prices = latest_prices(
        endpoint(run),
        [symbol for symbol, row in rows.items() if row["last_close"] and symbol != CASH],
        feed=parameters.ingestion.feed,
        settings=settings.broker,
        max_spread_bps=settings.limits.max_spread_bps,
    )
    return _changes(rows, held, prices, Decimal(str(settings.limits.max_change_since_plan)))


def require_nothing_sent(store: Warehouse, run: Run) -> None:
    """Refuse to do again what orders rest on.

    Raises:
        GuardRefusal: The run claimed its week, which it does just before its first order.
    """
    if store.find(run, "claims") is None:
        return
    sent = [i for i in IntentLog(store.root, run.account).of(run.run_id) if i.state != "PLANNED"]
    finished = store.find(run, "runs") is not None
    again = f"`riskparity run {run.strategy} rebalance`"
    raise GuardRefusal(
        f"Orders of {run.run_id} went out: what they rest on cannot be done again",
        figures={i.ticket.client_order_id: i.status or i.state.lower() for i in sent}
        or {"orders": "on their way"},
        remedy=f"It is finished: a new run plans from what is held now, once a week unless forced: {again}."
        if finished
        else f"The same run goes on, looks each order up and sends the rest: press Retry, or {again}.",
    )


def _changes(
    rows: Mapping[str, Mapping[str, Any]],
    held: Mapping[str, Decimal],
    prices: Mapping[str, Decimal],
    tolerance: Decimal,
) -> dict[str, str]:
    """What moved by more than ``tolerance``: shares not at all, cash as a share of equity, prices in themselves."""
    equity = sum((row["market_value"] for row in rows.values() if row["in_universe"]), NOTHING)
    changed = {}
    for symbol in sorted(rows.keys() | held.keys()):
        then, now = rows[symbol]["qty"] if symbol in rows else NOTHING, held.get(symbol, NOTHING)
        if abs(now - then) > (tolerance * equity if symbol == CASH else NOTHING):
            changed[symbol] = f"held {then:f} then, {now:f} now"
    for symbol, price in prices.items():
        then = rows[symbol]["price"]
        if then and abs(price / then - 1) > tolerance:
            changed[f"price of {symbol}"] = f"{then:f} then, {price:f} now"
    return changed


def _of_this_run(run: Run, name: str, row: dict[str, Any], mark: str) -> dict[str, Any]:
    if name == "order_plan" and row["client_order_id"]:
        return row | {"client_order_id": run.client_order_id(row["action"], row["symbol"])}
    if name == "decisions":
        return row | {"reasons": f"{row['reasons']}\n{mark}"}
    return row
