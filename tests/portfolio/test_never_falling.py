from __future__ import annotations

import numpy as np

from portfolio.never_falling import never_falling


def test_a_perfect_hedge_is_found_at_any_scale():
    up_down = np.array([0.01, -0.02, 0.03])
    for scale in (1.0, 1e-6):
        hedge = never_falling(scale * np.column_stack([up_down, -2 * up_down]))
        np.testing.assert_allclose(hedge, [2 / 3, 1 / 3])


def test_where_everything_falls_on_some_day_there_is_none():
    rng = np.random.default_rng(0)
    R = rng.normal(0, 0.01, (60, 5))
    R[7] = -0.001

    assert never_falling(R) is None
