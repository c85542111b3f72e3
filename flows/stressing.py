"""``riskparity stress``: the stages of the flow in a row, without the half minute in which Prefect starts a server."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.waiting import working
from reports.stress import stress_findings
from reports.stress_tables import leverage_table, scenarios_table
from reports.tables import Table, records
from schemas.identity import StressTest
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressResult, StressTables
from strategies.registry import strategy_class
from tasks.backtest_prices import gather_prices
from tasks.crash_market import Span, span_of
from tasks.stress_base import base_of
from tasks.stress_report import commit_stress_test, stress_inputs, write_stress_report
from tasks.stress_tables import no_weeks, write_histories, write_shocks, write_synthetic
from warehouse import Warehouse

SHOWN = 12
"""Scenarios on the terminal, the worst of them; the report has all."""


def stress(strategy: str, overrides: Iterable[str], *, live_like: str, as_json: bool) -> int:
    """What breaks a strategy: the worst cases on the terminal, the rest in its output folder."""
    strategy_class(strategy)
    span = span_of(live_like) if live_like else None
    parameters = override(StressParameters.of(load_settings().backtest(strategy)), overrides)
    store = Warehouse(home())
    result = run_stress_test(store, parameters, span=span, quiet=as_json)
    if as_json:
        screens.answer(json.dumps(_as_json(store, result), indent=2, default=str))
    else:
        _show(store, result, parameters)
        screens.talk(f"Report: {store.root / result.report}")
    return 0


def run_stress_test(
    store: Warehouse, parameters: StressParameters, *, span: Span | None = None, quiet: bool
) -> StressResult:
    """Prices, shocks, drawn histories, synthetic universes, the weeks of a crash if there is a span, and the report.

    Raises:
        DataError: The prices are too short, or do not reach the span.
        ConfigError: There is no such universe.
    """
    test = StressTest(strategy=parameters.strategy.name, decided_at=dt.datetime.now(dt.UTC))
    with working(quiet=quiet) as told:
        prices = gather_prices(store, test, parameters, kind="stress")
        if not quiet:
            screens.talk(f"  {'prices':<13}{prices.said}")
        told("the account until the last close")
        base = base_of(store, prices, parameters)
        stages: dict[str, Callable[[], StressTables]] = {
            "shocks": lambda: write_shocks(store, test, base, prices, parameters),
            "histories": lambda: write_histories(store, test, base, parameters, told),
            "universes": lambda: write_synthetic(store, test, parameters, told),
        }
        parts = [_timed(name, stage, quiet=quiet) for name, stage in stages.items()]
    parts.append(
        _timed("live-like", lambda: _weeks(store, test, prices, parameters, span, quiet=quiet), quiet=quiet)
    )
    tables = StressTables.together(parts)
    page = write_stress_report(store, test, prices, tables, parameters)
    committed = commit_stress_test(store, test, prices, tables, parameters)
    return StressResult(test=test, prices=prices, tables=tables, committed=committed, report=page)


def _weeks(
    store: Warehouse,
    test: StressTest,
    prices: GatheredPrices,
    parameters: StressParameters,
    span: Span | None,
    *,
    quiet: bool,
) -> StressTables:
    if span is None:
        return no_weeks(store, test)
    from flows.crash_weeks import live_through  # noqa: PLC0415 - brings the broker and Prefect with it

    return live_through(store, test, prices, parameters, span, quiet=quiet)


def _timed(name: str, stage: Callable[[], StressTables], *, quiet: bool) -> StressTables:
    since = time.monotonic()
    done = stage()
    if done.said and not quiet:
        screens.talk(f"  {name:<13}{done.said}  ({time.monotonic() - since:.1f} s)")
    return done


def _show(store: Warehouse, result: StressResult, parameters: StressParameters) -> None:
    inputs = stress_inputs(store, result.test, result.prices, result.tables, parameters)
    more = len(inputs.scenarios) - SHOWN
    title = f"Portfolio of {inputs.summary['as_of']}, worst first" + (
        f"; {more} more in the report" if more > 0 else ""
    )
    _table(title, scenarios_table(inputs), SHOWN)
    _table("Leverage", leverage_table(inputs))
    for finding in stress_findings(inputs):
        screens.talk(finding)
    if len(inputs.weeks):
        cells = [
            (
                str(row["session"]),
                row["outcome"],
                f"{row['equity']:,.0f}",
                f"{row['filled']}/{row['orders']}",
                row["event"],
                row["said"],
            )
            for row in records(inputs.weeks)
        ]
        columns = ["session", "outcome", "equity", "filled", "event", "said"]
        screens.rows("\nLived through", columns, cells, right=frozenset({"equity", "filled"}))
    for note in inputs.notes:
        screens.talk(note)


def _table(title: str, table: Table, most: int | None = None) -> None:
    """A table of the report without its long texts."""
    short = [place for place, column in enumerate(table.columns) if column.kind != "text"]
    names = [table.columns[place].name for place in short]
    cells = [[row[place] for place in short] for row in table.rows[:most]]
    right = frozenset(table.columns[place].name for place in short if table.columns[place].kind == "figure")
    screens.rows(f"\n{title}", names, cells, right=right)


def _as_json(store: Warehouse, result: StressResult) -> dict[str, object]:
    rows = {
        reference.name.removeprefix("stress_"): [
            {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - NaN is no JSON
            for row in store.rows(reference)
        ]
        for reference in result.tables.artifacts
    }
    return {**result.model_dump(mode="json"), **rows}
