from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pytest

from schemas.baseline_parameters import EqualWeightParameters
from schemas.errors import ConfigError
from schemas.forms import Parameters
from schemas.parameters import StrategyParameters
from strategies import registry
from strategies.base import BaseStrategy
from strategies.equal_weight import EqualWeight
from strategies.unconstrained import unconstrained


class MomentumParameters(Parameters):
    name: Literal["momentum"] = "momentum"
    lookback: int = 20


class Momentum(BaseStrategy[MomentumParameters]):
    parameters_type = MomentumParameters

    def target_weights(self, window):
        return unconstrained(window, np.exp(window.returns.sum(axis=0)), 1.0)


@pytest.fixture
def momentum(monkeypatch):
    """A fourth strategy, known for the length of one test."""
    monkeypatch.setattr(registry, "_STRATEGIES", dict(registry.registered()))
    return registry.register(Momentum)


def test_every_parameter_set_of_the_form_has_its_strategy():
    union = get_args(get_args(StrategyParameters)[0])
    known = registry.registered()
    assert {model.model_fields["name"].default: model for model in union} == {
        name: strategy.parameters_type for name, strategy in known.items()
    }


def test_a_fourth_strategy_needs_its_module_and_its_parameters(momentum, window):
    strategy = registry.create(MomentumParameters(lookback=40))
    assert type(strategy) is momentum
    assert strategy.decide(window(T=60)).weights.sum() == pytest.approx(1)


def test_the_journal_is_handed_on(journal):
    assert registry.create(EqualWeightParameters(), journal).journal is journal


def test_an_unknown_name_gets_the_nearest_match():
    with pytest.raises(ConfigError, match="Did you mean 'risk_parity'") as caught:
        registry.strategy_class("riskparity")
    assert "equal_weight" in caught.value.figures["known"]
    with pytest.raises(ConfigError, match="Choose a known one"):
        registry.strategy_class("zzz")


def test_a_name_is_given_once(momentum):
    class Impostor(Momentum):
        pass

    assert registry.register(Momentum) is Momentum
    with pytest.raises(ConfigError, match="Two strategies are called 'momentum'"):
        registry.register(Impostor)


def test_the_listing_cannot_be_changed():
    with pytest.raises(TypeError):
        registry.registered()["mine"] = EqualWeight
