"""Figures of a return series, each defined once, for the series itself and for its resamples alike.

Every function reduces the first axis: returns (T,) give a number, (T, K) give one for each of K columns.
r_t are simple returns of sessions, fractions; A is the number of sessions a year. Figures that do not exist, such
as the Sharpe ratio of a constant, are NaN. The same definitions in words: ``schemas.metrics``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from schemas.metrics import SESSIONS_A_YEAR

_NO_SPREAD = 1e-14
"""Deviations (fraction a session) below this are rounding, and nothing is divided by them."""
_TAIL = 0.05


class Sample(NamedTuple):
    """What the figures of one account are computed from, one row a session; (T,) or (T, K) each, fractions."""

    returns: FloatArray
    excess: FloatArray
    """The same less the return of cash."""
    market: FloatArray
    """The benchmark's return less that of cash."""
    turnover: FloatArray
    """Half the value traded in the session over equity, the first funding left out; zero where nothing was traded."""
    costs: FloatArray
    """Commissions and spreads paid in the session over equity, those of the first funding left out."""


def cagr(returns: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """(Π (1 + r_t))^(A/T) - 1, a year; -1 after a total loss.

    >>> cagr(np.array([0.1, 0.1]), a_year=1).round(6).item()
    0.1
    """
    return np.asarray(np.prod(1.0 + returns, axis=0) ** (a_year / len(returns)) - 1.0)


def volatility(returns: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """√A · sd(r), divisor T - 1, a year.

    >>> volatility(np.array([0.01, -0.01]), a_year=1).round(6).item()
    0.014142
    """
    return np.asarray(np.sqrt(a_year) * _deviation(returns))


def downside_deviation(returns: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """√A · √((1/T) Σ min(r_t, 0)²), a year: the root of what the strategy minimises, with b = 0.

    For a minimum acceptable return b pass r - b (Sortino & van der Meer 1991).

    >>> downside_deviation(np.array([0.01, -0.02]), a_year=1).round(6).item()
    0.014142
    """
    d = np.minimum(returns, 0.0)
    return np.asarray(np.sqrt(a_year * np.mean(d * d, axis=0)))


def sharpe_ratio(excess: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """√A · mean(e) / sd(e) of the returns in excess of cash, e = r - c (Sharpe 1994).

    >>> sharpe_ratio(np.array([0.02, 0.01]), a_year=1).round(6).item()
    2.12132
    """
    return _ratio(np.sqrt(a_year) * np.mean(excess, axis=0), _deviation(excess))


def sortino_ratio(excess: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """√A · mean(e) / √((1/T) Σ min(e_t, 0)²), e = r - c or r - b.

    >>> sortino_ratio(np.array([0.02, -0.01]), a_year=1).round(6).item()
    0.707107
    """
    return _ratio(np.sqrt(a_year) * np.mean(excess, axis=0), downside_deviation(excess, 1.0))


def max_drawdown(returns: FloatArray) -> FloatArray:
    """Lowest of W_t / max(1, W_1..W_t) - 1 with W_t = Π (1 + r): a fraction, never positive.

    >>> max_drawdown(np.array([-0.1, 0.2, -0.05])).round(6).item()
    -0.1
    """
    wealth = np.cumprod(1.0 + returns, axis=0)
    peak = np.maximum.accumulate(wealth, axis=0)
    np.maximum(peak, 1.0, out=peak)
    return np.asarray(np.min(wealth / peak, axis=0) - 1.0).clip(max=0.0)


def calmar_ratio(growth: FloatArray, drawdown: FloatArray) -> FloatArray:
    """CAGR over the size of the maximum drawdown (Young 1991).

    >>> calmar_ratio(np.array(0.1), np.array(-0.2)).item()
    0.5
    """
    return _ratio(growth, -drawdown)


def cvar(returns: FloatArray, tail: float = _TAIL) -> FloatArray:
    """Mean of the worst ``tail`` of the returns, usually negative (Rockafellar & Uryasev 2002).

    (1/(qT)) (Σ_{i<k} r_(i) + (qT - k + 1) r_(k)), k = ⌈qT⌉: the return on the border counts with its fraction.

    >>> cvar(np.array([0.03, -0.04, 0.01, -0.02]), tail=0.375).round(6).item()
    -0.033333
    """
    mass = tail * len(returns)
    k = int(np.ceil(mass - 1e-9))  # 0.05 * 20 is one return, whatever rounding says
    worst = np.partition(returns, k - 1, axis=0)[:k]
    return np.asarray((worst[:-1].sum(axis=0) + (mass - k + 1) * worst[-1]) / mass)


def hit_rate(returns: FloatArray) -> FloatArray:
    """Share of sessions with r_t > 0.

    >>> hit_rate(np.array([0.01, 0.0, -0.01, 0.02])).item()
    0.5
    """
    return np.asarray(np.mean(returns > 0, axis=0))


def beta(excess: FloatArray, benchmark: FloatArray) -> FloatArray:
    """cov(e, m) / var(m) of the returns in excess of cash of account and benchmark (Jensen 1968).

    >>> beta(np.array([0.03, 0.01]), np.array([0.02, 0.01])).round(6).item()
    2.0
    """
    moved = benchmark - np.mean(benchmark, axis=0)
    together = np.mean(moved * (excess - np.mean(excess, axis=0)), axis=0)
    spread = np.mean(moved * moved, axis=0)
    return _ratio(together, np.where(np.sqrt(spread) > _NO_SPREAD, spread, 0.0), at_least=0.0)


def alpha(
    excess: FloatArray, benchmark: FloatArray, slope: FloatArray, a_year: float = SESSIONS_A_YEAR
) -> FloatArray:
    """A · (mean(e) - β mean(m)), a year, with β the ``slope`` (Jensen 1968).

    >>> alpha(np.array([0.03, 0.01]), np.array([0.02, 0.01]), np.array(2.0), a_year=1).round(6).item()
    -0.01
    """
    return np.asarray(a_year * (np.mean(excess, axis=0) - slope * np.mean(benchmark, axis=0)))


def tracking_error(returns: FloatArray, model: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """√A · sd(r - m), a year, of an account against its model or benchmark.

    >>> tracking_error(np.array([0.02, 0.01]), np.array([0.01, 0.01]), a_year=1).round(6).item()
    0.007071
    """
    return volatility(returns - model, a_year)


def yearly_total(amounts: FloatArray, a_year: float = SESSIONS_A_YEAR) -> FloatArray:
    """A · mean: what turnover or costs of sessions add up to in a year.

    >>> yearly_total(np.array([0.1, 0.0]), a_year=1).item()
    0.05
    """
    return np.asarray(a_year * np.mean(amounts, axis=0))


def headline(sample: Sample) -> dict[str, FloatArray]:
    """The figures of ``schemas.metrics``, by key."""
    growth, drawdown = cagr(sample.returns), max_drawdown(sample.returns)
    sharpe, slope = sharpe_ratio(sample.excess), beta(sample.excess, sample.market)
    return {
        "cagr": growth,
        "volatility": volatility(sample.returns),
        "downside_deviation": downside_deviation(sample.returns),
        "sharpe": sharpe,
        "sharpe_difference": sharpe - sharpe_ratio(sample.market),
        "sortino": sortino_ratio(sample.excess),
        "max_drawdown": drawdown,
        "calmar": calmar_ratio(growth, drawdown),
        "cvar": cvar(sample.returns),
        "hit_rate": hit_rate(sample.returns),
        "beta": slope,
        "alpha": alpha(sample.excess, sample.market, slope),
        "turnover": yearly_total(sample.turnover),
        "costs": 1e4 * yearly_total(sample.costs),
    }


def _deviation(values: FloatArray) -> FloatArray:
    moved = values - np.mean(values, axis=0)
    return np.asarray(np.sqrt(np.sum(moved * moved, axis=0) / max(len(values) - 1, 1)))


def _ratio(above: FloatArray, below: FloatArray, at_least: float = _NO_SPREAD) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below > at_least, above / below, np.nan))
