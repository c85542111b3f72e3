"""Prices of a backtest: from bars as delivered to a history that can be believed, every alteration logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.price_files import FIELDS, DeliveredBars, rates_in_file
from portfolio.cash import cash_yields
from portfolio.cleaning.panel import align
from portfolio.cleaning.years import price_history
from portfolio.price_history import PriceHistory, Sessions
from schemas.artifacts import ArtifactRef
from schemas.backtest_parameters import BacktestParameters
from schemas.errors import DataError
from schemas.identity import Trial
from schemas.results import GatheredPrices
from tasks.backtest_remarks import price_remarks
from tasks.backtest_sources import Wanted, delivered_bars
from warehouse import Warehouse


class Gathered(NamedTuple):
    """Prices that can be believed, and how they came about."""

    history: PriceHistory
    delivered: DeliveredBars
    wanted: Wanted
    log: list[dict[str, object]]


def gather_prices(
    store: Warehouse, trial: Trial, parameters: BacktestParameters, *, kind: str = "backtest"
) -> GatheredPrices:
    """Read the bars, clean them by the rules that are used live, and write them as artifacts.

    Args:
        store: Where artifacts go.
        trial: Whose they are.
        parameters: What prices are wanted, and how they are cleaned.
        kind: How the artifacts' names begin: backtest or stress.

    Raises:
        DataError: A wanted symbol has no usable prices.
        ConfigError: There is no such universe.
    """
    history, delivered, wanted, log = gather(store, trial, parameters)
    references = (
        store.put(trial, f"{kind}_prices", price_table(history)),
        store.put(trial, f"{kind}_cash", cash_table(history, parameters)),
        store.put(trial, f"{kind}_cleaning_log", log),
    )
    return GatheredPrices(
        source=delivered.source,
        sha256=delivered.sha256,
        held=wanted.held,
        hedges=wanted.hedges,
        beside=tuple(symbol for symbol in wanted.beside if symbol in history.symbols),
        artifacts=references,
        remarks=price_remarks(delivered, history.sessions, log, parameters),
        said=f"{len(wanted.held)} symbols from {history.sessions[0]} to {history.sessions[-1]}, {len(log)} log lines; "
        f"{delivered.source}",
    )


def gather(store: Warehouse, trial: Trial, parameters: BacktestParameters) -> Gathered:
    """The same, and nothing written but what was learnt of the broker's prices.

    Raises:
        DataError: A wanted symbol has no usable prices.
        ConfigError: There is no such universe.
    """
    delivered, wanted = delivered_bars(store, trial, parameters)
    history, log = cleaned_history(delivered.frame, wanted, parameters)
    missing = sorted(set(wanted.held) - set(history.symbols))
    reasons = {edit["symbol"]: edit["detail"] for edit in log if edit["action"] == "excluded"}
    if missing:
        raise DataError(
            f"{', '.join(missing)}: no usable prices",
            figures={
                "prices": delivered.source,
                **{symbol: reasons.get(symbol, "not there") for symbol in missing},
            },
            remedy="Name a universe that the prices hold: --universe SPY,TLT,...",
        )
    return Gathered(history, delivered, wanted, log)


def cleaned_history(
    bars: pd.DataFrame, wanted: Wanted, parameters: BacktestParameters
) -> tuple[PriceHistory, list[dict[str, object]]]:
    """Bars as delivered up to ``parameters.end``, cleaned, and the cleaning log.

    Args:
        bars: ``DeliveredBars.frame``.
        wanted: Whose prices are wanted; all of them judge a print together.
        parameters: ``start``, ``end`` and how prices are cleaned.

    Raises:
        DataError: There are no bars of these assets, or none from ``start`` to ``end``, or no usable ones.
    """
    bars = _wanted_bars(bars, wanted, parameters.start, parameters.end)
    days = bars["session"].to_numpy("datetime64[D]")
    sessions = TradingCalendar().sessions(days.min().item(), days.max().item())
    open_, high, low, close, volume = (bars[field].to_numpy(float) for field in FIELDS)
    symbol, calendar = bars["symbol"].to_numpy(str), np.array(sessions, dtype="datetime64[D]")
    panel, alignment = align(symbol, days, open_, high, low, close, volume, calendar)
    history, edits = price_history(panel, parameters.cleaning)
    return history, [asdict(edit) for edit in (*alignment, *edits)]


def cash_table(history: PriceHistory, parameters: BacktestParameters) -> pd.DataFrame:
    """What cash earns in each session: session, cash_yield.

    Raises:
        DataError: The file of rates cannot be used.
    """
    sessions = history.sessions
    if parameters.cash_rates:
        rates = rates_in_file(Path(parameters.cash_rates), parameters.cash_series)
        days, values = _days(rates.index), rates.tolist()
    else:
        days, values = sessions[:1], [parameters.cash_yield]
    return pd.DataFrame(
        {
            "session": sessions.astype("datetime64[s]"),
            "cash_yield": cash_yields(sessions, days, np.asarray(values, dtype=np.float64)),
        }
    )


def price_table(history: PriceHistory) -> pd.DataFrame:
    """One row for each session in which an asset is listed: symbol, session, open, close."""
    t, i = np.nonzero(history.listed)
    return pd.DataFrame(
        {
            "symbol": np.array(history.symbols, dtype=object)[i],
            "session": history.sessions[t].astype("datetime64[s]"),
            "open": np.full(len(t), np.nan) if history.open is None else history.open[t, i],
            "close": history.close[t, i],
        }
    )


def read_history(store: Warehouse, prices: ArtifactRef, cash: ArtifactRef) -> PriceHistory:
    """The prices of a backtest as they were written."""
    return history_of(store.get(prices), store.get(cash))


def history_of(frame: pd.DataFrame, cash: pd.DataFrame) -> PriceHistory:
    """The price history of tables as ``price_table`` and ``cash_table`` make them; the latter has every session."""
    wide = frame.pivot(index="session", columns="symbol", values=["open", "close"])  # noqa: PD010 - keys are unique
    wide = wide.reindex(index=cash["session"])
    opens, closes = wide["open"], wide["close"]
    return PriceHistory(
        tuple(closes.columns),
        _days(closes.index),
        closes.to_numpy(float),
        None if frame["open"].isna().all() else opens.to_numpy(float),
        cash["cash_yield"].to_numpy(float),
    )


def _wanted_bars(
    frame: pd.DataFrame, wanted: Wanted, start: dt.date | None, end: dt.date | None
) -> pd.DataFrame:
    bars = frame[frame["symbol"].isin({*wanted.held, *wanted.beside})]
    if bars.empty:
        raise DataError(
            f"There are no prices of {', '.join(wanted.held)}",
            figures={"prices of": ", ".join(sorted(frame["symbol"].unique()))},
            remedy="Choose among those (--universe SPY,TLT,...), or take other prices (--prices FILE).",
        )
    first, last = bars["session"].min().date(), bars["session"].max().date()
    if end is not None and first > end:
        raise DataError(
            f"The prices begin on {first}, after --end {end}",
            figures={"from": first, "to": last},
            remedy="Take a later --end, or longer prices (--prices FILE).",
        )
    if start is not None and last < start:
        raise DataError(
            f"The prices end on {last}, before --start {start}",
            figures={"from": first, "to": last},
            remedy="Take an earlier --start, or longer prices (--prices FILE).",
        )
    return bars if end is None else bars[bars["session"] <= pd.Timestamp(end)]


def _days(index: Iterable[object]) -> Sessions:
    return np.asarray(index, dtype="datetime64[D]")
