"""Weights that fill an area: which assets get a layer of their own, how each looks, and its name beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reports.format import percent
from reports.style import CASH_FILL, FILLS, INK, OTHERS_FILL, PAGE, Fill

NEGLIGIBLE = 0.0005
"""Smaller weights are written as 0.0%."""


def layers_of(in_force: pd.DataFrame) -> tuple[pd.DataFrame, list[Fill]]:
    """The areas to stack, bottom first, and their looks: assets as first held, others, cash.

    That order does not change when a week is added, so an asset keeps its colour from report to report.
    """
    shown = layered(in_force)
    layers, fills = in_layers(in_force, shown)
    layers["cash"] = (1.0 - in_force.sum(axis=1)).clip(lower=0.0)
    return layers, [*fills, CASH_FILL]


def layered(in_force: pd.DataFrame) -> list[str]:
    """The assets that get a layer of their own, as first held."""
    held = _held(in_force)
    shown = list(held.mean().nlargest(len(FILLS)).index)
    since = {symbol: held.index[held[symbol].to_numpy() >= NEGLIGIBLE][0] for symbol in shown}
    return sorted(shown, key=lambda symbol: (since[symbol], -held.loc[since[symbol], symbol], symbol))


def in_layers(shares: pd.DataFrame, shown: Sequence[str]) -> tuple[pd.DataFrame, list[Fill]]:
    """One layer for each asset of ``shown``, in that order and with the looks of that order, and one for all others."""
    layers, fills = shares[list(shown)].copy(), list(FILLS[: len(shown)])
    rest = _held(shares).columns.difference(list(shown))
    if len(rest):
        layers[f"{len(rest)} others" if len(rest) > 1 else rest[0]] = shares[rest].sum(axis=1)
        fills.append(OTHERS_FILL)
    return layers, fills


def edges_of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges between layers (n, layers + 1), from weights (n, layers), bottom first."""
    return np.hstack([np.zeros((len(weights), 1)), weights.cumsum(axis=1)])


def draw_layers(
    axes: Axes, days: NDArray[Any], edges: NDArray[np.float64], names: Sequence[str], fills: Sequence[Fill]
) -> None:
    """Areas that keep their height until the next day of ``days``, with their names on the right."""
    for column, (name, fill) in enumerate(zip(names, fills, strict=True)):
        axes.fill_between(
            days, edges[:, column], edges[:, column + 1], step="post", label=name,
            facecolor=fill.color, hatch=fill.hatch, edgecolor=PAGE, linewidth=0,
        )  # fmt: skip
    _name_layers(axes, names, fills, edges[-1])


def spread(heights: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Ascending label positions, pushed up to stand ``gap`` apart, then down to end at 1."""
    offsets = gap * np.arange(len(heights))
    pushed = np.maximum.accumulate(heights - offsets) + offsets
    return np.asarray(np.minimum(pushed, 1.0 - offsets[::-1]))


def _name_layers(axes: Axes, names: Sequence[str], fills: Sequence[Fill], edges: NDArray[np.float64]) -> None:
    """Names right of the areas, each with a swatch: a layer that is thin today is still identified."""
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "clip_on": False}
    middles, weights = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    for name, weight, fill, middle, height in zip(
        names, weights, fills, middles, spread(middles, gap=0.066), strict=True
    ):
        axes.plot([1.0, 1.035], [middle, height], color=INK, alpha=0.4, linewidth=0.5, **look)
        swatch = Rectangle(
            (1.035, height - 0.02), 0.04, 0.04,
            facecolor=fill.color, hatch=fill.hatch, edgecolor=PAGE, linewidth=0, **look,
        )  # fmt: skip
        axes.add_patch(swatch)
        axes.text(1.09, height, f"{name} {percent(weight)}", va="center", fontsize=8, **look)


def _held(shares: pd.DataFrame) -> pd.DataFrame:
    return shares.loc[:, shares.max() >= NEGLIGIBLE]
