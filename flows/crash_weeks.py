"""The weekly flow through the weeks of a crash, on a loopback exchange and in a state folder of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from config import load_settings
from config.settings import home
from flows import screens
from flows.session import prefect_session
from flows.waiting import counted
from schemas.errors import RiskParityError
from schemas.identity import IsoWeek, StressTest
from schemas.parameters import ExecutionParameters, RebalanceParameters
from schemas.results import GatheredPrices, RunResult
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressTables
from tasks.backtest_lineup import with_hedges
from tasks.backtest_prices import read_history
from tasks.backtest_sources import delivered_bars
from tasks.crash_market import CrashMarket, Span, crash_market
from warehouse import Warehouse

_PATIENCE = ExecutionParameters(deadline_seconds=3.0, poll_seconds=0.2)
"""What does not fill at once on the virtual clock does not fill at all."""


def live_through(
    store: Warehouse,
    test: StressTest,
    prices: GatheredPrices,
    parameters: StressParameters,
    span: Span,
    *,
    quiet: bool,
) -> StressTables:
    """Live through the weeks of ``span`` with everything that stands between a decision and an order; write ``stress_weeks``.

    Whatever a run raises is recorded, and the next week begins as it would on a schedule.

    Raises:
        DataError: The prices do not reach it.
    """
    bars, _ = delivered_bars(store, test, parameters)
    history = read_history(store, prices.artifacts[0], prices.artifacts[1])
    held = bars.frame[bars.frame["symbol"].isin(prices.held)]
    market = crash_market(held, history.of(prices.held), prices, parameters, span)
    place = store.root / "stress" / test.run_id
    place.mkdir(parents=True)
    market.bars.to_parquet(place / "bars.parquet", index=False)
    rebalance = RebalanceParameters(
        strategy=with_hedges(parameters.strategy, prices.hedges),
        universe=",".join(prices.held),
        cleaning=parameters.cleaning,
        guard=load_settings().guard,
        execution=_PATIENCE,
    )
    with prefect_session(home(), lambda _: None, (lambda _: None) if quiet else screens.talk):
        rows = _lived(place, market, rebalance, quiet=quiet)
    said = f"{len(rows)} weeks, {span.first} to {span.last} among them; each run's report in {place.relative_to(store.root)}"
    return StressTables(artifacts=(store.put(test, "stress_weeks", rows),), said=said)


def _lived(
    place: Path, market: CrashMarket, rebalance: RebalanceParameters, *, quiet: bool
) -> list[dict[str, Any]]:
    from flows.weekly_rebalance import weekly_rebalance  # noqa: PLC0415 - Prefect, prepared by now

    settings = load_settings().exchange.model_copy(update={"start": market.runs[0]})
    rows = []
    with _state_of(place):
        for week, session in enumerate(counted(market.runs, len(market.runs), quiet=quiet)):
            # asked for each week anew: one that nobody asks for two minutes ends itself, and goes on where it was
            exchange = ExchangeControl(ensure_running(place, settings, bars=place / "bars.parquet"))
            if week:
                exchange.advance("next_week")
            row = {
                "week": str(IsoWeek.of(session)),
                "session": session,
                "event": market.events.get(session, ""),
            }
            before = exchange.state()["orders"]
            try:
                row |= _told(Warehouse(place), weekly_rebalance(rebalance))
            except RiskParityError as error:
                row |= {"outcome": type(error).__name__, "filled": 0, "said": str(error)}
            after = exchange.state()
            rows.append({**row, "equity": float(after["equity"]), "orders": after["orders"] - before})
    return rows


def _told(store: Warehouse, result: RunResult) -> dict[str, Any]:
    written = {reference.name: reference for reference in result.artifacts}
    orders = store.rows(written["orders"]) if "orders" in written else []
    unfilled = [f"{row['symbol']} {row['status']}" for row in orders if row["status"] != "filled"]
    failed = [f"{check.name}: {check.detail}" for check in result.checks if not check.passed]
    return {
        "outcome": result.outcome,
        "filled": len(orders) - len(unfilled),
        "said": "; ".join([*failed, *unfilled]),
    }


@contextlib.contextmanager
def _state_of(place: Path) -> Iterator[None]:
    """What is lived through here is neither the records nor the account of anybody."""
    ours = {"RISKPARITY_HOME": str(place), "RISKPARITY__BROKER__VENUE": "loopback"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ |= ours
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
