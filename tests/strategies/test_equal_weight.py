from __future__ import annotations

import numpy as np

from schemas.baseline_parameters import EqualWeightParameters
from strategies.equal_weight import EqualWeight


def test_every_asset_gets_the_same_share_of_what_is_not_cash(window):
    allocation = EqualWeight(EqualWeightParameters(cash_buffer=0.02)).decide(window())
    np.testing.assert_allclose(allocation.weights, np.full(5, 0.98 / 5))
    assert allocation.certificate is None
    assert allocation.sleeve == frozenset()
