"""What became of some points of a sweep, as rows of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portfolio.arrays import IntArray
from schemas.sweep_results import OpenedSweep
from strategies.sweep_design import Point
from strategies.sweep_points import STATISTICS, Lived
from tasks.trial_ledger import config_hash
from warehouse.tables import Rows

_OF_STRATEGY = ("minimum_acceptable_return", "max_weight", "sleeve_min", "sleeve_max", "sleeve_max_weight")
_OF_ACCOUNT = (
    "first", "last", "sessions", "decisions", "skipped", "traded", *STATISTICS, "skewness", "kurtosis",
)  # fmt: skip


def sweep_tables(done: Sequence[tuple[Point, Lived | Exception]], opened: OpenedSweep) -> dict[str, Rows]:
    """Rows of ``sweep_points``, ``sweep_returns`` and ``sweep_weights``.

    Args:
        done: Points, and how they lived or why they did not.
        opened: Their sweep.
    """
    lived = [(point, life) for point, life in done if isinstance(life, Lived)]
    return {
        "sweep_points": [_described(point, opened) | _outcome(life) for point, life in done],
        "sweep_returns": _returns(lived),
        "sweep_weights": _weights(lived),
    }


def _described(point: Point, opened: OpenedSweep) -> dict[str, object]:
    p = point.parameters
    return {
        "point": point.number,
        "config_hash": config_hash(p),
        "parameters": p.model_dump_json(),
        "strategy": p.strategy.name,
        "lookback": p.strategy.lookback,
        **{name: getattr(p.strategy, name, None) for name in _OF_STRATEGY},
        "drift_threshold": p.rules.drift_threshold,
        "weekday": p.rules.weekday,
        "cost_bps": p.costs.commission_bps + p.costs.slippage_bps,
        "spike_threshold": p.cleaning.spike_threshold,
        "assets": len(point.symbols),
        "symbols": ", ".join(point.symbols),
        "left_out": ", ".join(symbol for symbol in opened.symbols if symbol not in point.symbols),
    }


def _outcome(life: Lived | Exception) -> dict[str, object]:
    if isinstance(life, Lived):
        return {"status": "done", "error_class": "", "error_text": "", **life.account}
    unknown = dict.fromkeys(_OF_ACCOUNT)
    return {"status": "failed", "error_class": type(life).__name__, "error_text": str(life), **unknown}


def _returns(lived: Sequence[tuple[Point, Lived]]) -> pd.DataFrame:
    lives = [life for _, life in lived]
    return pd.DataFrame(
        {
            "point": _repeated(lived, [len(life.weeks) for life in lives]),
            "session": _joined("datetime64[s]", [life.weeks for life in lives]),
            "weekly_return": _joined("float64", [life.weekly_return for life in lives]),
            "excess_return": _joined("float64", [life.excess_return for life in lives]),
        }
    )


def _weights(lived: Sequence[tuple[Point, Lived]]) -> pd.DataFrame:
    wanted = [(np.array(point.symbols, dtype=object), life, life.mean_target > 0.0) for point, life in lived]
    return pd.DataFrame(
        {
            "point": _repeated(lived, [int(some.sum()) for _, _, some in wanted]),
            "symbol": _joined("object", [symbols[some] for symbols, _, some in wanted]),
            "mean_target": _joined("float64", [life.mean_target[some] for _, life, some in wanted]),
            "last_target": _joined("float64", [life.last_target[some] for _, life, some in wanted]),
        }
    )


def _repeated(lived: Sequence[tuple[Point, Lived]], counts: Sequence[int]) -> IntArray:
    """Each point's number, so often."""
    numbers = np.array([point.number for point, _ in lived], dtype=np.int64)
    return np.repeat(numbers, np.array(counts, dtype=np.int64))


def _joined(dtype: str, pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One after the other; empty when there are none."""
    return np.concatenate([np.empty(0, dtype=dtype), *pieces])
