"""Reporting: account for the run, make it visible, and show it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prefect.runtime import flow_run

from brokerage.orders import SHARE_GRID
from brokerage.records import CASH
from config.settings import home
from portfolio.performance import cumulative_returns, drawdowns, period_returns
from reports.figures import equity_so_far, weights_history
from reports.style import to_png, to_svg
from reports.summary import SummaryInputs, summary_html, summary_markdown
from reports.tables import slippage_cost
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import StrategyParameters
from schemas.results import DONE, Executed, Outcome
from strategies.registry import create
from tasks.run_page import show_figure, show_markdown
from tasks.stage import say, stage, warehouse
from warehouse import Warehouse, files
from warehouse.journal import OutputJournal
from warehouse.version import code_version

BUNDLED_PRICES = (
    "Prices are the bundled daily closes: price return without dividends, ending 2016-07-01.",
    "Open, high, low, volume and intraday prices are simulated around the real closes.",
)


@stage("accounts")
def close_books(run: Run, executed: Executed, parameters: StrategyParameters) -> ArtifactRef:
    """Write ``performance`` and ``strategy_log``, bring the strategy's records up to date, commit the run."""
    store = warehouse()
    row = _performance(store, run, executed)
    performance = store.put(run, "performance", [row])
    journal = OutputJournal(home(), run)
    strategy = create(parameters, journal)
    status = {"stage": "done", "outcome": executed.outcome, "equity": str(row["equity"])}
    strategy.record_status({**status, **_remarks(store, run, executed)})
    strategy.record_performance(row)
    store.put(run, "strategy_log", journal.records(run.strategy, row))
    commit(run, executed.outcome)
    change = row["period_return"]
    say(
        f"equity ${row['equity']:,.2f}"
        + (f", {change:+.2%} since the last run" if change is not None else "")
    )
    return performance


@stage("commit")
def commit_run(run: Run, outcome: Outcome) -> ArtifactRef:
    """Make a run that sent nothing visible: refused, or planned only."""
    return commit(run, outcome)


@stage("report")
def write_report(run: Run, outcome: Outcome) -> str:
    """Figures, tables and the one-page summary, in ``output/<strategy>/`` and on the Prefect run's page.

    Returns:
        The summary's path relative to the state folder.
    """
    store = warehouse()
    inputs = _inputs(store, run)
    folder = home() / "output" / run.strategy
    weights, equity = (
        weights_history(inputs.target_weights, inputs.runs),
        equity_so_far(inputs.performance, inputs.runs),
    )
    for name, figure in {"weights": weights, "equity": equity}.items():
        files.replace(folder / f"{name}.svg", to_svg(figure).encode())
        files.replace(folder / f"{name}.png", to_png(figure))
    for name in ("target_weights", "orders"):
        table = store.history(name, run.strategy, run.account, DONE)
        files.replace(folder / f"{name.removeprefix('target_')}.csv", table.to_csv(index=False).encode())
    page = summary_html(inputs).encode()
    files.replace(folder / "summary.html", page)
    files.replace(folder / "runs" / f"{run.run_id}.html", page)
    show_figure(f"{run.strategy}-weights", to_png(weights), f"Target weights up to {run.run_id}")
    summary = Path("output", run.strategy, "summary.html").as_posix()
    show_markdown(
        f"{run.strategy}-summary", lambda: summary_markdown(inputs), f"{run.run_id}; as a page: {summary}"
    )
    say(f"{outcome}: {summary}")
    return summary


def commit(run: Run, outcome: Outcome) -> ArtifactRef:
    """Write the run's marker, under the Prefect flow run it belongs to."""
    return warehouse().commit(run, outcome, flow_run_id=flow_run.id, code_version=code_version())


def _remarks(store: Warehouse, run: Run, executed: Executed) -> dict[str, object]:
    """What was to be said of the decision and of its execution, as the strategy's status has it."""
    notes = store.find(run, "notes")
    written = store.rows(notes) if notes else []
    return {
        "notes": [*executed.remarks, *(row["text"] for row in written if row["kind"] == "note")],
        "fallback": "".join(row["text"] for row in written if row["kind"] == "fallback"),
    }


def _performance(store: Warehouse, run: Run, executed: Executed) -> dict[str, Any]:
    positions, fills = store.rows(executed.positions), store.rows(executed.fills)
    equity = sum((row["market_value"] for row in positions), Decimal(0))
    before = store.history("performance", run.strategy, run.account)
    before = before[(before["session"] <= run.session) & (before["run_id"] != run.run_id)]
    curve = np.array([*before["equity"], equity], dtype=float)
    change = period_returns(curve)
    traded = sum((row["value"] for row in fills), Decimal(0))
    return {
        "strategy": run.strategy,
        "session": run.session,
        "equity": equity,
        "cash": next(row["market_value"] for row in positions if row["symbol"] == CASH),
        "period_return": float(change[-1]) if len(change) else None,
        "cumulative_return": float(cumulative_returns(curve)[-1]),
        "drawdown": float(drawdowns(curve)[-1]),
        "turnover": float(traded / equity) / 2,
        "orders": sum(row["order_id"] is not None for row in store.rows(executed.orders)),
        "slippage_cost": slippage_cost(store.get(executed.fills)).quantize(SHARE_GRID),
        "tracking_error": max(abs(row["difference"]) for row in positions),
    }


def _inputs(store: Warehouse, run: Run) -> SummaryInputs:
    def history(name: str) -> pd.DataFrame:
        return store.history(name, run.strategy, run.account)

    bars = store.find(run, "window_bars")
    return SummaryInputs(
        run_id=run.run_id,
        venue=run.venue,
        code_version=code_version(),
        data_hash=bars.sha256 if bars else "",
        command=f"riskparity run {run.strategy} rebalance",
        sql=f"from order_plan where run_id = '{run.run_id}'",
        runs=store.runs(run.strategy, run.account),
        notes=BUNDLED_PRICES if run.venue == "loopback" else (),
        decisions=history("decisions"),
        certificates=history("certificates"),
        target_weights=history("target_weights"),
        explanations=history("explanations"),
        shadow_prices=history("shadow_prices"),
        remarks=history("notes"),
        performance=history("performance"),
        order_plan=history("order_plan"),
        orders=history("orders"),
        fills=history("fills"),
        positions=history("positions"),
        cleaning_log=history("cleaning_log"),
    )
