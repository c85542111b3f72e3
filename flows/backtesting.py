"""``riskparity backtest``: the stages of the flow in a row, without the half minute in which Prefect starts a server."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.waiting import working
from reports.backtest_inputs import shown, written
from reports.luck import odds
from schemas.artifacts import named
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from schemas.metrics import METRICS
from schemas.results import BacktestResult, SimulatedAccounts
from strategies.registry import strategy_class
from tasks.backtest_accounts import simulate_accounts
from tasks.backtest_prices import gather_prices
from tasks.backtest_report import commit_trial, write_backtest_report
from warehouse import Warehouse

R = TypeVar("R")


def backtest(strategy: str, overrides: Iterable[str], *, as_json: bool) -> int:
    """A strategy through the years beside its alternatives: table on the terminal, report in its output folder."""
    strategy_class(strategy)
    parameters = override(load_settings().backtest(strategy), overrides)
    store = Warehouse(home())
    result = run_backtest(store, parameters, quiet=as_json)
    if as_json:
        screens.answer(json.dumps(_as_json(store, result), indent=2))
    else:
        screens.talk(f"Report: {store.root / result.report}")
    return 0


def run_backtest(store: Warehouse, parameters: BacktestParameters, *, quiet: bool) -> BacktestResult:
    """Prices, accounts, report, and the row that counts the trial."""
    trial = Trial(strategy=parameters.strategy.name, decided_at=dt.datetime.now(dt.UTC))
    with working(quiet=quiet) as told:
        prices = _timed(
            quiet, "prices", lambda: gather_prices(store, trial, parameters), lambda done: done.said
        )
        accounts = _timed(
            quiet,
            "simulation",
            lambda: simulate_accounts(store, trial, prices, parameters, told),
            lambda done: done.said,
        )
        if not quiet:
            _show(store, accounts)
        page = _timed(
            quiet, "report", lambda: write_backtest_report(store, trial, prices, accounts, parameters), str
        )
    committed = commit_trial(store, trial, prices, accounts, parameters)
    return BacktestResult(trial=trial, prices=prices, accounts=accounts, committed=committed, report=page)


def _timed(quiet: bool, stage: str, work: Callable[[], R], said: Callable[[R], str]) -> R:  # noqa: FBT001
    since = time.monotonic()
    done = work()
    if not quiet:
        screens.talk(f"  {stage:<13}{said(done)}  ({time.monotonic() - since:.1f} s)")
    return done


def _show(store: Warehouse, accounts: SimulatedAccounts) -> None:
    figures = _statistics(store, accounts)
    names = list(dict.fromkeys(name for name, _ in figures))
    cells = []
    for key, metric in METRICS.items():
        cells.append([metric.name, *(written(key, figures[name, key][0]) for name in names)])
        estimate, low, high = figures[names[0], key]
        if low == low and low != high:  # noqa: PLR0124 - NaN
            cells.append(
                ["  95% interval", f"{written(key, low)} … {written(key, high)}", *[""] * (len(names) - 1)]
            )
        del estimate
    screens.rows("\nResults", ["", *map(shown, names)], cells, right=frozenset(map(shown, names)))
    for note in accounts.notes:
        screens.talk(note)
    screens.talk(odds(_luck(store, accounts)))


def _as_json(store: Warehouse, result: BacktestResult) -> dict[str, object]:
    figures = [
        {"series": name, "metric": key, "estimate": _number(e), "low": _number(low), "high": _number(high)}
        for (name, key), (e, low, high) in _statistics(store, result.accounts).items()
    ]
    luck = {
        key: _number(value) if isinstance(value, float) else value
        for key, value in _luck(store, result.accounts).items()
    }
    return {**result.model_dump(mode="json"), "statistics": figures, "luck": luck}


def _number(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN is no JSON


def _luck(store: Warehouse, accounts: SimulatedAccounts) -> dict[str, Any]:
    (row,) = store.rows(named(accounts.artifacts, "backtest_luck"))
    return row


def _statistics(
    store: Warehouse, accounts: SimulatedAccounts
) -> dict[tuple[str, str], tuple[float, float, float]]:
    rows = store.get(named(accounts.artifacts, "backtest_statistics"))
    rows = rows[["series", "metric", "estimate", "low", "high"]]
    return {(series, metric): (e, low, high) for series, metric, e, low, high in rows.itertuples(index=False)}
