from __future__ import annotations

import pytest

from config import load_settings
from schemas.baseline_parameters import FixedWeightsParameters
from schemas.errors import ConfigError
from strategies.fixed_weights import FixedWeights


def test_weights_are_held_in_their_proportions_beside_the_buffer(window):
    sixty_forty = FixedWeightsParameters(weights={"SPY": 60, "TLT": 40}, cash_buffer=0.05)
    weights = FixedWeights(sixty_forty).decide(window()).weights

    assert weights.tolist() == pytest.approx([0.57, 0.38, 0.0, 0.0, 0.0])


def test_an_asset_that_is_not_there_is_named(window):
    with pytest.raises(ConfigError, match="AGG has a weight and is not among the assets"):
        FixedWeights(FixedWeightsParameters(weights={"SPY": 0.6, "AGG": 0.4})).decide(window())


@pytest.mark.parametrize("universe", ["bundled", "diversified"])
def test_the_default_weights_fit_the_universes_that_are_used_by_default(universe):
    assert FixedWeightsParameters().weights.keys() <= set(load_settings().universes[universe].symbols)


@pytest.mark.parametrize("nothing", [{}, {"SPY": 0.0}])
def test_weights_that_invest_nothing_are_refused(nothing):
    with pytest.raises(ValueError, match="more than zero"):
        FixedWeightsParameters(weights=nothing)
