"""How much of a Sharpe ratio is luck, in a sentence that stays true when it is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.format import percent, ratio

MEANING = (
    "Probability that the true Sharpe ratio is above zero, from length, skewness and kurtosis of the record "
    "(probabilistic Sharpe ratio, Bailey & López de Prado, 2012). Whoever tries many configurations and keeps the best finds a high "
    "ratio without any skill; the deflated Sharpe ratio is the probability against what the best of so many would then show (Bailey & "
    "López de Prado, 2014). Counted are all different configurations in the ledger of trials, points of sweeps too, as if each "
    "were independent of the others: many alike make it too strict, trials made elsewhere too lenient."
)

_NEARLY = 0.999


def odds(row: Mapping[str, Any]) -> str:
    """A row of ``backtest_luck`` in words; empty when the account had no Sharpe ratio.

    >>> odds({"probabilistic": 0.981, "trials": 23, "expected_maximum": 0.61, "deflated": 0.84})
    'The true Sharpe ratio is above zero with a probability of 98.1% by this record alone, and of 84.0% since it is one of 23 configurations tried: the best of 23 without skill would show 0.61.'
    """
    if pd.isna(row["probabilistic"]):
        return ""
    alone = f"The true Sharpe ratio is above zero with a probability of {_probability(row['probabilistic'])} by this record alone"
    if row["trials"] == 1:
        return f"{alone}; it is the first configuration tried."
    tried = f"{row['trials']:,}"
    hurdle = f"the best of {tried} without skill would show {ratio(row['expected_maximum'])}"
    return f"{alone}, and of {_probability(row['deflated'])} since it is one of {tried} configurations tried: {hurdle}."


def _probability(value: float) -> str:
    """Nothing is certain: what would be rounded to 0 or to 1 is written as a limit."""
    if value > _NEARLY:
        return f"over {percent(_NEARLY)}"
    return f"under {percent(1 - _NEARLY)}" if value < 1 - _NEARLY else percent(value)
