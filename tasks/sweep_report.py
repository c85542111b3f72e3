"""The report of a sweep from its artifacts, in the strategy's output folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from portfolio.arrays import IntArray
from reports.backtest_inputs import shown
from reports.sweep import sweep_report
from reports.sweep_inputs import SweepInputs
from reports.tables import records
from schemas.identity import Sweep
from strategies.sweep_design import Design
from tasks.report_folder import write_report_folder
from tasks.reproduction import sweep_command
from tasks.sweep_design_read import described, labels
from tasks.sweep_distances import mean_distances, weekly_distances
from tasks.sweep_judgement import DRAWS, JudgedSweep, judge_sweep, latest_sweep, reference_of, rows_of
from tasks.sweep_parts import histories
from warehouse import Warehouse

_FIGURES = ["cagr", "volatility", "max_drawdown", "turnover", "costs"]


def write_sweep_report(store: Warehouse, inputs: SweepInputs) -> str:
    """Page, figures and tables, in ``output/<strategy>/sweep/``.

    Returns:
        The page's path relative to the state folder.
    """
    return write_report_folder(store, inputs.strategy, "sweep", sweep_report(inputs))


def sweep_inputs(store: Warehouse, sweep: Sweep, *, weekly: bool = True) -> SweepInputs | None:
    """What the report shows, from the artifacts of a finished sweep; none where there is nothing to compare.

    Args:
        store: Where they are.
        sweep: Which.
        weekly: Whether to decide the points on the slices anew, for their distances week by week; without, there are none.

    Raises:
        DataError: The sweep has not written what it should.
    """
    judged = judge_sweep(store, sweep)
    return _inputs(store, sweep, judged, weekly=weekly) if judged else None


def latest_sweep_inputs(store: Warehouse, strategy: str) -> SweepInputs | None:
    """What the report of a strategy's latest sweep shows, apart from distances week by week; none before its first."""
    latest = latest_sweep(store, strategy)
    return sweep_inputs(store, latest, weekly=False) if latest else None


def _inputs(store: Warehouse, sweep: Sweep, judged: JudgedSweep, *, weekly: bool) -> SweepInputs:
    record, names = judged.record, labels(judged.design)
    numbers = judged.points["point"].to_numpy(dtype=np.int64)
    chosen = int(numbers[judged.design.chosen])
    curves = _numbered(record.curves, numbers)
    return SweepInputs(
        strategy=sweep.strategy,
        chosen=described(judged.design),
        verdicts=record.verdicts,
        curves=curves,
        summary=records(record.summary)[0],
        pairs=record.pairs,
        points=judged.points[["point", *_FIGURES]].assign(
            label=names,
            chosen=numbers == chosen,
            score=record.scores,
            mean_distance=mean_distances(rows_of(store, sweep, "sweep_weights"), numbers, chosen),
        ),
        distances=_distances(store, sweep, judged, curves, chosen) if weekly else pd.DataFrame(),
        ranks=_dated(_numbered(record.ranks, numbers), judged.weeks),
        agreement=record.agreement,
        best_elsewhere=_numbered(record.best_elsewhere, numbers).assign(
            label=[names[row] for row in record.best_elsewhere["point"]]
        ),
        failures=_failures(judged.failed),
        command=sweep_command(judged.parameters),
        notes=_notes(judged),
        assumptions=_assumptions(judged),
        provenance={
            "weeks": f"{judged.weeks[0]:%Y-%m-%d} to {judged.weeks[-1]:%Y-%m-%d}",
            "sweep": sweep.run_id,
            "code version": str(judged.row["code_version"]),
            "sha256 of the prices": str(judged.row["data_hash"]),
        },
    )


def _distances(
    store: Warehouse, sweep: Sweep, judged: JudgedSweep, curves: pd.DataFrame, chosen: int
) -> pd.DataFrame:
    """Of the points on the slices."""
    slices = curves.loc[curves["kind"] == "slice", ["parameter", "value", "point"]]
    design = Design(judged.parameters, tuple(str(judged.row["symbols"]).split(", ")))
    wanted = sorted(set(slices["point"].tolist()))
    points = {number: next(design.points(number, number + 1)) for number in wanted}
    prices = histories(store, *(reference_of(store, sweep, name) for name in ("sweep_prices", "sweep_cash")))
    weekly = weekly_distances(prices, points.values(), points[chosen])
    means = mean_distances(rows_of(store, sweep, "sweep_weights"), slices["point"], chosen)
    weeks = [weekly[number] for number in slices["point"]]
    return slices.drop(columns="point").assign(mean_distance=means, weekly_distance=weeks)


def _numbered(table: pd.DataFrame, numbers: IntArray) -> pd.DataFrame:
    """Rows of points as their numbers; an average has none, and stays at -1."""
    rows = table["point"].to_numpy(dtype=np.int64)
    return table.assign(point=np.where(rows < 0, rows, numbers[rows]))


def _dated(ranks: pd.DataFrame, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Each sub-period's first week as a date, and its last."""
    firsts = ranks.drop_duplicates("period").set_index("period")["first"].to_numpy(dtype=np.int64)
    lasts = np.append(firsts[1:], len(weeks)) - 1
    period = ranks["period"].to_numpy(dtype=np.int64)
    return ranks.assign(first=weeks[firsts][period], last=weeks[lasts][period])


def _failures(failed: pd.DataFrame) -> pd.DataFrame:
    still = failed["status"] == "done"
    return pd.DataFrame(
        {
            "point": failed["point"],
            "label": [_briefly(row) for row in records(failed)],
            "error_class": failed["error_class"].mask(still, "no spread"),
            "error_text": failed["error_text"].mask(
                still, "The account never moved: there is no Sharpe ratio."
            ),
        }
    )


def _briefly(row: Mapping[str, Any]) -> str:
    cap = "" if pd.isna(row["max_weight"]) else f", cap {row['max_weight']}"
    without = f", without {row['left_out']}" if row["left_out"] else ""
    return f"{shown(row['strategy'])}, lookback {row['lookback']}{cap}{without}"


def _notes(judged: JudgedSweep) -> tuple[str, ...]:
    told = [f"Prices: {judged.row['prices']}."]
    if not judged.design.exact:
        told.append("The configured parameters were not among the points: the nearest one takes their place.")
    if not any(parameter.numbers is not None for parameter in judged.design.parameters):
        told.append("No ordered parameter was varied: there are no slices.")
    base = judged.parameters.backtest
    if not base.cash_yield and not base.cash_rates:
        told.append("Cash earns nothing: scores are of returns, not of returns in excess of a bill.")
    return tuple(told)


def _assumptions(judged: JudgedSweep) -> dict[str, str]:
    p = judged.parameters
    return {
        "assets": str(judged.row["symbols"]),
        "design": f"{judged.row['points']:,} points, {'drawn at random' if p.random else 'every combination'}",
        "resamples": f"{DRAWS:,}",
        "traded": f"{p.backtest.rules.frequency}, at the {p.backtest.rules.execution.replace('_', ' ')}",
    }
