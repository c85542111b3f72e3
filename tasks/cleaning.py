"""Cleaning: from bars as delivered to returns that can be believed, every alteration logged."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from brokerage.calendar import TradingCalendar
from portfolio.cleaning.clean import Cleaned, clean
from portfolio.cleaning.panel import FIELDS, Sessions, align
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import CleaningParameters
from tasks.stage import adopted, say, stage, warehouse


@stage("cleaning")
def clean_returns(
    run: Run, bars: ArtifactRef, lookback: int, parameters: CleaningParameters
) -> tuple[ArtifactRef, ArtifactRef]:
    """Clean the run's bars; write ``returns`` and ``cleaning_log`` and hand on both, in this order.

    Raises:
        DataError: Too few assets are usable; each one left out is named with its reason.
    """
    if found := adopted(run, "returns", "cleaning_log"):
        return found[0], found[1]
    store = warehouse()
    frame = store.get(bars)
    sessions = TradingCalendar().sessions(frame["session"].min(), frame["session"].max())
    open_, high, low, close, volume = (frame[field].to_numpy(float) for field in FIELDS)
    panel, alignment = align(
        frame["symbol"].to_numpy(str),
        _days(frame["session"]),
        open_,
        high,
        low,
        close,
        volume,
        _days(pd.Series(sessions)),
    )
    cleaned = clean(panel, parameters, min_history=lookback)
    edits = (*alignment, *cleaned.edits)
    returns = store.put(run, "returns", _long(cleaned))
    log = store.put(run, "cleaning_log", [asdict(edit) for edit in edits])
    excluded = [edit.symbol for edit in edits if edit.action == "excluded"]
    left_out = f", left out: {', '.join(excluded)}" if excluded else ""
    say(
        f"{len(cleaned.symbols)} assets, {len(cleaned.sessions)} returns each, {len(edits)} log lines{left_out}"
    )
    return returns, log


def _days(sessions: pd.Series) -> Sessions:
    return sessions.to_numpy(dtype="datetime64[D]")


def _long(cleaned: Cleaned) -> pd.DataFrame:
    count = len(cleaned.symbols)
    return pd.DataFrame(
        {
            "symbol": np.tile(np.array(cleaned.symbols), len(cleaned.sessions)),
            "session": np.repeat(cleaned.sessions, count).astype("datetime64[s]"),
            "daily_return": cleaned.returns.ravel(),
        }
    )
