"""How the results of a sweep are spread, and why points failed."""

from __future__ import annotations

import pandas as pd

from schemas.artifacts import named
from schemas.sweep_results import SweepResult
from warehouse import Warehouse

SHOWN = ("sharpe", "cagr", "volatility", "downside_deviation", "max_drawdown", "turnover", "costs")
QUANTILES = {
    "lowest": 0.0,
    "5 %": 0.05,
    "quartile": 0.25,
    "median": 0.5,
    "quartile ": 0.75,
    "95 %": 0.95,
    "highest": 1.0,
}


def summary(store: Warehouse, result: SweepResult) -> pd.DataFrame:
    """Quantiles of the figures over all points that did not fail: metric, then one column a quantile.

    Deliberately not a list of the best: the best of many is lucky, and how lucky is for the statistics of trials to say.
    """
    points = points_of(store, result)
    rows = points.loc[points["status"] == "done", list(SHOWN)].quantile(list(QUANTILES.values())).T
    rows.columns = pd.Index(QUANTILES)
    return rows.rename_axis("metric").reset_index()


def failures(store: Warehouse, result: SweepResult) -> list[tuple[str, str, int]]:
    """Errors of the points that failed: class, text of the first, how many; the most frequent first."""
    points = points_of(store, result)
    failed = points[points["status"] == "failed"].groupby("error_class")["error_text"].agg(["first", "size"])
    ordered = failed.sort_values("size", ascending=False)
    return [(str(name), str(row["first"]), int(row["size"])) for name, row in ordered.iterrows()]


def points_of(store: Warehouse, result: SweepResult) -> pd.DataFrame:
    """The rows of ``sweep_points``."""
    return store.get(named(result.artifacts, "sweep_points"))
