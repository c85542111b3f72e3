from __future__ import annotations

import numpy as np
import pytest

from schemas.baseline_parameters import InverseVolatilityParameters
from schemas.errors import DataError
from strategies.inverse_volatility import InverseVolatility


def test_twice_the_volatility_gets_half_the_weight(window):
    calm = window((1.0, 1.0))
    seen = window((1.0, 1.0), returns=calm.returns[:, [0, 0]] * [1.0, 2.0])
    weights = InverseVolatility(InverseVolatilityParameters(cash_buffer=0.01)).decide(seen).weights
    np.testing.assert_allclose(weights, [0.66, 0.33])


def test_only_the_lookback_counts(window):
    wild_past = window(T=252)
    R = wild_past.returns.copy()
    R[:-63, 0] *= 50
    strategy = InverseVolatility(InverseVolatilityParameters(lookback=63))
    np.testing.assert_array_equal(
        strategy.decide(window(T=252, returns=R)).weights, strategy.decide(wild_past).weights
    )


@pytest.mark.parametrize("constant", [0.0, 1e-4])
def test_an_asset_that_does_not_move_is_named(window, constant):
    R = window().returns.copy()
    R[:, 2] = constant
    with pytest.raises(DataError, match="GLD did not move"):
        InverseVolatility(InverseVolatilityParameters()).decide(window(returns=R))
