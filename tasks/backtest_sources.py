"""Where a backtest's bars come from: the bundled closes, a file, or the endpoint that orders would go to."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from brokerage.calendar import NEW_YORK, TradingCalendar
from brokerage.client import Broker
from brokerage.endpoint import Endpoint, resolve_endpoint
from brokerage.price_files import FIELDS, DeliveredBars, bars_in_file, bundled_bars
from config import Settings, load_settings
from config.settings import home, secrets
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from tasks.topping_up import top_up
from warehouse import Warehouse

BONDS = ("AGG", "BND", "IEF")
"""Of 60/40, the first there is."""
FIRST_SESSION = dt.date(2016, 1, 4)
"""Alpaca's history begins here."""


class Wanted(NamedTuple):
    """Which symbols a backtest is about."""

    held: tuple[str, ...]
    hedges: tuple[str, ...]
    beside: tuple[str, ...]
    """Symbols that are only simulated beside the strategy."""


def delivered_bars(
    store: Warehouse, trial: Trial, parameters: BacktestParameters
) -> tuple[DeliveredBars, Wanted]:
    """Bars as they are, and which of their symbols are wanted.

    Raises:
        ConfigError: There is no such universe.
        DataError: The file cannot be used, or the broker does not know a symbol.
    """
    settings, source = load_settings(), parameters.prices
    endpoint = None
    if source == "broker" or (source == "auto" and _has_keys()):
        endpoint = resolve_endpoint(settings.broker, settings.exchange, home(), secrets())
        wanted = _wanted(settings, parameters, endpoint.venue)
        return _from_broker(store, trial, parameters, endpoint, wanted), wanted
    delivered = bundled_bars() if source in {"auto", "bundled"} else bars_in_file(Path(source))
    if source not in {"auto", "bundled"} and parameters.universe == "auto":
        every = tuple(sorted(delivered.frame["symbol"].unique()))
        return delivered, Wanted(every, (), _beside(parameters))
    return delivered, _wanted(settings, parameters, "loopback")


def _has_keys() -> bool:
    return any(secrets().get(name) for name in ("ALPACA_API_KEY", "APCA_API_KEY_ID"))


def _wanted(settings: Settings, parameters: BacktestParameters, venue: str) -> Wanted:
    universe = settings.universe(parameters.universe, venue)
    return Wanted(universe.symbols, universe.hedges, _beside(parameters))


def _beside(parameters: BacktestParameters) -> tuple[str, ...]:
    bonds = BONDS if parameters.bonds == "auto" else (parameters.bonds,)
    return (parameters.benchmark, *bonds)


def _from_broker(
    store: Warehouse, trial: Trial, parameters: BacktestParameters, endpoint: Endpoint, wanted: Wanted
) -> DeliveredBars:
    """What the warehouse knows already, topped up."""
    settings, rules, calendar = load_settings(), parameters.ingestion, TradingCalendar()
    now = Broker(endpoint, settings.broker).clock().timestamp
    newest = calendar.previous_session(now.astimezone(NEW_YORK).date())
    sessions = calendar.sessions(_reach(parameters), min(newest, parameters.end or newest))
    symbols = {*wanted.held, *wanted.beside}
    bars, _ = top_up(store, trial, endpoint, symbols, sessions=sessions, rules=rules, now=now)
    frame = bars.assign(session=bars["session"].astype("datetime64[s]"))[["symbol", "session", *FIELDS]]
    digest = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    words = f"bars of {endpoint.venue}, feed {rules.feed}, adjusted for {rules.adjustment}"
    return DeliveredBars(
        frame, words, hashlib.sha256(digest).hexdigest(), rules.adjustment in {"dividend", "all"}
    )


def _reach(parameters: BacktestParameters) -> dt.date:
    if parameters.start is None:
        return FIRST_SESSION
    # 252 sessions a year are 1.45 calendar days each; the rest is margin for holidays
    return parameters.start - dt.timedelta(days=int(parameters.strategy.lookback * 1.5) + 15)
