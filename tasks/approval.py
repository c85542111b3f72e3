"""Approval: an approved plan becomes the plan of this run, if the account is still as it was planned for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from brokerage.market_data import latest_prices
from brokerage.orders import NOTHING
from brokerage.records import CASH
from config import load_settings
from schemas.artifacts import ArtifactRef
from schemas.errors import ConfigError, GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import Opening
from tasks.stage import account_of, endpoint, say, stage, warehouse
from tasks.week import opened
from warehouse import Warehouse

ADOPTED = (
    "window_bars",
    "returns",
    "cleaning_log",
    "holdings",
    "target_weights",
    "certificates",
    "explanations",
    "shadow_prices",
    "notes",
    "decisions",
    "order_plan",
)
"""Everything a plan rests on: the stages find it written and decide nothing anew."""


@stage("approval")
def adopt_plan(opening: Opening, parameters: RebalanceParameters) -> ArtifactRef:
    """Write the approved run's artifacts as those of this run, its trades under this run's order ids.

    Raises:
        ConfigError: There is no such plan.
        GuardRefusal: It is another strategy's, account's or day's, was altered, the account has changed
            since, or another run that died with orders out has to be finished first.
    """
    store, run = warehouse(), opening.run
    planned = _planned(store, parameters.approved)
    mark = f"as approved: {planned.run_id}"
    written = store.find(run, "order_plan")
    if written is not None:
        _require_same_plan(store, run, mark)
        return written
    _require_same(run, planned)
    plan = store.find(planned, "order_plan")
    if plan is None or plan.sha256 != parameters.approved_sha256:
        raise _refused("The stored plan is not the one that was approved", {"run": planned.run_id})
    _require_unchanged(store, planned, run, parameters)
    for name in ADOPTED:
        source = store.find(planned, name)
        if source is not None:
            adopted = store.put(run, name, [_of_this_run(run, name, row, mark) for row in store.rows(source)])
    say(f"{planned.run_id}: nothing has changed since, its trades are sent as they are", adopted)
    return adopted


def _planned(store: Warehouse, run_id: str) -> Run:
    known = set(store.openings()["run_id"])
    if run_id not in known or "-plan-" not in run_id:
        raise ConfigError(
            f"There is no plan named {run_id}",
            remedy="riskparity run STRATEGY plan makes one and says its name.",
        )
    return opened(store, run_id).model_copy(update={"dry_run": True})


def _require_same_plan(store: Warehouse, run: Run, mark: str) -> None:
    decision = store.find(run, "decisions")
    if decision is None or mark not in store.rows(decision)[0]["reasons"].splitlines():
        raise _refused(
            "Another run of this week died with orders out and must be finished first", {"run": run.run_id}
        )


def _require_same(run: Run, planned: Run) -> None:
    pairs = {
        "strategy": (planned.strategy, run.strategy),
        "account": (planned.account, run.account),
        "day": (planned.session, run.session),
    }
    different = {name: f"{then}, now {now}" for name, (then, now) in pairs.items() if then != now}
    if different:
        raise _refused("This plan was made for something else", different)


def _require_unchanged(store: Warehouse, planned: Run, run: Run, parameters: RebalanceParameters) -> None:
    reference, settings = store.find(planned, "holdings"), load_settings()
    rows = {row["symbol"]: row for row in (store.rows(reference) if reference else [])}
    account = account_of(run)
    held = {position.symbol: position.qty for position in account.positions()}
    held[CASH] = account.account().cash
    symbols = [symbol for symbol, row in rows.items() if row["last_close"] and symbol != CASH]
    prices = latest_prices(
        endpoint(run),
        symbols,
        feed=parameters.ingestion.feed,
        settings=settings.broker,
        max_spread_bps=settings.limits.max_spread_bps,
    )
    changed = _changes(rows, held, prices, Decimal(str(settings.limits.max_change_since_plan)))
    if changed:
        raise _refused("The account is not what this plan was made for", changed)


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


def _refused(what: str, figures: Mapping[str, object]) -> GuardRefusal:
    return GuardRefusal(
        f"{what}; nothing was sent",
        figures=figures,
        remedy="Plan again and approve that: riskparity run STRATEGY plan --out FILE",
    )
