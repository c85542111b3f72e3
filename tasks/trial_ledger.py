"""The ledger of trials: what was tried before counts against what is found now."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.luck import luck
from schemas.artifacts import ArtifactRef
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from schemas.metrics import SESSIONS_A_YEAR
from warehouse import Warehouse
from warehouse.query import query

_TRIED = "select config_hash, arg_max(sharpe, committed_at) as sharpe from all_trials group by config_hash"
"""The same configuration again, on newer prices say, is no new trial: its latest Sharpe ratio stands for it."""

_LISTED = (
    "select kind, strategy, started_at, prices, first, last, cagr, volatility, sharpe, max_drawdown from all_trials "
    "qualify row_number() over (partition by config_hash order by committed_at desc) = 1"
)


def sharpes_tried(store: Warehouse) -> dict[str, float]:
    """Annual Sharpe ratio of every configuration ever tried, by its hash; NaN where there is none.

    All strategies, universes and prices count: whoever picks one result picks it from everything that was seen.
    """
    rows = query(store.root, _TRIED).to_pylist()
    return {row["config_hash"]: np.nan if row["sharpe"] is None else row["sharpe"] for row in rows}


def trials_tried(store: Warehouse) -> pd.DataFrame:
    """The same configurations with what a report lists of them: kind, strategy, dates, prices and headline figures."""
    rows: pd.DataFrame = query(store.root, _LISTED).to_pandas()
    return rows


def judge_luck(
    store: Warehouse, trial: Trial, series: str, excess: FloatArray, parameters: BacktestParameters
) -> ArtifactRef:
    """Write ``backtest_luck``: how much of a backtest's Sharpe ratio is luck, by the trials there are when it runs.

    Args:
        store: Where the ledger is.
        trial: This backtest; it need not be in the ledger yet, and counts.
        series: Name of the strategy's account.
        excess: (T,) its returns of sessions less that of cash, fractions.
        parameters: What the backtest was told.
    """
    a_year = np.sqrt(SESSIONS_A_YEAR)
    before = sharpes_tried(store)
    before.pop(config_hash(parameters), None)
    own = luck(excess, []).sharpe
    judged = luck(excess, [own, *(sharpe / a_year for sharpe in before.values())])
    row = judged._asdict() | {
        "series": series,
        "sharpe": judged.sharpe * a_year,
        "expected_maximum": judged.expected_maximum * a_year,
        "track_record": judged.track_record if np.isfinite(judged.track_record) else np.nan,
    }
    return store.put(trial, "backtest_luck", [row])


def config_hash(parameters: BacktestParameters) -> str:
    """What tells one configuration from another: sha256 of the parameters, hexadecimal."""
    return hashlib.sha256(parameters.model_dump_json().encode()).hexdigest()
