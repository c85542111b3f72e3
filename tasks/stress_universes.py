"""The strategy on assets that nobody has traded: with a known answer, and many of them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.synthetic import (
    Structure,
    blocks,
    equicorrelated,
    mirrored_sample,
    one_factor,
    random_universe,
    volatility_of,
)
from schemas.artifacts import ArtifactRef
from schemas.identity import StressTest
from schemas.metrics import SESSIONS_A_YEAR
from schemas.stress_parameters import StressParameters
from strategies.base import BaseStrategy
from strategies.registry import create
from strategies.stressed import answer
from strategies.window import Window
from tasks.backtest_lineup import with_hedges
from warehouse import Warehouse

ASSETS = 12
"""Of universes with a known answer; so many that equal weights are within the usual caps."""
DAILY = 0.01
"""Volatility of each of their assets, fraction a day."""
ATTEMPTS = 3
"""Of each decision, to time it: the quickest is disturbed least."""
HELD = 1e-6
"""Weights below this are not counted as held (fraction of equity)."""


class _Universe(NamedTuple):
    name: str
    returns: FloatArray
    structure: Structure | None


def write_universes(
    store: Warehouse,
    test: StressTest,
    parameters: StressParameters,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[ArtifactRef, str]:
    """Let the strategy decide on each synthetic universe and write ``stress_universes``.

    Returns:
        The artifact, and why there are no universes with a known answer; empty when there are.
    """
    strategy = create(with_hedges(parameters.strategy, ()))
    rows = []
    for universe in _universes(strategy.lookback, parameters):
        told(universe.name)
        rows.append(_row(strategy, universe))
    enough = strategy.lookback >= 2 * ASSETS
    short = (
        f"A lookback of {strategy.lookback} sessions is too short for {ASSETS} assets with a known answer."
    )
    return store.put(test, "stress_universes", rows), "" if enough else short


def _universes(lookback: int, parameters: StressParameters) -> Iterator[_Universe]:
    structures = [equicorrelated(ASSETS, rho, DAILY) for rho in parameters.correlations]
    structures += [
        blocks(ASSETS, 3, 0.8, 0.1, DAILY),
        one_factor(np.linspace(0.3, 1.8, ASSETS), DAILY, np.full(ASSETS, DAILY)),
    ]
    for structure in structures if lookback >= 2 * ASSETS else ():
        name = f"{structure.name}, {ASSETS} assets"
        yield _Universe(name, mirrored_sample(structure.covariance, lookback, parameters.seed), structure)
    for assets in parameters.universes:
        returns = random_universe(assets, lookback, parameters.seed)
        yield _Universe(f"random, {assets} assets", returns, None)


def _row(strategy: BaseStrategy[Any], universe: _Universe) -> dict[str, object]:
    N = universe.returns.shape[1]
    symbols = tuple(f"X{i:04d}" for i in range(N))
    days = [dt.date(2000, 1, 1) + dt.timedelta(days=t) for t in range(len(universe.returns))]
    window = Window(symbols, tuple(days), universe.returns, np.zeros(N))
    spent = []
    for _ in range(ATTEMPTS):
        since = time.perf_counter()
        said = answer(strategy, window, symbols)
        spent.append(time.perf_counter() - since)
    weights = np.nan_to_num(said.target)
    return {
        "universe": universe.name,
        "assets": N,
        "outcome": said.outcome,
        "held": int((weights > HELD).sum()),
        "invested": float(weights.sum()),
        **_beside(universe, weights),
        "limits": len(said.limits),
        "gap": None if np.isnan(said.gap) else said.gap,
        "milliseconds": 1e3 * min(spent),
        "dearest": said.dearest,
        "said": "" if said.outcome == "decided" else said.said,
    }


def _beside(universe: _Universe, weights: FloatArray) -> dict[str, object]:
    """Volatility of the weights, and how far they are from the closed form for as much invested."""
    invested, structure, year = weights.sum(), universe.structure, np.sqrt(SESSIONS_A_YEAR)
    if invested == 0.0:
        return {"volatility": None, "least": None, "apart": None}
    if structure is None:
        path = universe.returns @ weights
        return {"volatility": float(path.std(ddof=1) * year), "least": None, "apart": None}
    return {
        "volatility": float(year * volatility_of(weights, structure.covariance)),
        "least": float(year * invested * structure.least_volatility),
        "apart": float(np.abs(weights - invested * structure.least).max()),
    }
