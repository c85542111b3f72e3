"""What cash earns follows the rate that was known, by calendar days."""

import numpy as np
import pytest

from portfolio.cash import cash_yields

DAYS = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], dtype="datetime64[D]")


def test_a_rate_counts_from_its_day_on_and_over_weekends():
    yields = cash_yields(DAYS, DAYS[[0, 2]], np.array([0.0365, 0.073]))

    assert yields.tolist() == pytest.approx([0.0, 1e-4, 3e-4, 2e-4])


def test_before_the_first_rate_cash_earns_nothing():
    assert cash_yields(DAYS, DAYS[2:3], np.array([0.0365])).tolist() == pytest.approx([0, 0, 0, 1e-4])
