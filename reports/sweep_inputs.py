"""What the report of a sweep is made of: plain tables, computed elsewhere, and what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from reports.format import MISSING, ratio

_NAMES = {
    "left_out": "assets left out",
    "cost_bps": "costs (bp)",
    "minimum_acceptable_return": "acceptable return",
}


@dataclass(frozen=True, eq=False)
class SweepInputs:
    """Everything one report shows. Scores are annual Sharpe ratios of weekly returns in excess of cash.

    Args:
        strategy: The strategy whose parameters were varied.
        chosen: The point that everything is compared with, in words.
        verdicts: parameter, verdict, and the figures behind it, in the order of the page.
        curves: parameter, kind (slice, average), position, value, chosen, point, points, score, difference, and its error.
        summary: The chosen point among all, and how much of picking one is luck.
        pairs: first, second (parameters), first_value, second_value, score; mean over all else; may be empty.
        points: point, label, chosen, score, and of daily returns cagr, volatility, max_drawdown, turnover, costs; mean_distance from
            the chosen point, fraction of the portfolio; those that did not fail.
        distances: parameter, value, mean_distance, weekly_distance: of the points on the slices; may be empty.
        ranks: period, first, last (its weeks), point, score, rank.
        agreement: first, second (periods), spearman, kendall; each pair once.
        best_elsewhere: period, point, label (its best point), score, elsewhere (mean percentile in the other periods).
        failures: point, label, error_class, error_text; may be empty.
        notes: What a reader must know before all figures, one sentence each.
        assumptions: Prices, dates, design, resamples, by name.
        provenance: Code version, data hash, identity of the sweep, by name.
        command: Shell command that reproduces the sweep.
    """

    strategy: str
    chosen: str
    verdicts: pd.DataFrame
    curves: pd.DataFrame
    summary: Mapping[str, float]
    pairs: pd.DataFrame
    points: pd.DataFrame
    distances: pd.DataFrame
    ranks: pd.DataFrame
    agreement: pd.DataFrame
    best_elsewhere: pd.DataFrame
    failures: pd.DataFrame
    command: str
    notes: tuple[str, ...] = ()
    assumptions: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def score(self) -> float:
        """Of the chosen point."""
        return float(self.summary["score"])

    @cached_property
    def others(self) -> pd.DataFrame:
        """All points but the chosen one."""
        return self.points[~self.points["chosen"]]

    def names(self, *, ordered: bool) -> list[str]:
        """The parameters whose values have an order, or those whose have none."""
        return [str(name) for name in self.verdicts.loc[self.verdicts["ordered"] == ordered, "parameter"]]

    def curve(self, parameter: str, kind: str) -> pd.DataFrame:
        """The values of a parameter in their order: ``slice`` through the chosen point, or ``average`` over all else."""
        rows = self.curves[(self.curves["parameter"] == parameter) & (self.curves["kind"] == kind)]
        return rows.sort_values("position", kind="stable")

    def judged_curve(self, parameter: str) -> pd.DataFrame:
        """The one on which its verdict rests."""
        return self.curve(parameter, str(self._verdict_row(parameter)["kind"]))

    def verdict(self, parameter: str) -> str:
        """In a word or two."""
        return str(self._verdict_row(parameter)["verdict"])

    def map_of(self, first: str, second: str) -> pd.DataFrame:
        """Mean scores, one row a value of the first, one column a value of the second, in their orders."""
        cells = self.pairs[(self.pairs["first"] == first) & (self.pairs["second"] == second)]
        table = cells.pivot_table(index="first_value", columns="second_value", values="score", sort=False)
        rows, columns = (list(self.curve(name, "average")["value"]) for name in (first, second))
        return table.reindex(index=rows, columns=columns)

    def _verdict_row(self, parameter: str) -> pd.Series[Any]:
        return self.verdicts[self.verdicts["parameter"] == parameter].iloc[0]


def parameter_name(name: str) -> str:
    """As people write it.

    >>> parameter_name("max_weight"), parameter_name("left_out")
    ('max weight', 'assets left out')
    """
    return _NAMES.get(name, name.replace("_", " "))


def difference(size: float, error: float, digits: int = 2) -> str:
    """With its standard error.

    >>> difference(0.1234, 0.05)
    '+0.12 ± 0.05'
    """
    if pd.isna(size):
        return MISSING
    return f"{'+' if size > 0 else ''}{ratio(size, digits)} ± {ratio(error, digits)}"
