"""Random price histories, schedules and weights for whatever is simulated."""

from __future__ import annotations

import numpy as np

from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule


def history_of(seed, T=300, N=5, *, listed=None, **fields):
    """Heavy-tailed prices from December 2019 on; ``listed`` (T, N) says where there are any."""
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_t(4, (T, 1))
    close = 50.0 * np.exp(
        np.cumsum(market + 0.01 * rng.standard_t(4, (T, N)) * np.linspace(0.5, 2.0, N), axis=0)
    )
    opens = close * np.exp(0.005 * rng.standard_normal((T, N)))
    days = np.arange("2019-12-02", "2040-01-01", dtype="datetime64[D]")
    sessions = days[np.is_busday(days)][:T]
    if listed is not None:
        close, opens = (np.where(listed, prices, np.nan) for prices in (close, opens))
    return PriceHistory(tuple("ABCDEFGHIJKLMNOPQRST"[:N]), sessions, close, **({"open": opens} | fields))


def come_and_go(seed, T=300, N=5):
    """(T, N) an asset that comes late, one that goes, one that goes and comes back; the others stay."""
    listed = np.ones((T, N), dtype=bool)
    rng = np.random.default_rng(seed)
    first, last, gap = rng.integers(T // 5, 4 * T // 5, 3)
    listed[:first, 0] = False
    listed[last:, 1] = False
    listed[gap : gap + 30, 2] = False
    return listed


def irregular(seed, T=300):
    """Decisions from one to twenty sessions apart, traded in the session after."""
    rows = np.cumsum(np.random.default_rng(seed).integers(1, 20, T))
    decided = rows[rows < T - 1]
    return Schedule(decided, decided + 1)


def random_weights(seed, history, schedule):
    """Some of the equity in some of the assets that are listed."""
    listed = history.listed[schedule.decided]
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(listed.shape[1]), len(listed)) * rng.uniform(0.3, 1.0, (len(listed), 1))
    return np.where((weights < 0.1) | ~listed, 0.0, weights)
