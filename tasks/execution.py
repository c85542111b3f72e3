"""Execution: take stock of the account, plan the trades, send them and follow them to the end."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pandas as pd

from brokerage import holdings as stock
from brokerage.calendar import NEW_YORK
from brokerage.client import Broker
from brokerage.execution import execute
from brokerage.market_data import latest_prices
from brokerage.orders import NOTHING, PlannedOrder
from brokerage.records import CASH
from config import load_settings
from portfolio.rebalance import RebalanceDecision, decide_rebalance
from schemas.artifacts import ArtifactRef
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import ExecutionParameters, IngestionParameters, RebalanceParameters
from schemas.results import Executed, Opening
from tasks.stage import broker, endpoint, say, stage, warehouse


@stage("take stock")
def take_stock(
    run: Run, bars: ArtifactRef, returns: ArtifactRef, parameters: IngestionParameters
) -> ArtifactRef:
    """Read the account once: holdings, cash, prices and what may be traded.

    A holding without usable returns is left alone, like one that is not in the universe at all.
    """
    settings, store = load_settings(), warehouse()
    account = broker(settings)
    usable = sorted(store.get(returns)["symbol"].unique())
    positions, cash = account.positions(), account.account().cash
    rows = stock.take_stock(
        cash,
        positions,
        prices=latest_prices(endpoint(settings), usable, feed=parameters.feed, settings=settings.broker),
        last_closes=_last_closes(store.get(bars)),
        assets={symbol: account.asset(symbol) for symbol in usable},
    )
    reference = store.put(run, "holdings", rows)
    equity = sum((row["market_value"] for row in rows), NOTHING)
    say(f"equity ${equity:,.2f}, cash ${cash:,.2f}, {len(positions)} positions")
    return reference


@stage("plan")
def plan_trades(
    opening: Opening,
    bars: ArtifactRef,
    holdings: ArtifactRef,
    weights: ArtifactRef,
    parameters: RebalanceParameters,
) -> tuple[ArtifactRef, ArtifactRef]:
    """Decide whether and how far to trade; write ``decisions`` and ``order_plan`` and hand on both, in this order.

    Raises:
        GuardRefusal: The weights are no long-only portfolio, or there is nothing to invest.
        BrokerRefusal: The account holds short positions.
    """
    store, run = warehouse(), opening.run
    held = store.rows(holdings)
    current = {row["symbol"]: row["weight"] for row in held if row["in_universe"] and row["symbol"] != CASH}
    targets = {row["symbol"]: row["target_weight"] for row in store.rows(weights)}
    wanted = [targets.get(symbol, 0.0) for symbol in current]
    decision = decide_rebalance(
        list(current),
        list(current.values()),
        wanted,
        drift_threshold=parameters.guard.drift_threshold,
        max_turnover=parameters.guard.max_turnover,
    )
    hold = decision.decision == "hold"
    plan = stock.trade_list(
        run,
        held,
        dict(zip(current, wanted if hold else decision.weights.tolist(), strict=True)),
        parameters.execution,
        reasons=dict(zip(current, decision.reasons, strict=True)),
        hold=hold,
    )
    as_of = store.get(bars)["session"].max()
    decided = store.put(run, "decisions", [_decision_row(opening, decision, parameters, as_of)])
    planned = store.put(run, "order_plan", [asdict(row) for row in plan])
    say(f"{decision.summary}; {sum(row.action != 'hold' for row in plan)} orders", planned)
    return decided, planned


@stage("execution")
def send_orders(run: Run, order_plan: ArtifactRef, parameters: ExecutionParameters) -> Executed:
    """Send the plan, each order at most once, and write ``orders``, ``fills`` and ``positions``.

    Raises:
        GuardRefusal: The market is closed, the plan is of an earlier session, or the account has changed.
        BrokerRefusal: The account may not trade.
        UnknownOutcome: An order can neither be confirmed nor ruled out.
    """
    store = warehouse()
    account = broker(load_settings())
    plan = [PlannedOrder(**row) for row in store.rows(order_plan)]
    _require_fresh(account, run)
    execution = execute(account, run, plan, parameters)
    executed = Executed(
        outcome=execution.outcome if execution.orders else "hold",
        orders=store.put(run, "orders", [asdict(row) for row in execution.orders]),
        fills=store.put(run, "fills", [asdict(row) for row in execution.fills]),
        positions=store.put(run, "positions", [asdict(row) for row in execution.positions]),
    )
    say(f"{executed.outcome}: {executed.orders.rows} orders, {executed.fills.rows} filled")
    return executed


@stage("refusal")
def record_refusal(opening: Opening, parameters: RebalanceParameters) -> ArtifactRef:
    """Record that a guard said no, and why."""
    say("nothing was sent")
    return warehouse().put(opening.run, "decisions", [_decision_row(opening, None, parameters, None)])


def _require_fresh(account: Broker, run: Run) -> None:
    today = account.clock().timestamp.astimezone(NEW_YORK).date()
    if today != run.session:
        raise GuardRefusal(
            "This plan was made on an earlier day and is not sent any more",
            figures={"planned on": run.session, "exchange's date": today},
            remedy=f"Start a new run, which plans from today's holdings: `riskparity run {run.strategy} rebalance`.",
        )


def _last_closes(bars: pd.DataFrame) -> dict[str, Decimal]:
    newest = bars.sort_values("session").drop_duplicates("symbol", keep="last")
    pairs = zip(newest["symbol"], newest["close"], strict=True)
    return {symbol: Decimal(str(close)) for symbol, close in pairs if close > 0}


def _decision_row(
    opening: Opening,
    decision: RebalanceDecision | None,
    parameters: RebalanceParameters,
    data_as_of: dt.date | None,
) -> dict[str, Any]:
    run = opening.run
    resolved = json.dumps({**parameters.model_dump(mode="json"), "symbols": opening.symbols}, sort_keys=True)
    checks = [str(check) for check in opening.checks]
    return {
        "strategy": run.strategy,
        "iso_week": str(run.week),
        "session": run.session,
        "decided_at": run.decided_at.astimezone(dt.UTC).replace(tzinfo=None),
        "decision": decision.decision if decision else "refused",
        "reasons": "\n".join([*checks, decision.summary] if decision else checks),
        "forced_because": parameters.reason if parameters.force else None,
        "drift": decision.drift if decision else None,
        "turnover": decision.turnover if decision else None,
        "data_as_of": data_as_of,
        "parameters": resolved,
        "config_hash": hashlib.sha256(resolved.encode()).hexdigest(),
    }
