"""The returns on which everybody is timed: real ones for up to 20 assets, synthetic ones beyond."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd
from skfolio.datasets import load_sp500_dataset

from portfolio.arrays import FloatArray, IntArray

WEEK = 5
"""Sessions between one decision and the next."""
REAL_ASSETS = 20
SYNTHETIC_SEED = 20_231
_STRIDE = 21
"""Sessions between synthetic windows: they overlap, as a rolling window does, but no two are alike."""
_SECTORS = 11
_TAIL = 4.0
"""Degrees of freedom of every shock; daily equity returns have three to five."""


@dataclass(frozen=True)
class Shape:
    """Size of a problem and the greatest weight of an asset; the least is 0 and the budget 1."""

    N: int
    T: int
    cap: float = 0.35

    @property
    def name(self) -> str:
        """For example ``N = 20, T = 252``."""
        return f"N = {self.N}, T = {self.T}"


@dataclass(frozen=True, eq=False)
class Window:
    """Daily simple returns (T, N) of one decision, and the weights (N,) decided a week before if they are known."""

    returns: FloatArray
    held: FloatArray | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """For the peers that take nothing else; made before the clock starts."""
        return pd.DataFrame(self.returns, columns=[f"A{i}" for i in range(self.returns.shape[1])])


def windows(
    shape: Shape, count: int, decide: Callable[[FloatArray], FloatArray], *, synthetic: bool = False
) -> list[Window]:
    """So many windows spread evenly over the history, real where there are enough assets and days.

    Args:
        shape: Assets and sessions of a window.
        count: How many; no two are the same.
        decide: Weights (N,) from returns (T, N); asked for what was held since five sessions before.
        synthetic: Take synthetic returns although real ones are there.
    """
    real = not synthetic and is_real(shape)
    series = real_returns() if real else _enough_synthetic(shape, count)
    ends = np.linspace(shape.T + WEEK, len(series), count).round().astype(int)
    return [Window(_rows(series, end, shape), held=decide(_rows(series, end - WEEK, shape))) for end in ends]


def weekly_ends(T: int = 252) -> IntArray:
    """The first session after each weekly window of ``T`` sessions of the real data set, 1,612 of them for 252."""
    return np.arange(T, len(real_returns()), WEEK)


def weekly_windows(T: int = 252) -> list[Window]:
    """The windows before ``weekly_ends``, each for itself."""
    series = real_returns()
    return [Window(np.ascontiguousarray(series[end - T : end])) for end in weekly_ends(T)]


def is_real(shape: Shape) -> bool:
    """Whether the real data set is large enough for windows of this shape."""
    return shape.N <= REAL_ASSETS and len(real_returns()) >= shape.T + WEEK


@cache
def real_returns() -> FloatArray:
    """(8312, 20) daily returns of 20 large US stocks, 1990 to 2022, from the data set in skfolio's wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prices = load_sp500_dataset()
    return np.asarray(prices.pct_change().dropna(), dtype=np.float64)


def synthetic_returns(sessions: int, assets: int, seed: int = SYNTHETIC_SEED) -> FloatArray:
    """Daily returns (T, N) of a factor model with heavy tails and calm and stormy spells.

    ``r_ti = μ_i + v_t (β_i m_t + γ_i s_t,sector(i)) + √v_t ε_ti``: a market m (15 % a year), eleven sectors s (8 %)
    and each asset's own ε (16 to 48 %), all Student-t with four degrees of freedom; β around 1, γ around
    1, and log v_t an AR(1) process with a half-life of about two months.
    """
    rng = np.random.default_rng(seed)
    day = 1.0 / np.sqrt(252.0)
    v = _volatility_path(rng, sessions)
    market = 0.15 * day * v * _shocks(rng, sessions)
    sectors = 0.08 * day * v[:, None] * _shocks(rng, (sessions, _SECTORS))
    beta, gamma = rng.normal(1.0, 0.35, assets), rng.normal(1.0, 0.3, assets)
    own = 0.28 * day * np.exp(rng.normal(0.0, 0.25, assets))
    R = np.sqrt(v)[:, None] * _shocks(rng, (sessions, assets)) * own
    R += market[:, None] * beta + sectors[:, rng.integers(0, _SECTORS, assets)] * gamma
    # a loss of more than everything does not exist
    floored: FloatArray = np.maximum(R + rng.normal(0.08, 0.05, assets) / 252.0, -0.9)
    return floored


def _rows(series: FloatArray, end: int, shape: Shape) -> FloatArray:
    return np.ascontiguousarray(series[end - shape.T : end, : shape.N])


def _enough_synthetic(shape: Shape, count: int) -> FloatArray:
    return synthetic_returns(shape.T + WEEK + _STRIDE * count, shape.N)


def _volatility_path(rng: np.random.Generator, sessions: int) -> FloatArray:
    """Level of volatility (T,) around one: exp of an AR(1) process of standard deviation 0.4."""
    persistence = 0.984
    steps = rng.normal(0.0, 0.4 * np.sqrt(1.0 - persistence**2), sessions)
    log_v = np.empty(sessions)
    level = rng.normal(0.0, 0.4)
    for t, step in enumerate(steps):
        level = persistence * level + step
        log_v[t] = level
    path: FloatArray = np.exp(log_v)
    return path


def _shocks(rng: np.random.Generator, size: int | tuple[int, int]) -> FloatArray:
    """Student-t shocks of unit variance."""
    shocks: FloatArray = rng.standard_t(_TAIL, size) / np.sqrt(_TAIL / (_TAIL - 2.0))
    return shocks
