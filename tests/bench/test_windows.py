from __future__ import annotations

import numpy as np
from scipy.stats import kurtosis

from bench.windows import Shape, is_real, real_returns, synthetic_returns, weekly_windows, windows


def nobody(R):
    return np.zeros(R.shape[1])


def test_the_weekly_history_has_1612_weeks():
    weeks = weekly_windows(252)
    assert len(weeks) == 1612
    np.testing.assert_array_equal(weeks[1].returns[:-5], weeks[0].returns[5:])


def test_no_two_windows_are_the_same_real_or_synthetic():
    for shape in (Shape(10, 252), Shape(30, 252)):
        drawn = windows(shape, 20, nobody)
        assert {window.returns.shape for window in drawn} == {(252, shape.N)}
        assert len({window.returns.tobytes() for window in drawn}) == 20


def test_held_weights_were_decided_five_sessions_before():
    decided = []

    def note(R):
        decided.append(R)
        return np.zeros(R.shape[1])

    for window, before in zip(windows(Shape(4, 60), 3, note), decided, strict=True):
        np.testing.assert_array_equal(before[5:], window.returns[:-5])


def test_real_returns_where_there_are_enough():
    assert is_real(Shape(20, 5000))
    assert not is_real(Shape(21, 252))
    assert real_returns().shape == (8312, 20)


def test_synthetic_returns_repeat_and_look_like_equities():
    R = synthetic_returns(5000, 40)
    np.testing.assert_array_equal(R, synthetic_returns(5000, 40))
    volatility = R.std(axis=0) * np.sqrt(252)
    assert 0.15 < np.median(volatility) < 0.6
    assert np.median(kurtosis(R)) > 2  # tails heavier than normal
    assert 0.1 < np.median(np.corrcoef(R.T)[np.triu_indices(40, 1)]) < 0.6
    # big days come together: squared market returns are correlated over a week
    market = R.mean(axis=1) ** 2
    assert np.corrcoef(market[5:], market[:-5])[0, 1] > 0.03
