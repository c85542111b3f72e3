"""Bars from the market data service into the warehouse: what is missing, and what was revised, every version kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from brokerage.endpoint import Endpoint
from brokerage.history import update
from brokerage.market_data import daily_bars
from config import load_settings
from schemas.identity import Author
from schemas.parameters import IngestionParameters
from warehouse import Warehouse


class ToppedUp(NamedTuple):
    """Bars as they are known now."""

    window: pd.DataFrame
    """Newest version of every bar of the symbols and sessions, as rows of ``bars``."""
    learnt: int
    """Bars that were new or revised."""


def top_up(
    store: Warehouse,
    author: Author,
    service: Endpoint,
    symbols: Iterable[str],
    *,
    sessions: Sequence[dt.date],
    rules: IngestionParameters,
    now: dt.datetime,
) -> ToppedUp:
    """Ask for what is missing of the symbols, keep what is new, and return the whole window.

    Args:
        store: Keeps every version of every bar.
        author: Who learns them.
        service: Whom to ask.
        symbols: Tickers the service knows.
        sessions: Completed sessions wanted, oldest first.
        rules: Feed, adjustment, and how far back to look for revisions.
        now: The exchange's clock (aware): when they are learnt, and up to when what is known counts.

    Raises:
        DataError: The service does not know a symbol.
        TemporaryError: It did not answer in full; nothing was kept.
    """
    wanted, settings = sorted(set(symbols)), load_settings()
    version = {"source": service.venue, "feed": rules.feed, "adjustment": rules.adjustment}

    def fetch(asked: list[str], start: dt.date, end: dt.date) -> pd.DataFrame:
        return daily_bars(
            service,
            asked,
            start,
            end,
            feed=rules.feed,
            adjustment=rules.adjustment,
            settings=settings.broker,
        )

    learnt = update(
        store.bars(**version, known_by=now),
        fetch,
        symbols=wanted,
        sessions=list(sessions),
        overlap=rules.overlap_sessions,
        tolerance=rules.revision_tolerance,
    )
    if len(learnt):
        known_at = pd.Timestamp(now).tz_convert("UTC").tz_localize(None)
        store.learn(author, learnt.assign(**version, known_at=known_at))
    known = store.bars(**version, known_by=now)
    inside = known["symbol"].isin(wanted) & known["session"].between(sessions[0], sessions[-1])
    return ToppedUp(known[inside], len(learnt))
