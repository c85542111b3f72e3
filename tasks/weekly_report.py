"""The report of a week: the account is read, the runs of the week are looked up, and nothing is written but pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.client import Broker
from brokerage.models import Account
from brokerage.orders import PlannedOrder
from brokerage.records import position_rows
from config import load_settings
from config.settings import home
from portfolio.performance import cumulative_returns, drawdowns
from reports.style import to_png
from reports.tables import records
from reports.week import WeekInputs, week_figures, week_html, week_markdown
from schemas.columns import naive_utc
from schemas.identity import IsoWeek, account_name
from schemas.results import DONE
from schemas.upkeep_parameters import WeeklyReportParameters
from strategies.registry import strategy_class
from tasks.daily_prices import IN_DOUBT
from tasks.replayed import tracking
from tasks.run_page import show_figure, show_markdown
from tasks.stage import entitle, resolve, say, stage, warehouse
from warehouse import Warehouse, files
from warehouse.query import query

NOTES = {
    "loopback": "The loopback exchange's prices are bundled closes without dividends; intraday prices are simulated.",
}
"""What a reader must know of a venue."""

_LAST_CHECKS = """
    select strftime(session, '%G-W%V') as week, session::varchar as session, symbol, finding, detail
    from all_price_checks join all_price_pulls using (run_id)
    qualify row_number() over (partition by session, symbol order by committed_at desc) = 1
    order by session, symbol"""
"""Of every session what its last pull found."""


@stage("report")
def report_week(parameters: WeeklyReportParameters) -> str:
    """Account, positions, drift, trades, and live against model, as a page and on the Prefect run's page.

    Returns:
        The page's path relative to the state folder.

    Raises:
        ConfigError: There is no such strategy.
    """
    strategy_class(parameters.strategy)
    inputs = week_inputs(warehouse(), parameters)
    entitle(f"{inputs.strategy}-{inputs.week}-report")
    folder = Path("output", parameters.strategy)
    page = week_html(inputs).encode()
    files.replace(home() / folder / "weeks" / f"{inputs.week}.html", page)
    files.replace(home() / folder / "week.html", page)
    path = (folder / "week.html").as_posix()
    show_markdown(
        f"{parameters.strategy}-week", lambda: week_markdown(inputs), f"{inputs.week}; as a page: {path}"
    )
    for name, figure in week_figures(inputs).items():
        show_figure(
            f"{parameters.strategy}-week-{name}", to_png(figure), f"{name.capitalize()}, {inputs.week}"
        )
    say(
        f"{inputs.week}: equity ${inputs.equity:,.2f}, {len(inputs.of_the_week)} runs, {len(inputs.orders)} orders; {path}"
    )
    return path


def week_inputs(store: Warehouse, parameters: WeeklyReportParameters) -> WeekInputs:
    """What the report shows: the account as it is now, and what the warehouse has of it."""
    settings, strategy = load_settings(), parameters.strategy
    broker = Broker(resolve(settings), settings.broker)
    account, now = broker.account(), broker.clock().timestamp
    name = account_name(broker.venue, account.account_number)
    completed = TradingCalendar().last_completed(now)
    week = parameters.week or str(IsoWeek.of(completed))

    def history(table: str) -> pd.DataFrame:
        return store.history(table, strategy, name)

    runs, performance = store.runs(strategy, name), history("performance")
    ours = runs.loc[runs["iso_week"] == week, "run_id"]
    weights, orders, fills = (history(table) for table in ("target_weights", "orders", "fills"))
    change = _change(performance, runs, week, account.equity)
    return WeekInputs(
        strategy=strategy,
        account=name,
        week=week,
        as_of=naive_utc(now),
        equity=account.equity,
        cash=account.cash,
        week_return=change.of_week,
        total_return=change.in_total,
        drawdown=change.drawdown,
        holdings=_held(store, strategy, name, broker, account),
        runs=runs,
        decisions=history("decisions"),
        target_weights=weights,
        performance=performance,
        orders=orders[orders["run_id"].isin(ours)],
        fills=fills[fills["run_id"].isin(ours)],
        doubts=_doubts(store, week),
        tracking=_tracked(store, strategy, completed),
        notes=tuple(filter(None, [NOTES.get(broker.venue)])),
    )


def _held(store: Warehouse, strategy: str, name: str, broker: Broker, account: Account) -> pd.DataFrame:
    """What is held now, beside what the last run that used up its week aimed at."""
    plans = store.history("order_plan", strategy, name, DONE)
    last = plans[plans["run_id"] == plans["run_id"].iloc[-1]] if len(plans) else plans
    plan = [PlannedOrder(**row) for row in records(last.drop(columns=["run_id", "session"]))]
    return pd.DataFrame([asdict(row) for row in position_rows(plan, broker.positions(), account)])


class _Change(NamedTuple):
    of_week: float | None
    in_total: float | None
    drawdown: float


def _change(performance: pd.DataFrame, runs: pd.DataFrame, week: str, now: Decimal) -> _Change:
    """The account's equity against that of earlier runs."""
    if performance.empty:
        return _Change(None, None, 0.0)
    weeks = performance["run_id"].map(runs.set_index("run_id")["iso_week"])
    before = performance.loc[weeks < week, "equity"]
    curve = np.array([*performance["equity"], now], dtype=float)
    return _Change(
        of_week=float(now / before.iloc[-1] - 1) if len(before) else None,
        in_total=float(cumulative_returns(curve)[-1]),
        drawdown=float(drawdowns(curve)[-1]),
    )


def _doubts(store: Warehouse, week: str) -> pd.DataFrame:
    """Assets that the daily pulls of the week left in doubt."""
    rows: pd.DataFrame = query(store.root, _LAST_CHECKS).to_pandas()
    return rows[(rows["week"] == week) & rows["finding"].isin(IN_DOUBT)]


def _tracked(store: Warehouse, strategy: str, until: dt.date) -> pd.DataFrame:
    """Live beside model up to a session: bundled prices know the exchange's future."""
    rows = tracking(store, strategy)
    rows = rows.assign(session=pd.to_datetime(rows["session"]))
    return rows[rows["session"] <= pd.Timestamp(until)]
