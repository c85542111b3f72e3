"""Execution: take stock of the account, plan the trades, send them and follow them to the end."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pandas as pd

from brokerage import holdings as stock
from brokerage.adoption import adopt
from brokerage.calendar import TradingCalendar
from brokerage.client import Broker
from brokerage.corporate_actions import changing_assets
from brokerage.execution import execute
from brokerage.intents import IntentLog
from brokerage.limits import require_prices_near
from brokerage.market_data import latest_prices, latest_quotes
from brokerage.models import Position
from brokerage.orders import NOTHING, PlannedOrder
from brokerage.records import Execution
from brokerage.sending import Quotes
from config import load_settings
from config.settings import home
from portfolio.rebalance import RebalanceDecision
from reports.tables import orders_table, plan_table
from schemas.artifacts import ArtifactRef
from schemas.columns import naive_utc
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import Executed, Opening, Outcome
from tasks.derivation import as_recorded, plan_rows
from tasks.permission import claim_week, require_day_and_window
from tasks.run_page import show_refusal, show_table
from tasks.safeguards import require_limits, require_not_halted
from tasks.stage import account_of, adopted, endpoint, require_same_day, say, stage, warehouse

FRESH = dt.timedelta(minutes=10)
"""Prices of a run that began longer ago are read again before its first order."""


@stage("take stock")
def take_stock(
    opening: Opening, bars: ArtifactRef, returns: ArtifactRef, parameters: RebalanceParameters
) -> ArtifactRef:
    """Read the account once: holdings, cash, prices and what may be traded.

    A holding in the universe without usable returns is kept as it is and counts; any other is foreign. An asset
    around a split, a merger or a new name is not bought; while one is held, the equity that every trade is sized
    from is unknown, and nothing is traded.

    Raises:
        DataError: A held asset's price is missing or far from its last close.
        NeedsHuman: The account holds short positions.
        GuardRefusal: The run began on another day or with another account, there is nothing to invest, or the
            shares of what is held are about to change or have just changed.
        UnknownOutcome: An order of an earlier run of today may still come through.
    """
    run, store = opening.run, warehouse()
    _adopt_earlier_orders(run)
    if found := adopted(run, "holdings"):
        return found[0]
    account = account_of(run)
    require_same_day(account, run)
    usable = sorted(store.get(returns)["symbol"].unique())
    positions, cash, settings = account.positions(), account.account().cash, load_settings()
    changing = _changing(run, opening.symbols)
    _require_settled(positions, changing)
    rows = stock.take_stock(
        cash,
        positions,
        prices=latest_prices(
            endpoint(run),
            usable,
            feed=parameters.ingestion.feed,
            settings=settings.broker,
            max_spread_bps=settings.limits.max_spread_bps,
        ),
        last_closes=_last_closes(store.get(bars)),
        assets={symbol: account.asset(symbol).frozen_if(symbol in changing) for symbol in usable},
        kept=set(opening.symbols) - set(usable),
        max_price_deviation=parameters.execution.max_price_deviation,
    )
    reference = store.put(run, "holdings", rows)
    equity = sum((row["market_value"] for row in rows), NOTHING)
    foreign = [row["symbol"] for row in rows if not row["in_universe"]]
    note = f"; left alone, not this strategy's: {', '.join(foreign)}" if foreign else ""
    note += "".join(f"; left alone, {what}: {symbol}" for symbol, what in changing.items())
    say(f"equity ${equity:,.2f}, cash ${cash:,.2f}, {len(positions)} positions{note}")
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
    """
    store, run = warehouse(), opening.run
    if found := adopted(run, "decisions", "order_plan"):
        return found[0], found[1]
    decision, plan = plan_rows(run, store.rows(holdings), store.rows(weights), parameters)
    as_of = store.get(bars)["session"].max()
    decided = store.put(run, "decisions", [_decision_row(opening, decision, parameters, as_of)])
    planned = store.put(run, "order_plan", plan)
    show_table(
        f"{run.strategy}-plan",
        lambda: plan_table(store.get(planned), store.get(weights)),
        f"Plan of {run.run_id}: {decision.summary}",
    )
    say(f"{decision.summary}; {sum(row['action'] != 'hold' for row in plan)} orders", planned)
    return decided, planned


@stage("execution")
def send_orders(
    run: Run, decision: ArtifactRef, order_plan: ArtifactRef, parameters: RebalanceParameters
) -> Executed:
    """Send the plan, each order at most once, and write ``orders``, ``fills`` and ``positions``.

    Just before the first order the run claims its week, so that whatever crashes, no other run trades it.

    Raises:
        GuardRefusal: The market is closed, trading is halted, the plan is beyond a limit, or of another day, hour or
            price, another run has the week, or the account has changed.
        BrokerRefusal: The account may not trade.
        UnknownOutcome: A person must look, and the account cannot even be read.
    """
    store, account = warehouse(), account_of(run)
    plan = [PlannedOrder(**row) for row in store.rows(order_plan)]

    def before_sending() -> None:
        require_limits(store, run, plan, parameters)
        _require_prices_of_the_plan(account, run, plan, parameters)
        claim_week(store, account, run, parameters)

    def before_wave() -> None:
        require_day_and_window(account, run, parameters)

    execution = execute(
        account,
        run,
        plan,
        parameters.execution,
        intents=IntentLog(home(), run.account),
        before_sending=before_sending,
        before_wave=before_wave,
        before_each=require_not_halted,
        quotes=_quotes(run, parameters),
    )
    executed = Executed(
        outcome=_outcome(execution, store.rows(decision)[0]["decision"]),
        remarks=execution.remarks,
        orders=store.put(run, "orders", [asdict(row) for row in execution.orders]),
        fills=store.put(run, "fills", [asdict(row) for row in execution.fills]),
        positions=store.put(run, "positions", [asdict(row) for row in execution.positions]),
    )
    show_table(
        f"{run.strategy}-orders",
        lambda: orders_table(store.get(executed.orders), store.get(executed.fills)),
        f"Orders of {run.run_id}: {executed.outcome}",
    )
    say(
        f"{executed.outcome}: {executed.orders.rows} orders, {executed.fills.rows} filled, at most "
        f"{execution.tracking_error:.2%} from target"
    )
    for remark in execution.remarks:
        say(remark)
    return executed


def _quotes(run: Run, parameters: RebalanceParameters) -> Quotes:
    """The latest quotes of any symbols, asked for when they are needed."""
    settings = load_settings()
    return lambda symbols: latest_quotes(
        endpoint(run),
        symbols,
        feed=parameters.ingestion.feed,
        settings=settings.broker,
        max_spread_bps=settings.limits.max_spread_bps,
    )


@stage("refusal")
def record_refusal(opening: Opening, parameters: RebalanceParameters) -> ArtifactRef:
    """Record that a guard said no, and why."""
    show_refusal(opening)
    say("nothing was sent")
    return warehouse().put(opening.run, "decisions", [_decision_row(opening, None, parameters, None)])


def _outcome(execution: Execution, decision: str) -> Outcome:
    return "hold" if decision == "hold" else execution.outcome


def _adopt_earlier_orders(run: Run) -> None:
    """Settle what earlier runs left open in the log of intents, before anything is decided on."""
    intents = IntentLog(home(), run.account)
    pending = [intent for intent in intents.pending() if intent.run_id != run.run_id]
    if pending:
        found = adopt(account_of(run), intents, pending, today=run.session)
        say(f"{len(pending)} orders of earlier runs looked up, {len(found)} found at the broker")


def _changing(run: Run, symbols: Sequence[str]) -> dict[str, str]:
    """Assets whose shares are not counted alike everywhere, from the day before to the day after."""
    calendar = TradingCalendar()
    start, end = calendar.previous_session(run.session), calendar.next_session(run.session)
    return changing_assets(endpoint(run), symbols, start, end, load_settings().broker)


def _require_settled(positions: Iterable[Position], changing: Mapping[str, str]) -> None:
    held = {
        position.symbol: changing[position.symbol] for position in positions if position.symbol in changing
    }
    if held:
        raise GuardRefusal(
            "Shares of what is held are about to change or have just changed: price and position may not fit together",
            figures=held,
            remedy="Nothing was planned or sent, and the week stays open: run again on a later session.",
        )


def _require_prices_of_the_plan(
    account: Broker, run: Run, plan: Sequence[PlannedOrder], parameters: RebalanceParameters
) -> None:
    if account.clock().timestamp - run.decided_at <= FRESH:
        return
    settings = load_settings()
    prices = latest_prices(
        endpoint(run),
        [row.symbol for row in plan if row.action != "hold"],
        feed=parameters.ingestion.feed,
        settings=settings.broker,
        max_spread_bps=settings.limits.max_spread_bps,
    )
    require_prices_near(plan, prices, settings.limits.max_change_since_plan)


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
    resolved = as_recorded(
        parameters,
        symbols=opening.symbols,
        hedges=opening.hedges,
        limits=load_settings().limits.model_dump(mode="json"),
    )
    checks = [str(check) for check in opening.checks]
    return {
        "strategy": run.strategy,
        "iso_week": str(run.week),
        "session": run.session,
        "decided_at": naive_utc(run.decided_at),
        "decision": decision.decision if decision else "refused",
        "reasons": "\n".join([*checks, decision.summary] if decision else checks),
        "forced_because": parameters.reason if parameters.force else None,
        "drift": decision.drift if decision else None,
        "turnover": decision.turnover if decision else None,
        "data_as_of": data_as_of,
        "parameters": resolved,
        "config_hash": hashlib.sha256(resolved.encode()).hexdigest(),
    }
