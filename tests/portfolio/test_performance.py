from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.performance import cumulative_returns, drawdowns, period_returns
from schemas.errors import DataError

# An account that keeps a ten-thousandth of its money; below that 1 + r itself has few digits left.
EQUITY = st.lists(st.floats(1e3, 1e7), min_size=1, max_size=30)


def test_by_hand():
    equity = [100.0, 120.0, 90.0, 126.0]
    np.testing.assert_allclose(period_returns(equity), [0.2, -0.25, 0.4])
    np.testing.assert_allclose(cumulative_returns(equity), [0.0, 0.2, -0.1, 0.26])
    np.testing.assert_allclose(drawdowns(equity), [0.0, 0.0, -0.25, 0.0])


def test_a_single_value_has_no_period():
    assert period_returns([100.0]).size == 0
    assert cumulative_returns([100.0]).tolist() == [0.0]
    assert drawdowns([100.0]).tolist() == [0.0]


@given(EQUITY)
def test_periods_compound_to_the_cumulative_return(equity):
    compounded = np.prod(1 + period_returns(equity)) - 1
    assert compounded == pytest.approx(cumulative_returns(equity)[-1], rel=1e-9, abs=1e-9)


@given(EQUITY)
def test_drawdown_is_never_positive_and_zero_at_a_new_high(equity):
    depths = drawdowns(equity)
    assert np.all(depths <= 0)
    assert depths[int(np.argmax(equity))] == 0


@pytest.mark.parametrize("equity", [[], [100.0, 0.0], [100.0, -5.0], [np.nan], [[1.0]]])
def test_equity_must_be_positive_amounts(equity):
    with pytest.raises(DataError, match="positive amounts"):
        drawdowns(equity)
