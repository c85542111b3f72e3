"""A window of returns, and a journal that keeps everything in lists."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from strategies.base import Window


class ListJournal:
    def __init__(self):
        self.states, self.statuses, self.performances, self.lines = [], [], [], []

    def record_state(self, strategy, state):
        self.states.append((strategy, state))

    def record_status(self, strategy, status):
        self.statuses.append((strategy, status))

    def record_performance(self, strategy, performance):
        self.performances.append((strategy, performance))

    def log(self, strategy, line):
        self.lines.append((strategy, line))


@pytest.fixture
def journal():
    return ListJournal()


@pytest.fixture
def window():
    """Makes a window of T sessions; ``drift`` is each asset's mean return in standard errors."""

    def make(drift=(2.0, 1.0, 0.5, 3.0, 1.5), T=252, seed=0, **fields) -> Window:
        rng = np.random.default_rng(seed)
        N = len(drift)
        noise = rng.standard_t(4, (T, 1)) * 0.5 + rng.standard_t(4, (T, N)) * np.linspace(0.5, 1.5, N)
        noise = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
        R = 0.01 * (noise + np.asarray(drift) / np.sqrt(T))
        sessions = tuple(dt.date(2015, 1, 1) + dt.timedelta(days=day) for day in range(T))
        given = {
            "symbols": ("SPY", "TLT", "GLD", "LQD", "VXZ", "RWM")[:N],
            "sessions": sessions,
            "returns": R,
            "current_weights": np.zeros(N),
        }
        return Window(**{**given, **fields})

    return make
