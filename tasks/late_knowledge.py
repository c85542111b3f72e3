"""Does a cleaned price know what comes after it? Cut the bars at a decision, clean anew, and see what is otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from portfolio.price_history import PriceHistory
from schemas.backtest_parameters import BacktestParameters
from tasks.backtest_prices import cleaned_history
from tasks.backtest_sources import Wanted

Log = list[dict[str, object]]
Cleaning = Callable[[pd.DataFrame, Wanted, BacktestParameters], tuple[PriceHistory, Log]]

_ROUNDING = 1e-12
"""Of a return: splits scale all prices before them."""
_OF_THE_CLOSE = frozenset({"bad_print", "unit_error"})
_OF_THOSE_BEFORE = "unadjusted_split"


@dataclass(frozen=True)
class LateKnowledge:
    """A return up to a decision that is another one without the bars after it; NaN where there is none."""

    decided: dt.date
    symbol: str
    session: dt.date
    then: float
    """From the bars up to the decision."""
    later: float
    """From all bars."""
    by_design: bool
    """The newest close of then, judged by the next one: a bad print, a lone other unit, a split."""


def find_late_knowledge(
    bars: pd.DataFrame,
    wanted: Wanted,
    parameters: BacktestParameters,
    decided: Iterable[dt.date],
    clean: Cleaning = cleaned_history,
) -> Iterator[tuple[LateKnowledge, ...]]:
    """Clean the bars anew as they were at each decision; yields what differs from all bars cleaned at once.

    One thing may differ: what the next close tells of the newest one, which the history of a backtest knows at once and a
    live run a day later (``portfolio.cleaning.years``). It is marked as by design where either cleaning log says so.

    Args:
        bars: ``DeliveredBars.frame``.
        wanted: Whose prices are wanted.
        parameters: How they are cleaned.
        decided: Sessions at whose close a decision is due.
        clean: On trial.
    """
    history, log = clean(bars, wanted, parameters)
    for day in decided:
        known = bars[bars["session"] <= pd.Timestamp(day)]
        cut, log_then = clean(known, wanted, parameters)
        newest = known.dropna(subset="close").groupby("symbol")["session"].max().dt.date.to_dict()
        rules = _rules([*log, *log_then])
        yield tuple(
            replace(
                one, by_design=one.session == newest.get(one.symbol) and _awaits_the_next(rules, history, one)
            )
            for one in _otherwise(day, cut, history)
        )


def _otherwise(day: dt.date, cut: PriceHistory, history: PriceHistory) -> Iterator[LateKnowledge]:
    """Returns up to the day that are not the same from both histories."""
    later = _returns(history).loc[: pd.Timestamp(day)]
    then = _returns(cut).reindex(index=later.index, columns=later.columns)
    R, S = then.to_numpy(), later.to_numpy()
    for t, i in np.argwhere(~np.isclose(R, S, rtol=0.0, atol=_ROUNDING, equal_nan=True)):
        session = history.sessions[t].item()
        yield LateKnowledge(day, history.symbols[i], session, float(R[t, i]), float(S[t, i]), by_design=False)


def _returns(history: PriceHistory) -> pd.DataFrame:
    days = pd.DatetimeIndex(history.sessions)
    return pd.DataFrame(history.close, days, list(history.symbols)).pct_change(fill_method=None)


def _rules(log: Log) -> Mapping[tuple[object, object], set[object]]:
    """Rules that altered each asset in each session."""
    rules: dict[tuple[object, object], set[object]] = {}
    for edit in log:
        rules.setdefault((edit["symbol"], edit["session"]), set()).add(edit["rule"])
    return rules


def _awaits_the_next(
    rules: Mapping[tuple[object, object], set[object]], history: PriceHistory, one: LateKnowledge
) -> bool:
    """Whether a rule judged the close that waits for the one after it; a split alters what lies before it, not the close."""
    t = int(np.searchsorted(history.sessions, np.datetime64(one.session)))
    before = history.sessions[max(t - 1, 0)].item()
    at_close, at_before = (rules.get((one.symbol, day), set()) for day in (one.session, before))
    return bool(at_close & _OF_THE_CLOSE) or _OF_THOSE_BEFORE in at_before - at_close
