"""``riskparity runs list`` and ``show``: which runs there were, and how far each one came."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, NamedTuple

from brokerage.intents import IntentLog
from config.settings import home
from flows import screens
from schemas.errors import DataError
from schemas.identity import Run
from schemas.stages import STAGES, WRITES, Stage
from strategies.registry import strategy_class
from tasks.continuation import run_named
from tasks.week import opened
from warehouse import Warehouse


class Progress(NamedTuple):
    """How a stage of a run stands."""

    stage: str
    state: str
    """done, taken over, damaged, in part, not done."""
    detail: str
    """Rows by artifact, the run it was taken over from, or what is damaged."""


def listed(strategy: str | None, limit: int, *, as_json: bool) -> int:
    """The latest runs, one line each."""
    store = Warehouse(home())
    openings = store.openings().sort_values(["decided_at", "attempt"], kind="stable")
    if strategy is not None:
        strategy_class(strategy)
        openings = openings[openings["strategy"] == strategy]
    found = [_summary(store, opened(store, run_id)) for run_id in openings["run_id"].tail(limit)]
    if as_json:
        screens.answer(json.dumps(found, indent=2))
    elif found:
        screens.rows("Runs", list(found[0]), [[str(cell or "") for cell in row.values()] for row in found])
        screens.talk(f"One of them, stage by stage: {screens.COMMAND} runs show RUN")
    else:
        screens.talk(f"There are no runs yet. Start with: {screens.COMMAND} run risk_parity plan")
    return 0


def shown(run_id: str, *, as_json: bool) -> int:
    """One run, stage by stage.

    Raises:
        ConfigError: There is no such run.
    """
    store = Warehouse(home())
    run = run_named(store, run_id)
    stages, orders, opening = progress(store, run), _orders(store, run), store.opening(run_id)
    content: dict[str, Any] = {
        **_summary(store, run),
        "account": run.account,
        "redone from": opening["redo"],
        "code": opening["code_version"],
    }
    if as_json:
        told = json.loads(opening["parameters"])
        more = {"stages": [one._asdict() for one in stages], "sent": orders, "parameters": told}
        screens.answer(json.dumps({**content, **more}, indent=2))
        return 0
    screens.key_values(run_id, {name: value for name, value in content.items() if value})
    screens.rows("Stages", ["stage", "", ""], stages)
    if orders:
        screens.rows("Orders", ["order", "state"], orders.items())
    screens.talk(_next(store, run, stages))
    return 0


def progress(store: Warehouse, run: Run) -> list[Progress]:
    """How each stage of a run stands, in their order; what follows from orders last."""
    lineage = store.find(run, "lineage")
    taken = {row["artifact"]: row["taken_from"] for row in (store.rows(lineage) if lineage else [])}
    found = [_progress(store, run, stage, WRITES[stage], taken) for stage in STAGES]
    return [*found, _progress(store, run, "accounts", ("performance", "strategy_log"), {})]


def _progress(
    store: Warehouse, run: Run, stage: str, names: tuple[str, ...], taken: dict[str, str]
) -> Progress:
    try:
        written = [reference for name in names if (reference := store.find(run, name)) is not None]
        rows = ", ".join(f"{store.get(reference).shape[0]:,} {reference.name}" for reference in written)
    except DataError as error:
        return Progress(stage, "damaged", error.what)
    if written and written[0].name in taken:
        return Progress(stage, "taken over", f"from {taken[written[0].name]}")
    state = "done" if len(written) == len(names) else "in part" if written else "not done"
    return Progress(stage, state, rows)


def _summary(store: Warehouse, run: Run) -> dict[str, Any]:
    opening, marker, lineage = store.opening(run.run_id), store.find(run, "runs"), store.find(run, "lineage")
    if marker:
        outcome = store.rows(marker)[0]["outcome"]
    else:
        outcome = "unfinished, orders out" if store.find(run, "claims") else "unfinished"
    return {
        "run": run.run_id,
        "session": str(run.session),
        "began": f"{run.decided_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "outcome": outcome,
        "orders": len(_orders(store, run)),
        "taken over from": store.rows(lineage)[0]["taken_from"] if lineage and lineage.rows else None,
        "flow run": opening["flow_run_id"],
    }


def _orders(store: Warehouse, run: Run) -> dict[str, str]:
    """Every order that was sent, and how it stands as far as is known."""
    intents = IntentLog(store.root, run.account).of(run.run_id)
    return {i.ticket.client_order_id: i.status or i.state.lower() for i in intents if i.state != "PLANNED"}


def _next(store: Warehouse, run: Run, stages: list[Progress]) -> str:
    open_stages = [one.stage for one in stages if one.state not in {"done", "taken over"}]
    if store.find(run, "runs") is not None:
        return f"It is finished. To write its report again: {_resume(run, 'report')}"
    if store.find(run, "claims") is not None:
        return f"Its orders went out. To finish it: Retry in the Prefect UI, or {screens.COMMAND} run {run.strategy} rebalance"
    return f"To finish it: Retry in the Prefect UI. To do part of it again: {_resume(run, open_stages[0])}"


def _resume(run: Run, stage: Stage | str) -> str:
    return f'{screens.COMMAND} runs resume {run.run_id} --from "{stage}"'
