"""Synthetic markets built like real ones, and the ways in which data vendors spoil them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portfolio.cleaning.panel import FIELDS, PRICES, Panel, align
from schemas.parameters import CleaningParameters

SYMBOLS = ("SPY", "EFA", "TLT", "GLD", "DBC")
VOLATILITY = np.array([0.010, 0.011, 0.008, 0.009, 0.012])
LOADING = np.array([0.9, 0.85, -0.3, 0.1, 0.3])

Market = Callable[..., Panel]
Spoil = Callable[..., Panel]


@pytest.fixture(scope="session")
def params() -> CleaningParameters:
    return CleaningParameters()


@pytest.fixture(scope="session")
def market() -> Market:
    return build_market


@pytest.fixture(scope="session")
def spoil() -> Spoil:
    return multiply


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data beside the checkout (../shared/data) are absent")
    return folder


def build_market(seed: int = 7, sessions: int = 160, assets: int = 5) -> Panel:
    """Fat-tailed daily moves with a common factor; a third of each day's variance happens overnight.

    Tails end at eight standard deviations: beyond, real moves bring turmoil, which is not simulated here.
    """
    rng = np.random.default_rng(seed)
    fat = lambda *shape: np.clip(rng.standard_t(5, shape) / np.sqrt(5 / 3), -8, 8)  # noqa: E731
    loading, volatility = LOADING[:assets], VOLATILITY[:assets]
    own = np.sqrt(1 - loading**2)
    # One step overnight, six during the session, as shares of the day's variance.
    weights = np.sqrt(np.array([1 / 3, *[1 / 9] * 6]))[:, None, None]
    steps = (loading * fat(7, sessions, 1) + own * fat(7, sessions, assets)) * volatility * weights
    close = 100 * np.exp(np.cumsum(steps.sum(axis=0), axis=0))
    start = np.vstack([np.full((1, assets), 100.0), close[:-1]])
    path = start * np.exp(np.cumsum(steps, axis=0))
    volume = 2e6 * np.exp(0.3 * rng.standard_normal((sessions, assets)))
    first = np.datetime64("2014-06-02")
    return Panel(
        SYMBOLS[:assets],
        np.busday_offset(first, np.arange(sessions)),
        *(matrix.round(4) for matrix in (path[0], path.max(axis=0), path.min(axis=0), close)),
        volume.round(),
    )


def multiply(panel: Panel, rows: int | slice, symbol: str, factor: float, *, fields=PRICES) -> Panel:
    """The panel with some fields of some bars of one symbol multiplied (NaN removes)."""
    matrices = {name: panel.field(name).copy() for name in fields}
    for matrix in matrices.values():
        matrix[rows, panel.symbols.index(symbol)] *= factor
    return replace(panel, **matrices)


def rows_of(panel: Panel) -> list[np.ndarray]:
    """The panel as rows of symbol, session and fields, the way a data vendor delivers it."""
    count = len(panel.symbols)
    return [
        np.tile(np.array(panel.symbols), len(panel.sessions)),
        np.repeat(panel.sessions, count),
        *(panel.field(name).ravel() for name in FIELDS),
    ]


@pytest.fixture(scope="session")
def delivered() -> Callable[[Panel], list[np.ndarray]]:
    return rows_of


@pytest.fixture(scope="session")
def read_bars() -> Callable[..., Panel]:
    """A panel of a data frame with columns symbol, date, open ... volume, on its own or given sessions."""

    def panel_of(frame, sessions=None):
        days = frame["date"].to_numpy().astype("datetime64[D]")
        columns = [frame[name].to_numpy(float) for name in FIELDS]
        on = days if sessions is None else sessions
        return align(frame["symbol"].to_numpy(str), days, *columns, on)

    return panel_of
