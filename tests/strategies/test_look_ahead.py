"""What knows the future is caught, and nothing else."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from portfolio.schedule import rebalance_schedule
from schemas.forms import Parameters
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Rules
from strategies.base import BaseStrategy
from strategies.history import DecisionWindows, in_proportion
from strategies.look_ahead import find_look_ahead
from strategies.registry import create, registered
from strategies.unconstrained import unconstrained
from tests.price_histories import come_and_go, history_of

LOOKBACK = 20
OWN = {"benchmark": {"symbol": "D"}, "fixed_weights": {"weights": {"D": 0.6, "E": 0.3}}}
"""Parameters of strategies that name assets: those that are always listed."""


class LeakyParameters(Parameters):
    name: Literal["leaky"] = "leaky"
    lookback: int = LOOKBACK
    knows: Literal["nothing", "tomorrow", "the whole sample", "who survives"] = "nothing"


class Leaky(BaseStrategy[LeakyParameters]):
    """Inverse volatility, with a quick way over a history that can help itself to the future."""

    parameters_type = LeakyParameters

    def target_weights(self, window):
        return unconstrained(window, 1.0 / window.returns.std(axis=0), 1.0)

    def target_history(self, history, decided, holdings):
        windows = DecisionWindows(history, decided, self.lookback)
        R, knows = history.returns, self.parameters.knows
        shift = 1 if knows == "tomorrow" else 0
        scores = np.array(
            [1.0 / R[row + 1 + shift - LOOKBACK : row + 1 + shift].std(axis=0) for row in decided]
        )
        if knows == "the whole sample":
            scores = scores / np.nanstd(R, axis=0)
        if knows == "who survives":
            scores = scores * history.listed[-1]
        return in_proportion(windows, np.where(windows.usable, scores, 0.0), 1.0)


def weekly(history):
    return rebalance_schedule(history.sessions, Rules(), first=60).decided[::4]


@pytest.mark.parametrize("knows", ["tomorrow", "the whole sample", "who survives"])
def test_a_strategy_that_knows_the_future_is_caught_at_every_decision(knows):
    history = history_of(1, T=200)
    found = list(find_look_ahead(Leaky(LeakyParameters(knows=knows)), history, weekly(history)))
    assert all(found)
    change = "half of the assets vanish" if knows == "who survives" else "every price crashes"
    leak = next(leak for leak in found[0] if leak.change == change)
    assert leak.decided == history.sessions[weekly(history)[0]].item()
    assert leak.moved > 0 or np.isnan(leak.moved)


def test_one_that_does_not_is_not():
    history = history_of(1, T=200, listed=come_and_go(1, T=200))
    assert not any(find_look_ahead(Leaky(LeakyParameters()), history, weekly(history)))


@pytest.mark.parametrize("name", registered())
def test_no_registered_strategy_looks_ahead(name):
    history = history_of(2, T=160, listed=come_and_go(2, T=160))
    parameters = registered()[name].parameters_type(lookback=LOOKBACK, **OWN.get(name, {}))
    assert not any(find_look_ahead(create(parameters), history, weekly(history)))


def test_nor_does_one_that_depends_on_what_it_holds():
    parameters = RiskParityParameters(lookback=LOOKBACK, turnover_limit=0.2, on_infeasible="keep_current")
    history = history_of(3, T=160)
    assert not any(find_look_ahead(create(parameters), history, weekly(history)))
