"""What was varied in a sweep, read back from its points: the values of each parameter, and the point that is configured."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from portfolio.arrays import IntArray
from portfolio.sweep_record import Parameter
from reports.backtest_inputs import shown
from reports.sweep_inputs import parameter_name
from schemas.backtest_parameters import BacktestParameters
from schemas.sweep_parameters import SweepParameters

_ORDERED = (
    "lookback", "minimum_acceptable_return", "max_weight", "sleeve_min", "sleeve_max", "sleeve_max_weight", "drift_threshold",
    "cost_bps", "spike_threshold",
)  # fmt: skip
_UNORDERED = ("strategy", "weekday", "left_out")
"""Monday stands beside Friday as much as beside Tuesday."""
_CONDITIONS = frozenset({"cost_bps"})
_FEW_LEFT_OUT = 3
"""Assets left out that are named; of more, those that are left."""
_NONE = -1


class Varied(NamedTuple):
    """S points by what was varied."""

    parameters: tuple[Parameter, ...]
    """The P that have more than one value among the points."""
    codes: IntArray
    """(S, P) which value of each a point has; -1 where it has no such parameter."""
    chosen: int
    """Row of the point that is configured, or of the nearest to it."""
    exact: bool
    """Whether it is the configured one."""


def varied(points: pd.DataFrame, parameters: SweepParameters) -> Varied:
    """Read a sweep's design back.

    A parameter without an axis is none of the design, though strategies may come with values of their own. What all points
    share has the chosen value of each.

    Args:
        points: Rows of ``sweep_points`` that did not fail.
        parameters: What the sweep was told.
    """
    tried = {"strategy", "left_out", *parameters.axes.varied}
    kept = [
        each
        for name, wanted in _configured(parameters.backtest).items()
        if name in tried
        and wanted is not None
        and len(set((each := _read(points, name, wanted)).codes.tolist()) - {_NONE}) > 1
    ]
    codes = np.array([each.codes for each in kept], dtype=np.int64).reshape(len(kept), len(points)).T
    away = np.abs(codes - np.array([each.own for each in kept], dtype=np.int64))
    nearest = int(np.lexsort((away.sum(axis=1), (away > 0).sum(axis=1)))[0])
    exact = all(each.tried for each in kept) and not away[nearest].any()
    return Varied(tuple(each.parameter for each in kept), codes, nearest, bool(exact))


def labels(design: Varied) -> list[str]:
    """Each point by what it has otherwise than the chosen one."""
    own = design.codes[design.chosen]
    return [
        ", ".join(
            f"{parameter_name(parameter.name)} {parameter.values[code]}"
            for parameter, code, chosen in zip(design.parameters, row, own, strict=True)
            if code not in (chosen, _NONE)
        )
        or "as chosen"
        for row in design.codes.tolist()
    ]


def described(design: Varied) -> str:
    """The chosen point by all that was varied."""
    own = design.codes[design.chosen].tolist()
    return ", ".join(
        f"{parameter_name(parameter.name)} {parameter.values[code]}"
        for parameter, code in zip(design.parameters, own, strict=True)
        if code != _NONE
    )


def _configured(p: BacktestParameters) -> Mapping[str, object]:
    """The value of every column of ``sweep_points`` that can be varied; none where the strategy has no such parameter."""
    elsewhere = {
        "strategy": p.strategy.name,
        "drift_threshold": p.rules.drift_threshold,
        "weekday": p.rules.weekday,
        "cost_bps": p.costs.commission_bps + p.costs.slippage_bps,
        "spike_threshold": p.cleaning.spike_threshold,
        "left_out": "",
    }
    return {name: elsewhere.get(name, getattr(p.strategy, name, None)) for name in (*_UNORDERED, *_ORDERED)}


class _Column(NamedTuple):
    parameter: Parameter
    codes: IntArray
    own: int
    """Code of the configured value, or of the nearest."""
    tried: bool
    """Whether the configured value is among those tried."""


def _read(points: pd.DataFrame, name: str, wanted: Any) -> _Column:
    column, ordered = points[name], name in _ORDERED
    values = sorted(
        column.dropna().unique().tolist(), key=lambda value: (not ordered and value != wanted, value)
    )
    place = {value: code for code, value in enumerate(values)}
    codes = np.array([place.get(value, _NONE) for value in column.tolist()], dtype=np.int64)
    nearest = min(place, key=lambda value: abs(value - wanted), default=None) if ordered else None
    texts = tuple(_written(name, value, points) for value in values)
    numbers = np.array(values, dtype=float) if ordered else None
    parameter = Parameter(name, texts, numbers, name in _CONDITIONS)
    return _Column(parameter, codes, place.get(wanted, place.get(nearest, 0)), wanted in place)


def _written(name: str, value: object, points: pd.DataFrame) -> str:
    if name == "left_out":
        return _universe(str(value), points)
    if name == "weekday":
        return str(calendar.day_abbr[int(str(value))])
    return shown(value) if isinstance(value, str) else f"{value:g}"


def _universe(left_out: str, points: pd.DataFrame) -> str:
    if not left_out:
        return "none"
    if left_out.count(",") < _FEW_LEFT_OUT:
        return f"without {left_out}"
    return f"only {points.loc[points['left_out'] == left_out, 'symbols'].iloc[0]}"
