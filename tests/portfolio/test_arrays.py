from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from portfolio.arrays import checked_returns, checked_vector
from schemas.errors import DataError


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_return_that_is_no_number_is_named_by_asset_and_row(bad):
    R = np.zeros((4, 2))
    R[2, 1] = bad
    with pytest.raises(DataError, match="TLT in row 2") as caught:
        checked_returns(R, ["SPY", "TLT"])
    assert caught.value.figures["faulty cells"] == "1"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_where_dates_are_known_it_is_named_by_asset_and_date(bad):
    R = np.zeros((3, 2))
    R[1, 0] = bad
    days = [dt.date(2015, 6, day) for day in (1, 2, 3)]
    with pytest.raises(DataError, match="SPY on 2015-06-02 is not a finite"):
        checked_returns(R, ["SPY", "TLT"], days)


@pytest.mark.parametrize("days", [[], [dt.date(2015, 6, 1)], [dt.date(2015, 6, 1)] * 4])
def test_rows_and_dates_that_do_not_match_are_refused(days):
    with pytest.raises(DataError, match="do not match") as caught:
        checked_returns(np.zeros((3, 2)), ["SPY", "TLT"], days)
    assert caught.value.figures["rows"] == "3"
    assert caught.value.figures["sessions"].startswith(str(len(days)) if days else "none")
    assert caught.value.figures["assets"] == "SPY, TLT"


@pytest.mark.parametrize("shape", [(0, 2), (4, 0), (4,), (4, 3), (4, 2, 1)])
def test_empty_or_misaligned_returns_are_refused(shape):
    with pytest.raises(DataError, match="matrix"):
        checked_returns(np.zeros(shape), ["SPY", "TLT"], ["a day"])


def test_vectors_are_read_only_copies():
    given = np.array([0.1, 0.2])
    vector = checked_vector(given, ["SPY", "TLT"], "Weight")
    given[0] = 9.0
    assert vector[0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1.0


def test_a_faulty_vector_is_named():
    with pytest.raises(DataError, match="Weight of TLT"):
        checked_vector([0.1, np.nan], ["SPY", "TLT"], "Weight")
    with pytest.raises(DataError, match="one number for each asset"):
        checked_vector([0.1], ["SPY", "TLT"], "Weight")
