"""What a reader must know of a backtest's prices and rates before any figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from brokerage.price_files import DeliveredBars, rates_in_file
from portfolio.price_history import Sessions
from schemas.backtest_parameters import BacktestParameters

RENEWED = dt.timedelta(days=31)
"""A rate older than this at the end of the prices is remarked upon: monthly series renew sooner."""
_NAMED = 3


def price_remarks(
    delivered: DeliveredBars,
    sessions: Sessions,
    log: Sequence[Mapping[str, object]],
    parameters: BacktestParameters,
) -> tuple[str, ...]:
    """Sentences on missing opens, dividends that no tax is taken of, and rates that do not cover the prices.

    Args:
        delivered: The bars as they came.
        sessions: (T,) of the prices.
        log: The cleaning log.
        parameters: What the backtest was told.

    Raises:
        DataError: The file of rates cannot be used.
    """
    costs = parameters.costs
    remarks = [*_opens(log)]
    if delivered.total_return and (costs.short_term_tax or costs.long_term_tax):
        remarks.append(
            "Prices are adjusted for dividends: these are reinvested untaxed, and taxed as gains when shares are sold."
        )
    if parameters.cash_rates:
        rates = rates_in_file(Path(parameters.cash_rates), parameters.cash_series)
        remarks += _rates(rates, Path(parameters.cash_rates).name, sessions, parameters.start)
    return tuple(remarks)


def _opens(log: Iterable[Mapping[str, object]]) -> list[str]:
    lacking = [f"{edit['symbol']}: {edit['detail']}" for edit in log if edit["rule"] == "missing_opens"]
    more = f"; and {len(lacking) - _NAMED} more in the cleaning log" if len(lacking) > _NAMED else ""
    return [f"{'; '.join(lacking[:_NAMED])}{more}."] if lacking else []


def _rates(rates: pd.Series[float], name: str, sessions: Sessions, start: dt.date | None) -> list[str]:
    first, last = sessions[0].item(), sessions[-1].item()
    begins, ends = rates.index[0].date(), rates.index[-1].date()
    remarks = []
    if begins > max(first, start or first):
        remarks.append(f"Cash earns nothing before {begins}, when {name} begins.")
    if last - ends > RENEWED:
        remarks.append(
            f"{name} ends on {ends}: its last rate, {rates.iloc[-1]:.2%}, is carried on to {last}."
        )
    return remarks
