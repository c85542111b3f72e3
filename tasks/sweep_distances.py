"""How differently the points of a sweep hold their money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.sensitivity import weight_distance
from strategies.registry import create
from strategies.sweep_design import Point
from strategies.walk_forward import walk_forward


def mean_distances(weights: pd.DataFrame, points: Iterable[int], chosen: int) -> FloatArray:
    """Distance of each point's mean target weights from those of the chosen one, fractions of the portfolio.

    Args:
        weights: Rows of ``sweep_weights``.
        points: Their numbers, in the order of the answer.
        chosen: Number of the chosen one.
    """
    wide = weights.pivot_table(index="point", columns="symbol", values="mean_target", fill_value=0.0)
    table = wide.reindex(list(points), fill_value=0.0).to_numpy(dtype=float)
    return weight_distance(table, wide.loc[chosen].to_numpy(dtype=float))


def weekly_distances(
    histories: Mapping[float, PriceHistory], points: Iterable[Point], chosen: Point
) -> dict[int, float]:
    """Mean distance of each point's targets from the chosen one's in the same weeks, by the number of the point.

    Means over years hide what is bought and sold in between. The weights are decided anew; they stand in no table.

    Args:
        histories: Prices by outlier rule.
        points: Of the same sweep.
        chosen: The one compared with.
    """
    own = _targets(histories, chosen)
    return {point.number: _apart(_targets(histories, point), own) for point in points}


def _targets(histories: Mapping[float, PriceHistory], point: Point) -> pd.DataFrame:
    """Target weights by ISO week of the trade, one column an asset; weeks without a decision are left out."""
    p = point.parameters
    history = histories[p.cleaning.spike_threshold].of(point.symbols)
    account = walk_forward(create(p.strategy), history, p.rules, p.costs, capital=p.capital, start=p.start)
    decided = ~account.plan.skipped
    traded = account.history.sessions[account.plan.executed[decided]]
    weeks = traded.astype("datetime64[D]").astype(np.int64) + 3  # a Thursday was day zero
    return pd.DataFrame(account.plan.targets[decided], index=weeks // 7, columns=list(point.symbols))


def _apart(targets: pd.DataFrame, own: pd.DataFrame) -> float:
    one, other = targets.align(own, join="outer", axis=1, fill_value=0.0)
    weeks = one.index.intersection(other.index)
    return float(weight_distance(one.loc[weeks].to_numpy(), other.loc[weeks].to_numpy()).mean())
