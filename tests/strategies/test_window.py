from __future__ import annotations

import numpy as np
import pytest

from schemas.errors import DataError


def test_the_tail_is_the_newest_part(window):
    whole = window(T=60, current_weights=np.full(5, 0.1), previous_sleeve=frozenset({"GLD"}))
    tail = whole.tail(20)
    assert tail.sessions == whole.sessions[-20:]
    np.testing.assert_array_equal(tail.returns, whole.returns[-20:])
    assert tail.previous_sleeve == {"GLD"}
    np.testing.assert_array_equal(tail.current_weights, whole.current_weights)


def test_a_window_that_is_too_short_says_so(window):
    with pytest.raises(DataError, match="too little history") as caught:
        window(T=60).tail(61)
    assert caught.value.figures == {
        "sessions": "60",
        "lookback": "61",
        "first session": "2015-01-01",
        "assets": "5 (SPY, TLT, GLD, LQD, VXZ)",
    }


@pytest.mark.parametrize(
    ("faulty", "text"),
    [
        ({"returns": np.zeros((252, 4))}, "matrix"),
        ({"returns": np.full((252, 5), np.nan)}, "SPY on 2015-01-01"),
        ({"returns": np.zeros((0, 5)), "sessions": ()}, "matrix"),
        ({"sessions": ()}, "do not match"),
        ({"current_weights": np.zeros(4)}, "Held weight"),
        ({"current_weights": np.array([0, 0, np.inf, 0, 0])}, "Held weight of GLD"),
    ],
)
def test_misaligned_windows_are_refused(window, faulty, text):
    with pytest.raises(DataError, match=text):
        window(**faulty)
