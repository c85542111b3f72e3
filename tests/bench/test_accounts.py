"""Every adapter simulates the same account: without costs all of them end with the same equity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.backtest import _distance
from bench.peers.accounts import ACCOUNTS, OURS, Task
from bench.windows import synthetic_returns
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule


@pytest.fixture(scope="module")
def task():
    returns = synthetic_returns(120, 4)
    close = 100.0 * np.cumprod(np.vstack([np.ones((1, 4)), 1.0 + returns]), axis=0)
    sessions = pd.bdate_range("2020-01-02", periods=len(close)).to_numpy()
    decided = np.arange(20, 115, 5)
    weights = np.random.default_rng(1).dirichlet(np.ones(4), len(decided))
    return Task(
        PriceHistory(("A", "B", "C", "D"), sessions, close), Schedule(decided, decided + 1), weights, 0.0
    )


def equity(name, task):
    try:
        return ACCOUNTS[name](task)()
    except ImportError as error:
        pytest.skip(f"{error.name} is in the extra `bench`")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ACCOUNTS)
def test_all_live_the_same_days(name, task):
    ours, theirs = equity(OURS, task), equity(name, task)
    assert _distance(theirs, ours) < 1e-9
    other = replace(task, weights=np.roll(task.weights, 1, axis=1))
    assert _distance(theirs, equity(OURS, other)) > 1e-3


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["vectorbt", "bt"])
@pytest.mark.filterwarnings("ignore")
def test_costs_are_charged_by_everybody_alike_but_for_conventions(name, task):
    dear = replace(task, bps=10.0)
    free = equity(OURS, task)[-1]
    ours, theirs = equity(OURS, dear)[-1] / free - 1, equity(name, dear)[-1] / free - 1
    assert ours < -1e-3
    assert theirs == pytest.approx(ours, rel=0.1)
