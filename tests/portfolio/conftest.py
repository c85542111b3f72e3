"""Random problems that are feasible by construction, and the real ETF returns where they are at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portfolio.constraints import Band, Constraints

SHARED = Path(__file__).parents[3] / "shared" / "data"
TWELVE = ["SPY", "QQQ", "IWM", "EFA", "EEM", "TLT", "IEF", "LQD", "GLD", "VNQ", "XLU", "XLE"]


@dataclass(frozen=True)
class Problem:
    returns: np.ndarray
    constraints: Constraints
    b: float


@pytest.fixture
def problem():
    """Makes the random problem of a kind: box, budget, sleeve, bands or hurdle; heavy-tailed daily returns."""

    def make(kind: str, seed: int) -> Problem:
        rng = np.random.default_rng([seed, *kind.encode()])
        T, N = int(rng.integers(20, 260)), int(rng.integers(2, 25))
        market = rng.standard_t(4, (T, 1)) * rng.uniform(-0.5, 1.2, N)
        R = 0.01 * (market + rng.standard_t(3, (T, N)) * rng.uniform(0.1, 1.5, N)) + rng.normal(0, 5e-4, N)
        upper = np.minimum(1.0, rng.uniform(1.2, 4.0) / N * rng.uniform(0.5, 1.5, N))
        lower = np.where(rng.random(N) < 0.25, 0.5 * upper * rng.random(N), 0.0)
        inside = rng.uniform(lower, upper)
        bands = []
        if kind in {"sleeve", "bands"}:
            for name in ("negative sleeve", "equities", "bonds")[: 1 if kind == "sleeve" else 3]:
                members = rng.random(N) < 0.4
                total = inside[members].sum()
                bands.append(Band(name, members, total * rng.uniform(0.5, 1), total * rng.uniform(1, 1.3)))
        budget = inside.sum()
        b = rng.normal(0, 5e-3) if kind == "hurdle" else 0.0
        symbols = tuple(f"A{i}" for i in range(N))
        return Problem(R, Constraints(symbols, budget, lower, upper, tuple(bands)), b)

    return make


@pytest.fixture(scope="session")
def etf_returns() -> pd.DataFrame:
    """Daily total returns of twelve ETFs over the asset classes, 2005-2024."""
    path = SHARED / "etf_daily.parquet"
    if not path.exists():
        pytest.skip("the shared ETF prices are not at hand")
    bars = pd.read_parquet(path, columns=["symbol", "date", "adj_close"])
    closes = bars[bars.symbol.isin(TWELVE)].set_index(["date", "symbol"]).adj_close.unstack().dropna()  # noqa: PD010 - keys are unique
    return closes.pct_change().dropna()
