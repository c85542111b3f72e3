"""Cleaning: from bars as delivered to returns that can be believed, every alteration logged."""

from __future__ import annotations

from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import CleaningParameters
from tasks.derivation import cleaned_rows
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
    rows, log_rows = cleaned_rows(store.get(bars), lookback, parameters)
    returns = store.put(run, "returns", rows)
    log = store.put(run, "cleaning_log", log_rows)
    excluded = [row["symbol"] for row in log_rows if row["action"] == "excluded"]
    left_out = f", left out: {', '.join(excluded)}" if excluded else ""
    count, sessions = rows["symbol"].nunique(), rows["session"].nunique()
    say(f"{count} assets, {sessions} returns each, {len(log_rows)} log lines{left_out}")
    return returns, log
