"""Simulated accounts side by side, as the tables that a report shows and a warehouse keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.bootstrap import MEAN_BLOCK, headline_intervals
from portfolio.downside import risk_contributions
from portfolio.drawdown_episodes import drawdown_episodes
from portfolio.performance import period_returns
from portfolio.periods import crisis_returns, monthly_returns, rolling_sharpe, rolling_volatility
from portfolio.price_history import Sessions
from portfolio.simulation import Simulation
from portfolio.statistics import Sample
from schemas.errors import DataError


@dataclass(frozen=True, eq=False)
class TrackRecords:
    """What became of each account; fractions, except equity in USD. ``series`` is the account's name."""

    equity: pd.DataFrame
    """By session, one column an account."""
    statistics: pd.DataFrame
    """series, metric (key of ``schemas.metrics``), estimate, low, high."""
    drawdowns: pd.DataFrame
    """series, peak, trough, recovered (NaT while it lasts), depth, sessions; the deepest of each account."""
    months: pd.DataFrame
    """series, year, month, period_return."""
    years: pd.DataFrame
    """series, year, period_return, turnover, costs_bp; without the first funding, as ``sample_of`` has it."""
    rolling: pd.DataFrame
    """session, series, volatility, sharpe; of the 252 sessions up to it."""
    crises: pd.DataFrame
    """series, crisis, first, last, period_return, max_drawdown."""


def track_records(
    simulations: Mapping[str, Simulation],
    benchmark: str,
    *,
    cash_yield: FloatArray | None = None,
    deepest: int = 5,
    draws: int = 1000,
    mean_block: float = MEAN_BLOCK,
    seed: int = 0,
) -> TrackRecords:
    """Everything that a report says of accounts over the same sessions.

    Args:
        simulations: By name; the benchmark among them.
        benchmark: Against which alpha, beta and the difference in Sharpe ratio are.
        cash_yield: (T,) what cash earned since the session before; none means nothing.
        deepest: Falls of each account to list.
        draws: Resamples behind the intervals.
        mean_block: Mean length of a block of the bootstrap, sessions.
        seed: Of the bootstrap.

    Raises:
        DataError: The accounts do not cover the same sessions.
    """
    sessions = _common_sessions(simulations)
    cash = np.zeros(len(sessions) - 1) if cash_yield is None else cash_yield[1:]
    market = period_returns(simulations[benchmark].equity)
    samples = {name: sample_of(account, cash, market) for name, account in simulations.items()}
    intervals = headline_intervals(samples, draws=draws, mean_block=mean_block, seed=seed)
    accounts = simulations.items()
    return TrackRecords(
        equity=pd.DataFrame(
            {name: a.equity for name, a in accounts}, pd.DatetimeIndex(sessions, name="session")
        ),
        statistics=_long(
            (name, pd.DataFrame(rows, ["estimate", "low", "high"]).T.reset_index(names="metric"))
            for name, rows in intervals.items()
        ),
        drawdowns=_long((name, _falls(sessions, account.equity, deepest)) for name, account in accounts),
        months=_long((name, _months(sessions, account.equity)) for name, account in accounts),
        years=_long((name, _years(sessions, account.equity, samples[name])) for name, account in accounts),
        rolling=_long((name, _rolling(sessions, sample)) for name, sample in samples.items()),
        crises=_long((name, _crises(sessions, account.equity)) for name, account in accounts),
    )


def risk_shares(
    returns: FloatArray,
    ends: Sequence[int],
    weights: FloatArray,
    lookback: int,
    minimum_acceptable_return: float = 0.0,
) -> FloatArray:
    """Share of each asset in the portfolio's downside variance over the window before each decision, (W, N).

    Rows sum to one; NaN where nothing is held, or the window is short or has gaps in what is held.

    Args:
        returns: (T, N) daily returns.
        ends: (W,) row after the last one of each window.
        weights: (W, N) target weights.
        lookback: Rows of a window.
        minimum_acceptable_return: b, a day.
    """
    shares = np.full(weights.shape, np.nan)
    for k, end in enumerate(ends):
        held = weights[k] != 0
        if end >= lookback and held.any():
            parts = risk_contributions(
                returns[end - lookback : end, held], weights[k, held], minimum_acceptable_return
            )
            total = parts.sum()
            shares[k] = 0.0
            shares[k, held] = parts / total if total > 0 else np.nan
    return shares


def _common_sessions(simulations: Mapping[str, Simulation]) -> Sessions:
    first, *others = simulations.values()
    if any(not np.array_equal(first.sessions, other.sessions) for other in others):
        spans = {
            name: f"{a.sessions[0]} to {a.sessions[-1]}, {len(a.sessions)}" for name, a in simulations.items()
        }
        raise DataError(
            "Accounts over different sessions cannot be compared",
            figures=spans,
            remedy="Simulate all of them from the same first decision to the same end.",
        )
    return first.sessions


def sample_of(account: Simulation, cash: FloatArray, market: FloatArray) -> Sample:
    """What an account's figures are computed from.

    The first funding is neither turnover nor costs of a year: it happens once, however long the account lives. Its costs
    are in the returns all the same.

    Args:
        account: Of T sessions.
        cash: (T-1,) what cash earned since the session before, fractions.
        market: (T-1,) returns of the benchmark, fractions.
    """
    traded, costs = np.zeros(len(account.equity)), account.costs.copy()
    np.add.at(traded, account.plan.executed - account.first, account.ledger.turnover)
    funded = np.flatnonzero(traded)[:1]
    traded[funded] = costs[funded] = 0.0
    returns = period_returns(account.equity)
    return Sample(returns, returns - cash, market - cash, traded[1:], costs[1:] / account.equity[:-1])


def _long(frames: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    named = [frame.assign(series=name) for name, frame in frames]
    table = pd.concat(named, ignore_index=True)
    return table[["series", *(column for column in table.columns if column != "series")]]


def _falls(sessions: Sessions, equity: FloatArray, deepest: int) -> pd.DataFrame:
    falls = drawdown_episodes(equity)[:deepest]
    never = np.datetime64("NaT", "D")
    days = {
        "peak": [sessions[fall.peak] for fall in falls],
        "trough": [sessions[fall.trough] for fall in falls],
        "recovered": [never if fall.recovered is None else sessions[fall.recovered] for fall in falls],
    }
    table = pd.DataFrame(days).astype("datetime64[s]")
    return table.assign(depth=[fall.depth for fall in falls], sessions=[fall.length for fall in falls])


def _months(sessions: Sessions, equity: FloatArray) -> pd.DataFrame:
    table = monthly_returns(sessions, equity).drop(columns="year").reset_index()
    return table.melt("year", var_name="month", value_name="period_return").dropna().astype({"month": int})


def _years(sessions: Sessions, equity: FloatArray, sample: Sample) -> pd.DataFrame:
    years = pd.DatetimeIndex(sessions[1:]).year
    by_year = pd.DataFrame({"turnover": sample.turnover, "costs_bp": 1e4 * sample.costs}).groupby(years).sum()
    table = monthly_returns(sessions, equity)["year"].rename("period_return").to_frame()
    return table.join(by_year).fillna(0.0).reset_index()


def _rolling(sessions: Sessions, sample: Sample) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session": sessions[1:],
            "volatility": rolling_volatility(sample.returns),
            "sharpe": rolling_sharpe(sample.excess),
        }
    ).dropna()


def _crises(sessions: Sessions, equity: FloatArray) -> pd.DataFrame:
    rows = [(*fall.crisis, fall.total, fall.max_drawdown) for fall in crisis_returns(sessions, equity)]
    return pd.DataFrame(rows, columns=["crisis", "first", "last", "period_return", "max_drawdown"])
