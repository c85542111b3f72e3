"""The day's bars after the close: pulled, kept, and looked at, so that a fault is known before the next rebalance."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.client import Broker
from config import Settings, load_settings
from reports.format import MISSING
from reports.tables import Column, Table, table_of
from schemas.artifacts import ArtifactRef
from schemas.columns import naive_utc
from schemas.errors import BrokerRefusal, ConfigError, DataError
from schemas.identity import PricePull
from schemas.results import PulledPrices
from schemas.upkeep_parameters import DailyPricesParameters
from tasks.derivation import Record, cleaned_rows
from tasks.run_page import show_table
from tasks.stage import entitle, resolve, say, stage, warehouse
from tasks.topping_up import top_up

IN_DOUBT = ("stale", "missing", "unusable")
"""Findings that may have a rebalance refused."""

_COLUMNS = (
    Column("symbol", "key", lambda row: row["symbol"]),
    Column("finding", "word", lambda row: row["finding"]),
    Column("newest bar", "word", lambda row: str(row["newest"] or MISSING)),
    Column("sessions", "figure", lambda row: str(row["sessions"])),
    Column("altered", "figure", lambda row: str(row["altered"])),
    Column("why", "text", lambda row: row["detail"]),
    Column("universes", "text", lambda row: row["universes"]),
)


@stage("prices")
def pull_prices(parameters: DailyPricesParameters) -> PulledPrices:
    """Top up the bars of every asset of the universes, up to the last session that has closed.

    What the venue does not trade is left out: a universe may be meant for another one.

    Raises:
        ConfigError: There is no such universe, or the venue trades nothing of it.
        TemporaryError: The market data service did not answer in full.
    """
    settings, store, calendar = load_settings(), warehouse(), TradingCalendar()
    service = resolve(settings)
    account = Broker(service, settings.broker)
    now = account.clock().timestamp
    newest = calendar.last_completed(now)
    pull = PricePull(session=newest, asked_at=now, began_at=dt.datetime.now(dt.UTC), venue=service.venue)
    entitle(pull.run_id)
    members = _members(settings, parameters.universes)
    traded = tuple(symbol for symbol in members if _is_traded(account, symbol))
    if not traded:
        raise ConfigError(
            f"{service.venue} trades none of the assets",
            figures={"assets": ", ".join(members)},
            remedy="Name a universe of config/universes.toml that is meant for this venue.",
        )
    sessions = calendar.last_sessions(newest, parameters.sessions)
    _, learnt = top_up(store, pull, service, traded, sessions=sessions, rules=parameters.ingestion, now=now)
    say(
        f"{len(traded)} of {len(members)} assets are traded here; {learnt:,} bars new or revised, up to {newest}"
    )
    return PulledPrices(pull=pull, members=members, traded=traded, learnt=learnt)


@stage("check")
def check_prices(pulled: PulledPrices, parameters: DailyPricesParameters) -> ArtifactRef:
    """Clean what is known of each asset, and write down and show what is stale, missing or damaged.

    Raises:
        DataError: An asset that the venue trades is in doubt; each is named. What was learnt and found is kept.
    """
    store, pull, rules = warehouse(), pulled.pull, parameters.ingestion
    known = store.bars(pull.venue, rules.feed, rules.adjustment, known_by=pull.asked_at)
    first = TradingCalendar().last_sessions(pull.session, parameters.sessions)[0]
    window = known[known["symbol"].isin(pulled.traded) & known["session"].between(first, pull.session)]
    rows = findings(pulled, window, parameters)
    doubts = {
        row["symbol"]: f"{row['finding']}: {row['detail']}" for row in rows if row["finding"] in IN_DOUBT
    }
    checks = store.put(pull, "price_checks", rows)
    store.put(pull, "price_pulls", [_pull_row(pulled, in_doubt=bool(doubts))])
    counts = Counter(row["finding"] for row in rows)
    told = ", ".join(f"{count} {finding}" for finding, count in counts.most_common())
    show_table("daily-prices", lambda: _table(rows), f"Session {pull.session} at {pull.venue}: {told}")
    say(told, checks)
    if doubts:
        raise DataError(
            f"Prices are in doubt; the last completed session is {pull.session}",
            figures=doubts,
            remedy="Nothing was traded. Retry when the feed may have caught up; a rebalance refuses what is stale, and "
            f"leaves out what is unusable: riskparity sql \"from price_checks where run_id = '{pull.run_id}'\"",
        )
    return checks


def findings(pulled: PulledPrices, window: pd.DataFrame, parameters: DailyPricesParameters) -> list[Record]:
    """Rows of ``price_checks``: what is to be said of each asset.

    Args:
        pulled: Who was asked for what.
        window: Rows of ``bars``, the newest version of each.
        parameters: When a price is not believed.

    Raises:
        DataError: Hardly an asset has usable prices.
    """
    # one return is enough here: a young asset is no fault, and each strategy's lookback is its own
    edits = cleaned_rows(window, 1, parameters.cleaning)[1] if len(window) else []
    log = pd.DataFrame(edits, columns=["symbol", "action", "detail"])
    left_out = log[log["action"] == "excluded"].drop_duplicates("symbol")
    excluded = dict(zip(left_out["symbol"], left_out["detail"], strict=True))
    altered = log[log["action"].isin(["repaired", "removed"])].groupby("symbol").size()
    newest, counts = window.groupby("symbol")["session"].max().to_dict(), window["symbol"].value_counts()
    rows: list[Record] = []
    for symbol, universes in pulled.members.items():
        finding, detail = _finding(symbol, pulled, newest, excluded)
        rows.append(
            {
                "symbol": symbol,
                "universes": universes,
                "finding": finding,
                "newest": newest.get(symbol),
                "sessions": int(counts.get(symbol, 0)),
                "altered": int(altered.get(symbol, 0)),
                "detail": detail,
            }
        )
    return rows


def _table(rows: list[Record]) -> Table:
    """What is in doubt comes first."""
    first = sorted(
        rows, key=lambda row: (row["finding"] not in IN_DOUBT, row["finding"] != "sound", row["symbol"])
    )
    return table_of(_COLUMNS, pd.DataFrame(first))


def _finding(
    symbol: str, pulled: PulledPrices, newest: Mapping[Any, dt.date], excluded: Mapping[Any, str]
) -> tuple[str, str]:
    if symbol not in pulled.traded:
        return "not traded", f"{pulled.pull.venue} does not trade it"
    if symbol not in newest:
        return "missing", "no bars at all"
    if newest[symbol] < pulled.pull.session:
        return "stale", f"newest bar {newest[symbol]}"
    return ("unusable", excluded[symbol]) if symbol in excluded else ("sound", "")


def _members(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """Each asset, and the universes that hold it."""
    unknown = [name for name in names if name not in settings.universes]
    if unknown:
        raise ConfigError(
            f"There is no universe named {unknown[0]!r}",
            figures={"known": ", ".join(settings.universes)},
            remedy="Name one of config/universes.toml; `riskparity config` lists them.",
        )
    wanted = {name: settings.universes[name].symbols for name in names or settings.universes}
    symbols = sorted({symbol for members in wanted.values() for symbol in members})
    return {
        symbol: ", ".join(name for name, members in wanted.items() if symbol in members) for symbol in symbols
    }


def _is_traded(account: Broker, symbol: str) -> bool:
    try:
        return account.asset(symbol).is_tradable
    except BrokerRefusal:
        return False


def _pull_row(pulled: PulledPrices, *, in_doubt: bool) -> Record:
    pull = pulled.pull
    return {
        "session": pull.session,
        "venue": pull.venue,
        "asked_at": naive_utc(pull.asked_at),
        "symbols": len(pulled.traded),
        "learnt": pulled.learnt,
        "verdict": "in doubt" if in_doubt else "sound",
    }
