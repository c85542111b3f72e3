"""Finding the decision that is to be explained, and everything the warehouse holds of it."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flows.screens import COMMAND
from reports.tables import records
from schemas.errors import ConfigError
from strategies.registry import strategy_class
from warehouse import Warehouse

DATES_SHOWN = 8
"""Dates an error lists at most."""


@dataclass(frozen=True, eq=False)
class Decision:
    """Everything known of why a run decided as it did."""

    run: dict[str, Any]
    explanations: pd.DataFrame
    shadow_prices: list[dict[str, Any]]
    certificate: dict[str, Any] | None
    notes: list[dict[str, Any]]

    @property
    def fallbacks(self) -> list[str]:
        """Why a configured substitute was used; empty when it was not."""
        return [note["text"] for note in self.notes if note["kind"] == "fallback"]


def run_of(store: Warehouse, strategy: str, as_of: dt.date | None) -> dict[str, Any]:
    """The latest run that decided, not after ``as_of``; a plan only when nothing was ever sent.

    Raises:
        ConfigError: The strategy is unknown, or has decided nothing by then; the dates it did are named.
    """
    strategy_class(strategy)
    explained = _explained(store, strategy, store.last_account(strategy) or "none")
    if explained.empty:
        raise ConfigError(
            f"{strategy} has not decided anything yet",
            remedy=f"Start with: {COMMAND} run {strategy} plan",
        )
    until = explained[explained["session"] <= as_of] if as_of else explained
    if until.empty:
        raise ConfigError(
            f"{strategy} had decided nothing by {as_of}",
            figures={"decisions": _dates(explained["session"])},
            remedy="Ask for one of these dates or a later one.",
        )
    sent = until[until["outcome"] != "planned"]
    return records(sent if len(sent) else until)[-1]


def run_named(store: Warehouse, run_id: str, as_of: dt.date | None) -> dict[str, Any]:
    """The finished run of that id, plans included.

    Raises:
        ConfigError: There is none, it decided nothing, or a date is named as well.
    """
    if as_of is not None:
        raise ConfigError("--run names one decision already", remedy="Leave out --as-of, or --run.")
    openings = store.openings()
    opened = records(openings[openings["run_id"] == run_id])
    explained = _explained(store, opened[0]["strategy"], opened[0]["account"]) if opened else pd.DataFrame()
    found = records(explained[explained["run_id"] == run_id]) if len(explained) else []
    if not found:
        near = difflib.get_close_matches(run_id, openings["run_id"], n=1)
        what = "decided nothing, or has not finished" if opened else "does not exist"
        hint = f"Did you mean '{near[0]}'? " if near and not opened else ""
        raise ConfigError(
            f"Run {run_id} {what}",
            remedy=f'{hint}`{COMMAND} sql "from runs"` lists every finished run.',
        )
    return found[0]


def decision_of(store: Warehouse, run: dict[str, Any]) -> Decision:
    """What the warehouse holds of a finished run's decision."""

    def rows(name: str) -> pd.DataFrame:
        history = store.history(name, run["strategy"], run["account"])
        own: pd.DataFrame = history[history["run_id"] == run["run_id"]]
        return own.drop(columns=["run_id", "session"])

    decided = records(rows("decisions"))[0]
    certificates = records(rows("certificates"))
    return Decision(
        run={**run, "data_as_of": decided["data_as_of"], "decision": decided["decision"]},
        explanations=rows("explanations"),
        shadow_prices=records(rows("shadow_prices")),
        certificate=certificates[0] if certificates else None,
        notes=records(rows("notes")),
    )


def _explained(store: Warehouse, strategy: str, account: str) -> pd.DataFrame:
    """The finished runs that decided on weights, oldest first."""
    runs = store.runs(strategy, account)
    explained: pd.DataFrame = runs[
        runs["run_id"].isin(store.history("explanations", strategy, account)["run_id"])
    ]
    return explained


def _dates(sessions: pd.Series) -> str:
    days = [str(day) for day in sessions.unique()]
    return ", ".join(days if len(days) <= DATES_SHOWN else [*days[:3], "...", *days[-3:]])
