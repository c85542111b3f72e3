from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from reports.format import (
    MISSING,
    bps,
    money,
    new_york,
    percent,
    quantity,
    scientific,
    signed_percent,
    signed_pp,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (money(100412.07), "$100,412.07"),
        (money(Decimal("0.005")), "$0.00"),
        (money(-5), "-$5.00"),
        (money(1234567.8, 0), "$1,234,568"),
        (percent(0.35), "35.0%"),
        (percent(Decimal("0.1234"), 2), "12.34%"),
        (percent(-0.021), "-2.1%"),
        (signed_percent(0.005), "+0.5%"),
        (signed_pp(0.039), "+3.9pp"),
        (signed_pp(-0.018), "-1.8pp"),
        (bps(1), "+1.0 bp"),
        (bps(np.float64(-0.64)), "-0.6 bp"),
        (quantity(Decimal("51.200000000")), "51.2"),
        (quantity(Decimal(1500)), "1,500"),
        (quantity(100), "100"),
        (scientific(2.13e-9), "2e-09"),
        (scientific(0.0), "0"),
    ],
)
def test_each_kind_of_number_has_one_spelling(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    "write", [money, percent, signed_percent, signed_pp, bps, quantity, scientific, new_york]
)
@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, Decimal("NaN"), pd.NaT])
def test_what_is_missing_is_a_dash_and_never_nan(write, value) -> None:
    assert write(value) == MISSING


@pytest.mark.parametrize("write", [money, percent, signed_percent, signed_pp, bps, quantity])
def test_what_rounds_to_zero_has_no_sign(write) -> None:
    assert write(-1e-12) == write(0.0) == write(1e-12)
    assert not set("+-") & set(write(-1e-12))


def test_instants_are_shown_on_the_exchange_clock_in_summer_and_winter() -> None:
    assert new_york(dt.datetime(2015, 6, 1, 14, 0)) == "Mon 2015-06-01 10:00 New York"
    assert new_york(dt.datetime(2015, 1, 5, 15, 0)) == "Mon 2015-01-05 10:00 New York"
