from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import Band, Constraints, box
from schemas.errors import DataError, InfeasibleError

SYMBOLS = ("SPY", "TLT", "VXZ")
HEDGES = Band("negative sleeve", np.array([False, False, True]), 0.1, 0.3)


def test_every_row_has_a_name_for_reports():
    constraints = Constraints(
        SYMBOLS,
        0.99,
        np.zeros(3),
        np.full(3, 0.5),
        (HEDGES,),
        ("max_weight", "max_weight", "sleeve_max_weight"),
    )
    assert constraints.low_names == (
        "min_weight SPY", "min_weight TLT", "min_weight VXZ", "negative sleeve min",
    )  # fmt: skip
    assert constraints.high_names == (
        "max_weight SPY", "max_weight TLT", "sleeve_max_weight VXZ", "negative sleeve max",
    )  # fmt: skip


def test_violation_is_the_largest_miss_of_any_row():
    constraints = box(SYMBOLS, 1.0, lower=0.1, upper=0.5, bands=[HEDGES])
    assert constraints.violation(np.array([0.4, 0.4, 0.2])) == pytest.approx(0, abs=1e-15)
    assert constraints.violation(np.array([0.6, 0.2, 0.2])) == pytest.approx(0.1)  # upper bound
    assert constraints.violation(np.array([0.45, 0.03, 0.52])) == pytest.approx(0.22)  # band
    assert constraints.violation(np.array([0.4, 0.3, 0.2])) == pytest.approx(0.1)  # budget


def test_bounds_cannot_be_changed_behind_the_back():
    upper = np.full(3, 0.5)
    constraints = box(SYMBOLS, upper=upper)
    upper[0] = 0.0
    assert constraints.upper[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        constraints.upper[0] = 0.1


def test_crossed_bounds_name_both_rows_and_the_amount():
    with pytest.raises(InfeasibleError, match="'min_weight TLT' is above 'max_weight TLT'") as caught:
        box(SYMBOLS, lower=[0, 0.3, 0], upper=0.2)
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.1)
    with pytest.raises(InfeasibleError, match="'negative sleeve min' is above 'negative sleeve max'"):
        box(SYMBOLS, bands=[Band("negative sleeve", HEDGES.members, 0.4, 0.3)])


@pytest.mark.parametrize(
    ("faulty", "text"),
    [
        ({"symbols": ()}, "no assets"),
        ({"lower": np.array([0, np.nan, 0])}, "Lower bound of TLT"),
        ({"upper": np.array([1, 1, np.inf])}, "Upper bound of VXZ"),
        ({"upper": np.ones(2)}, "one number for each asset"),
        ({"budget": np.nan}, "budget"),
        ({"budget": -0.1}, "budget"),
        ({"bands": (Band("equities", np.array([True]), 0, 1),)}, "Band equities"),
        ({"bands": (Band("equities", np.array([True, False, True]), 0, np.nan),)}, "Band equities"),
        ({"upper_rules": ("max_weight",)}, "named one by one"),
    ],
)
def test_nonsense_is_refused_up_front(faulty, text):
    good = {"symbols": SYMBOLS, "budget": 1.0, "lower": np.zeros(3), "upper": np.ones(3)}
    with pytest.raises(DataError, match=text):
        Constraints(**{**good, **faulty})
