"""A decision derived again from its stored inputs, with the functions that derived it, and compared with what is on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from portfolio.arrays import BoolArray, FloatArray
from schemas.artifacts import ARTIFACTS, ArtifactRef, arrow_schema
from schemas.errors import DataError
from schemas.identity import Run
from strategies.journal import NoJournal
from tasks.derivation import cleaned_rows, plan_rows, recorded_parameters, weight_rows
from tasks.week import last_decision, opened
from warehouse import Warehouse
from warehouse.tables import Rows

TOLERANCE = 1e-8
"""Largest difference that counts as none: of fractions absolutely, of larger numbers relatively."""
NOT_DERIVED = frozenset({"run_id", "reason", "sentence", "detail", "multipliers", "iterations"})
"""Columns that repeat others in words, or say how long the solver took."""
KEYS = ("session", "symbol", "constraint_name", "rule", "field", "kind")
"""Columns that tell which row is meant."""


class Difference(NamedTuple):
    """One value that comes out otherwise than it is on record."""

    artifact: str
    row: str
    column: str
    recorded: str
    derived: str


class Rederived(NamedTuple):
    """What was compared, and what came out otherwise."""

    values: int
    differences: tuple[Difference, ...]


def rederive(store: Warehouse, run_id: str) -> Rederived:
    """Derive the decision of a run again, stage by stage, each from what the stage before has on record.

    Bars give returns, returns and holdings give weights and their explanation, weights and holdings give the decision
    and the trade list; with the parameters of the run, and the target weights of the decision before.

    Raises:
        DataError: An input is missing, damaged, or not the one that was written.
    """
    run = opened(store, run_id)
    recorded = _Recorded(store, run)
    decided = recorded.rows("decisions")[0]
    parameters, given = recorded_parameters(decided["parameters"])
    returns, log = cleaned_rows(
        recorded.frame("window_bars"), parameters.strategy.lookback, parameters.cleaning
    )
    _, weights = weight_rows(
        recorded.frame("returns"),
        recorded.frame("holdings"),
        last_decision(store, run),
        parameters.strategy,
        given["hedges"],
        NoJournal(),
    )
    decision, plan = plan_rows(run, recorded.rows("holdings"), recorded.rows("target_weights"), parameters)
    verdict = {name: getattr(decision, name) for name in ("decision", "drift", "turnover")}
    derived: dict[str, Rows] = {
        "returns": returns,
        "cleaning_log": log,
        **weights,
        "decisions": [verdict],
        "order_plan": plan,
    }
    return _compared({name: recorded.frame(name) for name in derived}, derived)


class _Recorded:
    """The artifacts of a finished run, each checked against the run's own list of checksums."""

    def __init__(self, store: Warehouse, run: Run) -> None:
        self._store, self._run = store, run
        listed = store.find(run, "artifacts")
        self._sha256 = {row["uri"]: row["sha256"] for row in store.rows(listed)} if listed else {}

    def frame(self, name: str) -> pd.DataFrame:
        return self._store.get(self._reference(name))

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self._store.rows(self._reference(name))

    def _reference(self, name: str) -> ArtifactRef:
        found = self._store.find(self._run, name)
        if found is None or self._sha256.get(found.uri) != found.sha256:
            what = "is missing" if found is None else "is not the one that the run wrote"
            raise DataError(
                f"'{name}' of run {self._run.run_id} {what}, so its decision cannot be derived again",
                remedy="`riskparity warehouse check` tells what else is wrong; restore it from a backup.",
            )
        return found


def _compared(recorded: Mapping[str, pd.DataFrame], derived: Mapping[str, Rows]) -> Rederived:
    values, differences = 0, []
    for name, rows in derived.items():
        then, now = recorded[name], pd.DataFrame(rows)
        if len(then) != len(now):
            differences.append(Difference(name, "all", "rows", str(len(then)), str(len(now))))
            continue
        for column in [column for column in now.columns if column not in NOT_DERIVED]:
            values += len(then)
            for k in np.flatnonzero(~_same(name, column, then[column], now[column])):
                pair = (str(each[column].iloc[k]) for each in (then, now))
                differences.append(Difference(name, _row(then.iloc[k]), column, *pair))
    return Rederived(values, tuple(differences))


def _same(name: str, column: str, then: pd.Series, now: pd.Series) -> BoolArray:
    kind = arrow_schema(ARTIFACTS[name].model).field(column).type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_integer(kind):
        return np.isclose(_figures(then), _figures(now), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    return np.asarray(_texts(then) == _texts(now))


def _figures(column: pd.Series) -> FloatArray:
    return pd.to_numeric(column.astype("object")).to_numpy(float, na_value=np.nan)


def _texts(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_dtype(column):
        column = column.dt.date
    return column.astype("object").where(column.notna(), "").astype(str)


def _row(row: pd.Series) -> str:
    return " ".join(str(row[key]) for key in KEYS if key in row.index and pd.notna(row[key]))
