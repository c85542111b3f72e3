"""``riskparity sweep``: the stages of the flow in a row, without the half minute in which Prefect starts a server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping

from pandas import DataFrame

from config import load_settings
from config.settings import home
from config.sweep_overrides import sweep_parameters
from flows import screens
from flows.waiting import advancing, working
from reports.backtest_inputs import written
from reports.sweep_inputs import SweepInputs
from reports.sweep_verdicts import finding, headline, verdicts_table
from schemas.metrics import METRICS
from schemas.sweep_results import Part, SweepResult
from strategies.registry import strategy_class
from tasks.sweep_judgement import NOTHING
from tasks.sweep_opening import begin_sweep
from tasks.sweep_report import sweep_inputs, write_sweep_report
from tasks.sweep_running import run_sweep
from tasks.sweep_summary import failures, summary
from warehouse import Warehouse


def sweep(strategy: str, overrides: Iterable[str], design: Mapping[str, object], *, as_json: bool) -> int:
    """Evaluate a design: progress on the terminal, then how the results are spread."""
    strategy_class(strategy)
    parameters = sweep_parameters(load_settings(), strategy, overrides, **design)
    store = Warehouse(home())
    with working(quiet=as_json) as told:
        told("prices and design")
        opened = begin_sweep(store, parameters, dt.datetime.now(dt.UTC))
    if not as_json:
        screens.talk(f"{opened.sweep.run_id}: {opened.said}")
    with advancing("points", opened.points, quiet=as_json) as advance:

        def done(part: Part, before: bool) -> None:  # noqa: FBT001
            advance(part.end - part.first, before)

        result = run_sweep(store, opened, done)
    if not as_json:
        _show(store, result)
    with working(quiet=as_json) as told:
        told("verdicts and report")
        judged = sweep_inputs(store, result.sweep)
        page = write_sweep_report(store, judged) if judged else None
    if as_json:
        screens.answer(json.dumps(_as_json(store, result, judged, page), indent=2))
    else:
        if judged:
            _show_verdicts(judged)
        screens.talk(f"Report:   {store.root / page}" if page else NOTHING)
    return 0


def _as_json(
    store: Warehouse, result: SweepResult, judged: SweepInputs | None, page: str | None
) -> dict[str, object]:
    tables = {"summary": summary(store, result)}
    if judged:
        tables |= {"verdicts": judged.verdicts, "luck": DataFrame([judged.summary])}
    told = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    return {**result.model_dump(mode="json"), **told, "report": page}


def _show_verdicts(judged: SweepInputs) -> None:
    columns, cells = verdicts_table(judged)
    names = [column.name for column in columns]
    figures = frozenset(column.name for column in columns if column.kind == "figure")
    screens.rows(f"\n{headline(judged)}", names, [list(row) for row in cells], right=figures)
    screens.talk(f"{finding(judged)}\n")


def _show(store: Warehouse, result: SweepResult) -> None:
    table = summary(store, result)
    names = list(table.columns[1:])
    cells = [
        [METRICS[metric].name, *(written(metric, value) for value in values)]
        for metric, *values in table.itertuples(index=False)
    ]
    screens.rows(f"\n{result.said}", ["", *names], cells, right=frozenset(names))
    for kind, text, times in failures(store, result):
        screens.talk(f"{kind}, {times:,} times, first: {text}")
    screens.talk(
        f"Look:     {screens.COMMAND} sql \"from sweep_points where run_id = '{result.sweep.run_id}' order by point\""
    )
