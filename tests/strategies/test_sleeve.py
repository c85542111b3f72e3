from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from strategies.base import Window
from strategies.sleeve import falling_assets


def test_an_asset_enters_below_the_dead_zone_and_leaves_above_it(window):
    """Means in standard errors, hysteresis 0.5."""
    drift = (-0.6, -0.4, 0.0, 0.4, 0.6)
    newcomers = falling_assets(window(drift), 0.5)
    assert newcomers.tolist() == [True, False, False, False, False]
    everyone = frozenset({"SPY", "TLT", "GLD", "LQD", "VXZ"})
    members = falling_assets(window(drift, previous_sleeve=everyone), 0.5)
    assert members.tolist() == [True, True, True, True, False]


def test_without_hysteresis_the_sign_decides(window):
    assert falling_assets(window((-0.1, 0.1)), 0.0).tolist() == [True, False]
    before = frozenset({"SPY", "TLT"})
    assert falling_assets(window((-0.1, 0.1), previous_sleeve=before), 0.0).tolist() == [True, False]


def test_an_asset_that_does_not_move_is_not_falling(window):
    still = window(returns=np.zeros((252, 5)))
    assert not falling_assets(still, 0.1).any()


def test_a_mean_that_flickers_around_zero_changes_nothing(window):
    for before in (frozenset(), frozenset({"SPY"})):
        for mean in (-0.09, 0.09):
            now = falling_assets(window((mean, 1.0), previous_sleeve=before), 0.1)
            assert now.tolist() == ["SPY" in before, False]


@given(st.floats(-3, 3), st.floats(0, 2), st.booleans())
def test_membership_changes_only_by_crossing_the_zone(drift, hysteresis, was_member):
    noise = np.random.default_rng(0).standard_normal(100)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    before = frozenset({"SPY"}) if was_member else frozenset()
    sessions = tuple(dt.date(2015, 1, 1) + dt.timedelta(days=day) for day in range(100))
    seen = Window(("SPY",), sessions, 0.01 * (noise + drift / 10)[:, None], np.zeros(1), before)
    is_member = bool(falling_assets(seen, hysteresis)[0])
    if drift < -hysteresis - 1e-9:
        assert is_member
    elif drift > hysteresis + 1e-9:
        assert not is_member
    elif abs(drift) < hysteresis - 1e-9:
        assert is_member == was_member
